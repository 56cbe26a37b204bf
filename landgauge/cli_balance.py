"""The command that writes supply and demand as files: a workbook, and demand files for land-use simulators."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

from landgauge.errors import COMPLAINTS, DONE, ConfigurationError


def add(commands: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser of the command line."""
    text = "write land supply and demand as a workbook and as demand files for land-use simulators (CLUE-S, PLUS)"
    balance = commands.add_parser("balance", parents=[common], help=text)
    balance.add_argument("--year", type=_year, required=True, metavar="YYYY", help="the published base year")
    balance.add_argument("--out", type=Path, required=True, metavar="DIR", help="an empty or a new folder")
    balance.add_argument("--classes", type=Path, metavar="FILE", help="areas of the land-use classes that the city has")
    balance.add_argument("--total-ha", type=_above_zero, metavar="HA", help="extent of the simulation, in hectares")
    balance.add_argument("--cell", type=_above_zero, metavar="M", help="also write PLUS demand in cells of this width")
    balance.set_defaults(command=_balance)


def _year(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) == 4):
        raise argparse.ArgumentTypeError(f"{text!r} is not a year of four digits")
    return int(text)


def _above_zero(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return value


def _balance(options: argparse.Namespace) -> int:
    from reporting.balance.outputs import Asked, write_outputs

    if not options.warehouse.is_dir():
        raise ConfigurationError(f"{options.warehouse} is not a folder", "Name the warehouse: --warehouse DIR.")
    asked = Asked(options.classes, options.total_ha, options.cell)
    done = write_outputs(options.warehouse.resolve(), options.year, options.out.resolve(), asked)
    for complaint in done.complaints:
        print(f"complaint: {complaint}", file=sys.stderr)
    print(f"A workbook and {done.rows['demand_files']} demand file(s) in {options.out}", file=sys.stderr)
    return COMPLAINTS if done.complaints else DONE
