"""The command that opens one unit: indicators, scores, surroundings, duties, files and rows, as text or as a page."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from landgauge.errors import DONE, ConfigurationError
from landgauge.settings import Settings, year_end

SCALES = ("parcel", "enterprise", "block", "zone", "district", "city", "industry")


def add(commands: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser of the command line."""
    text = "open a published unit: indicators, score, neighbours, contract, years, down to files and rows"
    explain = commands.add_parser("explain", parents=[common], help=text)
    explain.add_argument("what", nargs="?", choices=SCALES, metavar="SCALE", help=f"one of {', '.join(SCALES)}")
    explain.add_argument("code", nargs="?", metavar="CODE", help="code of the unit (of a city not needed)")
    explain.add_argument("--scale", choices=SCALES, help="the same as SCALE")
    explain.add_argument("--unit", metavar="CODE", help="the same as CODE")
    explain.add_argument("--year", type=_year, required=True, metavar="YYYY")
    explain.add_argument("--scheme", metavar="CODE", help="one scheme instead of all that score the unit")
    explain.add_argument("--html", type=Path, metavar="FILE", help="write a page that needs no network instead")
    explain.set_defaults(command=_explain)


def _year(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) == 4):
        raise argparse.ArgumentTypeError(f"{text!r} is not a year of four digits")
    return int(text)


def _explain(options: argparse.Namespace) -> int:
    from landgauge.explain import explain, explain_page

    scale, unit = _once("SCALE", options.what, options.scale), _once("CODE", options.code, options.unit)
    if scale is None:
        raise ConfigurationError("what is to be explained is not said", "Name it: landgauge explain parcel CODE.")
    settings = Settings(options.warehouse.resolve(), options.year, year_end(options.year))
    if options.html is None:
        sys.stdout.write(explain(settings, scale, unit, options.scheme))
        return DONE
    folder = options.html.resolve().parent
    page = explain_page(settings, scale, unit, options.scheme, folder)
    folder.mkdir(parents=True, exist_ok=True)
    options.html.write_text(page, encoding="utf-8", newline="\n")
    return DONE


def _once(name: str, first: str | None, second: str | None) -> str | None:
    """Return what was given in one of two ways. Raises ConfigurationError when both say different things."""
    if first is not None and second is not None and first != second:
        raise ConfigurationError(f"{name} is given twice: {first} and {second}", f"Give {name} once.")
    return first if first is not None else second
