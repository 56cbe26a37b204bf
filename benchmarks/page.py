"""docs/benchmarks.md and its charts, written from the rows of results alone: the same rows give the same page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from benchmarks import drawing, record
from benchmarks.drawing import Curve
from benchmarks.record import Row

PAGE = record.ROOT / "docs" / "benchmarks.md"
_INTRO = (Path(__file__).parent / "page.md").read_text(encoding="utf-8")
_MICRO = 1e6
_BASELINES = ("bare", "ruled")
_LIMITED = (*_BASELINES, "landgauge")  # the engines that take a memory limit
_WORKLOADS = {"job": "The job: csv to graded parcels", "city": "The whole command on a generated city"}


def write(paths: Sequence[Path], page: Path = PAGE) -> None:
    """Write the page, and the charts below `images` beside it, from these files of results."""
    rows = [row for row in record.read(paths) if not row.get("resumed")]
    parts = [_INTRO.rstrip(), _machines(rows)]
    for workload, title in _WORKLOADS.items():
        own = [row for row in rows if row["workload"] == workload]
        if own:
            parts += [f"## {title}", _charts(workload, own, page), _table(own), _said(own), _phases(own)]
    parts.append(_others([row for row in rows if row["workload"] not in _WORKLOADS]))
    page.write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")


def _machines(rows: Iterable[Row]) -> str:
    found = {}
    for row in rows:
        m, v = row["machine"], row["versions"]
        machine = f"{m['cores']} cores ({m['processor']}), {m['memory_gib']} GiB, {m['system']}"
        found.setdefault(machine, {}).update(v)
    lines = [
        f"Measured on {machine}: " + ", ".join(f"{name} {version}" for name, version in sorted(versions.items())) + "."
        for machine, versions in found.items()
    ]
    lines.append(f"Commits: {', '.join(sorted({row['commit'] for row in rows}))}.")
    busy = [row["busy"] for row in rows if "busy" in row]
    if busy:
        lines.append(
            f"While a run began, {min(busy):g} to {max(busy):g} other processes wanted these cores (the middle run: "
            f"{median(busy):g}): where that is more than 0, CPU seconds tell more than seconds."
        )
    return "\n".join(lines)


def _groups(rows: Iterable[Row]) -> dict[tuple[int, str, str], dict[str, list[Row]]]:
    """The runs of each engine by (rows, size, memory limit), in this order."""
    found: dict[tuple[int, str, str], dict[str, list[Row]]] = {}
    for row in rows:
        key = (row["rows"], row["size"], row["limits"]["memory"] or "")
        found.setdefault(key, {}).setdefault(row["engine"], []).append(row)
    return dict(sorted(found.items()))


def _middle(rows: Iterable[Row], name: str) -> float:
    return median(row[name] for row in rows)


def _table(rows: Iterable[Row]) -> str:
    lines = [
        "| enterprise-years | limit | engine | runs | seconds | CPU seconds | to bare (CPU) | to ruled (CPU) "
        "| CPU µs a row | peak MB |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for (count, size, memory), engines in _groups(rows).items():
        for engine, runs in engines.items():
            wall, cpu = _middle(runs, "seconds"), _middle(runs, "cpu_seconds")
            ratios = [_ratio(runs, engines.get(name, ())) for name in _BASELINES]
            limit = memory if engine in _LIMITED else ""
            cells = (
                f"{count:,}{', by year' if size.endswith('_years') else ''}", limit, engine, str(len(runs)),
                f"{wall:.2f}", f"{cpu:.2f}", *ratios, f"{_MICRO * cpu / count:.2f}", f"{_middle(runs, 'peak_mb'):,.0f}",
            )  # fmt: skip
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _ratio(runs: Sequence[Row], baseline: Sequence[Row]) -> str:
    """Seconds to those of a baseline, and CPU seconds to its own; empty where it was not run."""
    if not baseline:
        return ""
    wall, cpu = (_middle(runs, name) / _middle(baseline, name) for name in ("seconds", "cpu_seconds"))
    return f"{wall:.2f} ({cpu:.2f})"


def _said(rows: Sequence[Row]) -> str:
    """The ratios of each size in words: to the bare script, and to the fastest of the others."""
    lines = []
    for (count, _, _), engines in _groups(rows).items():
        others = {name: runs for name, runs in engines.items() if name not in _LIMITED}
        if "landgauge" not in engines or not others:
            continue
        own, fastest = engines["landgauge"], min(others, key=lambda name: _middle(others[name], "cpu_seconds"))
        cpu, memory = (_middle(own, f) / _middle(others[fastest], f) for f in ("cpu_seconds", "peak_mb"))
        lines.append(
            f"- {count:,} enterprise-years: landgauge takes {cpu:.2f} times the CPU seconds and {memory:.2f} times the "
            f"memory of the fastest of the others, {fastest}."
        )
    return "\n".join(lines)


def _phases(rows: Sequence[Row]) -> str:
    """Where the time goes in the largest size that has phases: CPU seconds where they are known, else seconds."""
    told = [row for row in rows if row.get("phases")]
    if not told:
        return ""
    largest = max(row["rows"] for row in told)
    lines = [f"Where the time goes at {largest:,} enterprise-years (medians):", ""]
    for engine in dict.fromkeys(row["engine"] for row in told if row["rows"] == largest):
        own = [row["phases"] for row in told if row["rows"] == largest and row["engine"] == engine]
        kind = "cpu_seconds" if all("cpu_seconds" in one for p in own for one in p.values()) else "seconds"
        parts = ", ".join(f"{name} {median(p[name][kind] for p in own if name in p):.2f}" for name in own[0])
        lines.append(f"- {engine} ({'CPU seconds' if kind == 'cpu_seconds' else 'seconds'}): {parts}")
    return "\n".join(lines)


def _charts(workload: str, rows: Sequence[Row], page: Path) -> str:
    """Cost of a row and peak memory against the number of rows, by engine."""
    pictures = []
    for name, title, unit, figure in (
        ("cost", "CPU time of an enterprise-year", "µs", lambda runs, n: _MICRO * _middle(runs, "cpu_seconds") / n),
        ("memory", "Peak memory", "MB", lambda runs, n: _middle(runs, "peak_mb")),
    ):
        curves: dict[str, Curve] = {}
        for (count, _, _), engines in _groups(rows).items():
            for engine, runs in engines.items():
                curves.setdefault(engine, []).append((count, figure(runs, count)))
        image = page.parent / "images" / f"benchmark_{workload}_{name}.svg"
        image.parent.mkdir(parents=True, exist_ok=True)
        image.write_text(drawing.draw(title, "enterprise-years", unit, curves), encoding="utf-8")
        pictures.append(f"![{title} by engine](images/{image.name})")
    return " ".join(pictures)


def _others(rows: Sequence[Row]) -> str:
    """The single benchmarks: what each of their steps took."""
    if not rows:
        return ""
    lines = ["## Single parts", "", "| command | step | figures |", "|---|---|---|"]
    for row in rows:
        figures = ", ".join(f"{k} {v:.2f}" for k, v in row["figures"].items() if isinstance(v, float))
        lines.append(f"| `{' '.join((row['workload'], *row['arguments']))}` | {row['engine']} | {figures} |")
    return "\n".join(lines)
