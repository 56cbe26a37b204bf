"""The commands of the contract life cycle: worklists, dossier, notices and exchange. They publish nothing."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from pathlib import Path

from landgauge.errors import DONE


def add(commands: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    """Add the commands to the parser of the command line."""
    _add_worklists(commands, common)
    _add_dossier(commands, common)
    _add_notice(commands, common)
    _add_exchange(commands, common)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date YYYY-MM-DD") from error


def _year(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) == 4):
        raise argparse.ArgumentTypeError(f"{text!r} is not a year of four digits")
    return int(text)


def _as_of(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--as-of", type=_date, metavar="DATE", help="a day for which a calendar is published; newest")


def _add_worklists(commands: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    text = "write a workbook of what is to be done for every district and department"
    worklists = commands.add_parser("worklists", parents=[common], help=text)
    _as_of(worklists)
    worklists.add_argument("--out", type=Path, metavar="DIR", help="instead of WAREHOUSE/worklists/AS-OF")
    worklists.set_defaults(command=_worklists)


def _add_dossier(commands: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    text = "write all that is known of an agreement as one page that needs no network"
    dossier = commands.add_parser("dossier", parents=[common], help=text)
    dossier.add_argument("agreement", metavar="AGREEMENT", help="number of the agreement")
    dossier.add_argument("--out", type=Path, required=True, metavar="FILE", help="the page")
    _as_of(dossier)
    dossier.set_defaults(command=_dossier)


def _add_notice(commands: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    text = "draft a notice on an evaluation as a Word document, for people to sign"
    notice = commands.add_parser("notice", parents=[common], help=text)
    notice.add_argument("kind", choices=("rectification", "result"), help="整改通知书 or 评估结果告知书")
    notice.add_argument("agreement", metavar="AGREEMENT", help="number of the agreement")
    notice.add_argument("--year", type=_year, required=True, metavar="YYYY", help="the evaluation year")
    notice.add_argument("--stage", metavar="STAGE", help="where the year has several evaluations")
    notice.add_argument("--out", type=Path, required=True, metavar="FILE", help="the document (.docx)")
    notice.add_argument("--template", type=Path, metavar="FILE", help="a text of your own instead of the one shipped")
    _as_of(notice)
    notice.set_defaults(command=_notice)


def _add_exchange(commands: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    exchange = commands.add_parser("exchange", help="files for the city's shared platform")
    actions = exchange.add_subparsers(required=True, metavar="ACTION")
    text = "write agreements, results, consequences and the credit list as CSV and JSON with their schema"
    export = actions.add_parser("export", parents=[common], help=text)
    export.add_argument("out", type=Path, metavar="DIR", help="an empty or a new folder")
    export.set_defaults(command=_export)


def _worklists(options: argparse.Namespace) -> int:
    from reporting.contracts.worklists import published_worklists

    warehouse = options.warehouse.resolve()
    done = published_worklists(warehouse, options.as_of, options.out and options.out.resolve())
    where = options.out or warehouse / "worklists"
    print(f"{done.rows['workbooks']} workbook(s), {done.rows['lines']} line(s) in {where}", file=sys.stderr)
    return DONE


def _dossier(options: argparse.Namespace) -> int:
    from reporting.contracts.dossier import write_dossier

    write_dossier(options.warehouse.resolve(), options.agreement, options.out.resolve(), options.as_of)
    print(f"Open {options.out}", file=sys.stderr)
    return DONE


def _notice(options: argparse.Namespace) -> int:
    from reporting.contracts.notice import Asked, write_notice

    asked = Asked(options.kind, options.agreement, options.year, options.stage)
    write_notice(options.warehouse.resolve(), asked, options.out.resolve(), options.template, options.as_of)
    print(f"A draft for people to check and sign: {options.out}", file=sys.stderr)
    return DONE


def _export(options: argparse.Namespace) -> int:
    from reporting.contracts.exchange import export

    done = export(options.warehouse.resolve(), options.out.resolve())
    print(f"{done.rows['files']} file(s), {done.rows['rows']} row(s) in {options.out}", file=sys.stderr)
    return DONE
