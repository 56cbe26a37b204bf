"""One engine's run of the job in a process of its own: `python -m benchmarks.job.step ENGINE … SOURCE FOLDER`."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

from benchmarks import measure
from benchmarks.sizes import Size

DUCK, PEERS = ("bare", "ruled", "landgauge"), ("polars", "pandas", "spark")


def main() -> None:
    """Do the job and report its figures; the results stand in FOLDER as Parquet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engine", choices=(*DUCK, *PEERS))
    for name in ("parcels", "enterprises", "years", "yearly_files"):
        parser.add_argument(name, type=int)
    parser.add_argument("source", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--memory", default="")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    size = Size(options.parcels, options.enterprises, options.years, bool(options.yearly_files))
    if options.engine in DUCK:
        duck = importlib.import_module("benchmarks.job.duck")
        figures = duck.run(options.engine, size, options.source, options.folder, options.memory, options.threads)
        figures["peak_mb"] = measure.peak_mb()
        duck.parquet(options.engine, options.folder)
    else:
        peer = importlib.import_module(f"benchmarks.job.by_{options.engine}")
        figures = peer.run(size, options.source, options.folder, options.threads)
        figures.setdefault("peak_mb", measure.peak_mb())
    measure.report(figures)


if __name__ == "__main__":
    main()
