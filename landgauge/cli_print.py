"""The command that prints the report's pages as PDF."""

from __future__ import annotations

import argparse
import sys

from landgauge.errors import DONE
from landgauge.settings import Settings, year_end


def add(commands: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser of the command line."""
    text = "print pages of the report as PDF, with a Chromium that stands on this machine"
    parser = commands.add_parser("print", parents=[common], help=text)
    parser.add_argument("--year", type=_year, required=True, metavar="YYYY", help="the published year")
    pages = "city, district-CODE, zone-CODE, or all; city"
    parser.add_argument("--page", default="city", metavar="PAGE", help=pages)
    parser.add_argument("--language", choices=("zh", "en"), default="zh", help="zh")
    parser.set_defaults(command=_print)


def _year(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) == 4):
        raise argparse.ArgumentTypeError(f"{text!r} is not a year of four digits")
    return int(text)


def _print(options: argparse.Namespace) -> int:
    from reporting.print import print_pages

    settings = Settings(options.warehouse.resolve(), options.year, year_end(options.year))
    for path in print_pages(settings, options.page, options.language):
        print(path, file=sys.stderr)
    return DONE
