"""Hand the tables of a year over to Spark, and take its marts back."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from landgauge.errors import DONE, LandgaugeError
from landgauge.settings import Settings, year_end
from warehouse import lock
from warehouse.spark.handover import hand_over, take_back
from warehouse.transform import LAYERS


def main(arguments: list[str] | None = None) -> int:
    """Go one of the two ways and show the rows of each table; return the exit code of the error otherwise."""
    parser = argparse.ArgumentParser(prog="python -m warehouse.spark", description=__doc__)
    parser.add_argument("way", choices=("hand-over", "take-back"))
    parser.add_argument("address", help="file:///… or s3://…: where the Parquet files stand")
    parser.add_argument("--warehouse", type=Path, required=True)
    parser.add_argument("--year", type=int, required=True)
    parser.add_argument(
        "--through", choices=LAYERS, default=LAYERS[-1], help="hand-over: the last layer that Spark builds"
    )
    parser.add_argument("--memory-limit", default="")
    given = parser.parse_args(arguments)
    settings = Settings(
        warehouse=given.warehouse.resolve(),
        year=given.year,
        as_of=year_end(given.year),
        memory_limit=given.memory_limit,
    )
    try:
        with lock.writer(settings):
            if given.way == "hand-over":
                rows = hand_over(settings, given.address, given.through)
            else:
                rows = take_back(settings, given.address)
    except LandgaugeError as error:
        print(f"{error.message}\n{error.next_step}", file=sys.stderr)
        return error.exit_code
    for name, count in rows.items():
        print(f"{name}\t{count}")
    return DONE


if __name__ == "__main__":
    sys.exit(main())
