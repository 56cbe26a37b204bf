"""The commands that write a published year as files for office programs and for map programs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from landgauge.errors import DONE, ConfigurationError


def add(commands: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    """Add the commands to the parser of the command line."""
    text = "write the results of a published year as workbooks for districts, departments and the city"
    workbooks = commands.add_parser("workbooks", parents=[common], help=text)
    _year_and_out(workbooks, "workbooks")
    workbooks.add_argument("--district", metavar="CODE", help="only the workbook of this district")
    workbooks.set_defaults(command=_workbooks)
    text = "write a published year as map layers: GeoPackage with its styles, and GeoParquet"
    layers = commands.add_parser("layers", parents=[common], help=text)
    _year_and_out(layers, "layers")
    layers.set_defaults(command=_layers)


def _year_and_out(parser: argparse.ArgumentParser, folder: str) -> None:
    parser.add_argument("--year", type=_year, required=True, metavar="YYYY", help="a published year")
    place = f"an empty or a new folder instead of WAREHOUSE/published/{folder}/YYYY"
    parser.add_argument("--out", type=Path, metavar="DIR", help=place)


def _year(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) == 4):
        raise argparse.ArgumentTypeError(f"{text!r} is not a year of four digits")
    return int(text)


def _places(options: argparse.Namespace, folder: str) -> tuple[Path, Path]:
    """The warehouse, and the folder to write to."""
    if not options.warehouse.is_dir():
        raise ConfigurationError(f"{options.warehouse} is not a folder", "Name the warehouse: --warehouse DIR.")
    warehouse = options.warehouse.resolve()
    return warehouse, (options.out or warehouse / "published" / folder / str(options.year)).resolve()


def _workbooks(options: argparse.Namespace) -> int:
    from reporting.workbooks.outputs import write_workbooks

    warehouse, target = _places(options, "workbooks")
    done = write_workbooks(warehouse, options.year, target, options.district)
    print(f"{done.rows['workbooks']} workbook(s), {done.rows['lines']} line(s) in {target}", file=sys.stderr)
    return DONE


def _layers(options: argparse.Namespace) -> int:
    from reporting.layers.outputs import write_layers

    warehouse, target = _places(options, "layers")
    done = write_layers(warehouse, options.year, target)
    print(f"{', '.join(f'{name} {n}' for name, n in done.rows.items())} in {target}", file=sys.stderr)
    return DONE
