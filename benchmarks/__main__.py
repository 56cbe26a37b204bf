"""The benchmarks by one command: workloads and sizes by name, each measured row appended to a file.

    python -m benchmarks job --size 5m --repeats 5 --memory 1GB
    python -m benchmarks job --size 20m --years --memory 2GB --engines bare ruled landgauge
    python -m benchmarks scoring rules
    python -m benchmarks page [RESULTS …]

The engines of a workload run in turn; with --years a city has a file for each year, and what a killed run has finished
of it stands when the command is called again. The other benchmarks have options of their own, which follow `--`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks import others, page, record
from benchmarks.job import workload as job
from benchmarks.plan import Plan
from benchmarks.sizes import SIZES
from benchmarks.whole import workload as city

WORKLOADS = {"job": job, "city": city}


def main(given: Sequence[str] | None = None) -> int:
    """Run what is asked for; returns the exit code."""
    arguments = list(sys.argv[1:] if given is None else given)
    if arguments[:1] == ["page"]:
        page.write([Path(name) for name in arguments[1:]] or [record.COMMITTED])
        return 0
    own, further = _split(arguments)
    options = _parser().parse_args(own)
    results = options.folder / "results.jsonl"
    for workload in options.workloads:
        if workload in others.MODULES:
            others.run(workload, further, results)
            continue
        for name in options.size:
            _measure(workload, _plan(name, options), results)
    return 0


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    at = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:at], arguments[at + 1 :]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workloads", nargs="+", choices=(*WORKLOADS, *others.MODULES), metavar="WORKLOAD")
    parser.add_argument("--size", nargs="+", choices=tuple(SIZES), default=["1m"])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--memory", default="", help="limit of the engines that take one, such as 2GB")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--years", action="store_true", help="a file for each year; finished years stand")
    parser.add_argument("--engines", nargs="+", default=[])
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks"))
    parser.add_argument("--peers", type=Path, default=Path("build/peers/bin/python"))
    return parser


def _plan(name: str, options: argparse.Namespace) -> Plan:
    size = SIZES[name]
    if options.years:
        size, name = replace(size, yearly_files=True), f"{name}_years"
    places = {"folder": options.folder.resolve(), "peers": options.peers.absolute()}
    engines = tuple(options.engines)
    return Plan(name, size, options.repeats, options.memory, options.threads, engines, **places)


def _measure(workload: str, plan: Plan, results: Path) -> None:
    """Run a workload and keep each row as soon as it is there."""
    shared = {
        "workload": workload, "size": plan.name, "rows": plan.size.rows, "parcels": plan.size.parcels,
        "years": plan.size.years, "limits": {"memory": plan.memory or None, "threads": plan.threads},
        "commit": record.commit(), "machine": record.machine(),
    }  # fmt: skip
    versions = {
        python: record.versions(python) for python in (sys.executable, str(plan.peers)) if Path(python).is_file()
    }
    print(f"{workload} {plan.name}: {plan.size.rows:,} enterprise-years, {plan.size.parcels:,} parcels", flush=True)
    busy = record.busy()
    for row in WORKLOADS[workload].run(plan):
        elsewhere = str(plan.peers) if row["engine"] in job.ELSEWHERE else sys.executable
        record.append(results, shared | row | {"busy": busy, "versions": versions[elsewhere]})
        shown = f"{row['seconds']:.1f} s, CPU {row['cpu_seconds']:.1f} s, peak {row['peak_mb']:.0f} MB"
        print(f"  {row['repeat']}/{plan.repeats} {row['engine']}: {shown}, {row['checksum']}", flush=True)
        busy = record.busy()


if __name__ == "__main__":
    sys.exit(main())
