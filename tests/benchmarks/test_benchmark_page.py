"""The page of the benchmarks is what its results say."""

from __future__ import annotations

from pathlib import Path

from benchmarks import page, record

MACHINE = {"processor": "P", "cores": 2, "memory_gib": 24, "system": "Linux x86_64"}


def row(engine: str, rows: int, cpu: float, **more: object) -> record.Row:
    return {
        "workload": "job", "size": f"{rows}", "rows": rows, "engine": engine, "seconds": 2 * cpu, "cpu_seconds": cpu,
        "peak_mb": 100.0, "limits": {"memory": "1GB", "threads": 2}, "machine": MACHINE, "commit": "abc",
        "versions": {"duckdb": "1.5.5"}, "busy": 0.0, "resumed": [], **more,
    }  # fmt: skip


def test_page_gives_medians_and_ratios(tmp_path: Path) -> None:
    results = tmp_path / "results.jsonl"
    for cpu in (1.0, 9.0, 2.0):
        record.append(results, row("bare", 1_000_000, cpu))
    record.append(results, row("landgauge", 1_000_000, 3.0, phases={"read": {"seconds": 9.0, "cpu_seconds": 2.5}}))
    record.append(results, row("landgauge", 1_000_000, 99.0, resumed=["2020"]))
    page.write([results], tmp_path / "benchmarks.md")
    text = (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
    assert "| 1,000,000 | 1GB | bare | 3 | 4.00 | 2.00 | 1.00 (1.00) |  | 2.00 | 100 |" in text
    assert "| 1,000,000 | 1GB | landgauge | 1 | 6.00 | 3.00 | 1.50 (1.50) |  | 3.00 | 100 |" in text
    assert "landgauge (CPU seconds): read 2.50" in text
    assert (tmp_path / "images" / "benchmark_job_cost.svg").read_text(encoding="utf-8").count("<polyline") == 2


def test_the_page_in_docs_is_that_of_the_committed_results(tmp_path: Path) -> None:
    page.write([record.COMMITTED], tmp_path / "benchmarks.md")
    assert (tmp_path / "benchmarks.md").read_text(encoding="utf-8") == page.PAGE.read_text(encoding="utf-8")
    for image in (tmp_path / "images").iterdir():
        assert image.read_text(encoding="utf-8") == (page.PAGE.parent / "images" / image.name).read_text(
            encoding="utf-8"
        )
