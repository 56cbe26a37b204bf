"""The command line: a thin face on the stages. Exit codes: 0 done, 1 complaints, 2 wrong call, 3 stopped."""

from __future__ import annotations

import argparse
import logging
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time
from pathlib import Path

from landgauge import (
    __version__,
    cli_balance,
    cli_contracts,
    cli_explain,
    cli_operations,
    cli_outputs,
    cli_print,
    cli_serving,
    faults,
    log,
)
from landgauge.errors import COMPLAINTS, DONE, STOPPED, ConfigurationError, LandgaugeError
from landgauge.settings import Settings, landing_at, year_end

_log = log.get("cli")
_ERROR_LOG = 1_000_000  # bytes
STAGE_HELP = {
    "ingest": "load the declarations of a year from the landing area",
    "check": "run the gate on what was loaded",
    "build": "build the indicator marts",
    "score": "score, rank and grade by the schemes",
    "contracts": "work out the contract calendar",
    "forecast": "forecast land demand, supply and their balance",
    "publish": "publish the year as one snapshot",
    "report": "write the annual report from the published marts",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; messages go to stderr, results to stdout."""
    options = _parser().parse_args(argv)
    log.configure(options.verbose)
    logging.raiseExceptions = False  # a library's log on a full disk would print tracebacks
    with faults.ended_by() as signals:
        try:
            return options.command(options)
        except KeyboardInterrupt:
            return _interrupted(signals)
        except Exception as error:
            return _interrupted(signals) if signals else _stopped(options, error)


def _interrupted(signals: Sequence[str]) -> int:
    by = f"ended by {signals[0]}" if signals else "interrupted"
    print(f"landgauge: {by}; what was published stands. Repeat the command to go on.", file=sys.stderr)
    return STOPPED


def _stopped(options: argparse.Namespace, error: Exception) -> int:
    told = faults.lacking(error) or error
    if not isinstance(told, LandgaugeError):
        return _unexpected(options, error)
    print(f"landgauge: {told.message}", file=sys.stderr)
    print(told.next_step or "Correct the cause and repeat the command.", file=sys.stderr)
    return told.exit_code


def _unexpected(options: argparse.Namespace, error: Exception) -> int:
    """A fault of ours: the traceback goes to a file, the person gets a sentence."""
    where = "with --verbose for the details"
    warehouse: Path | None = getattr(options, "warehouse", None)
    if warehouse is not None and warehouse.is_dir():
        path = warehouse / "logs" / "error.log"
        with suppress(OSError):  # a folder that cannot be written
            log.append(path, f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {traceback.format_exc()}\n", _ERROR_LOG)
            where = f"and send {path} to the maintainers"
    if options.verbose:
        traceback.print_exc()
    print(f"landgauge: unexpected {type(error).__name__}: {error}", file=sys.stderr)
    print(f"What was published stands. Repeat the command {where}.", file=sys.stderr)
    return STOPPED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="landgauge", description="Yearly post-evaluation of a city's industrial land."
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--warehouse", type=Path, required=True, metavar="DIR", help="where the warehouse is kept")
    common.add_argument("-v", "--verbose", action="store_true", help="say more")
    _add_evaluate(commands, common)
    for name, text in STAGE_HELP.items():
        stage = _run_options(commands.add_parser(name, parents=[common], help=text))
        stage.set_defaults(command=_stage, stage=name)
    _add_demo(commands, common)
    _add_query(commands, common)
    _add_restate(commands, common)
    _add_returns(commands, common)
    cli_explain.add(commands, common)
    _add_diff(commands, common)
    _add_scheme(commands)
    cli_contracts.add(commands, common)
    cli_balance.add(commands, common)
    cli_serving.add(commands, common)
    cli_print.add(commands, common)
    cli_outputs.add(commands, common)
    cli_operations.add(commands, common)
    return parser


def _add_evaluate(commands: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    evaluate = commands.add_parser("evaluate", parents=[common], help="run every stage of a year")
    _run_options(evaluate).set_defaults(command=_evaluate)


def _add_demo(commands: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    demo = commands.add_parser("demo", parents=[common], help="write a generated city and evaluate its years")
    demo.add_argument("--parcels", type=_positive, default=2000, metavar="N")
    demo.add_argument("--enterprises", type=_positive, default=10_000, metavar="N", help="a year")
    demo.add_argument("--years", type=_positive, default=3, metavar="N")
    demo.add_argument("--last-year", type=_year, default=2024, metavar="YYYY")
    demo.add_argument("--seed", type=int, default=1, metavar="N")
    demo.add_argument("--threads", type=int, default=0, metavar="N", help=argparse.SUPPRESS)
    demo.add_argument("--memory-limit", default="", help=argparse.SUPPRESS)
    demo.set_defaults(command=_demo)


def _add_query(commands: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    query = commands.add_parser("query", parents=[common], help="read the published marts")
    query.add_argument("sql", metavar="SQL")
    query.add_argument("--format", choices=("table", "csv", "json"), default="table")
    query.set_defaults(command=_query)


def _add_restate(commands: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    text = "rebuild a year as it was known at a moment, into a warehouse of its own"
    restate = commands.add_parser("restate", parents=[common], help=text)
    restate.add_argument("--year", type=_year, required=True, metavar="YYYY", help="the year that is rebuilt")
    moment = "what was known at the end of this day, or at this moment (UTC)"
    restate.add_argument("--as-of", type=_known_at, required=True, metavar="DATE|TIMESTAMP", help=moment)
    restate.add_argument("--out", type=Path, metavar="DIR", help="instead of WAREHOUSE/restated/YYYY/AS-OF")
    restate.add_argument("--scheme", nargs="+", default=(), metavar="CODE", help="instead of those of the year")
    restate.add_argument("--due-on", type=_date, metavar="DATE", help="day on which due dates are looked at")
    restate.add_argument("--threads", type=int, default=0, metavar="N", help="0: all")
    restate.add_argument("--memory-limit", default="", metavar="SIZE", help="for the warehouse engine, such as 2GB")
    restate.set_defaults(command=_restate)


def _add_returns(commands: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    text = "write each declarer's file back with its bad cells marked and explained"
    returns = commands.add_parser("returns", parents=[common], help=text)
    returns.add_argument("--year", type=_year, required=True, metavar="YYYY", help="the year of the declarations")
    returns.add_argument("--out", type=Path, metavar="DIR", help="instead of WAREHOUSE/returns/YYYY")
    returns.set_defaults(command=_returns)
    templates = commands.add_parser("templates", help="write a workbook to fill in for every dataset")
    templates.add_argument("--out", type=Path, required=True, metavar="DIR", help="a folder for the workbooks")
    templates.add_argument("--landing", type=Path, metavar="DIR", help="take codes and lists of this city.yml")
    templates.add_argument("--year", type=_year, metavar="YYYY", help="districts of this year instead of today's")
    templates.add_argument("-v", "--verbose", action="store_true", help="say more")
    templates.set_defaults(command=_templates)


def _add_diff(commands: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    diff = commands.add_parser("diff", parents=[common], help="show what differs between two published runs")
    for name in ("first", "second"):
        diff.add_argument(name, metavar="RUN", help="the beginning of a run_id, or a year: its newest run")
    diff.add_argument("--format", choices=("table", "csv", "json"), default="table")
    diff.set_defaults(command=_diff)


def _add_scheme(commands: argparse._SubParsersAction) -> None:
    scheme = commands.add_parser("scheme", help="look at the schemes that are shipped")
    said = argparse.ArgumentParser(add_help=False)
    said.add_argument("-v", "--verbose", action="store_true", help="say more")
    actions = scheme.add_subparsers(required=True, metavar="ACTION")
    check = actions.add_parser("check", parents=[said], help="hold all schemes against their rules, naming each line")
    show = actions.add_parser("show", parents=[said], help="show a scheme in the version of a year")
    show.add_argument("code", metavar="CODE")
    show.add_argument("--year", type=_year, required=True, metavar="YYYY")
    diff = actions.add_parser("diff", parents=[said], help="show what differs between two versions of a scheme")
    for name in ("code", "before", "after"):
        diff.add_argument(name, metavar="CODE" if name == "code" else "VERSION")
    for action, parser in (("check", check), ("show", show), ("diff", diff)):
        parser.set_defaults(command=_scheme, action=action)


def _run_options(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--landing", metavar="DIR|URL", help="the landing area, a folder or a URL (needed by ingest)")
    parser.add_argument("--year", type=_year, required=True, metavar="YYYY", help="the year that is evaluated")
    parser.add_argument("--scheme", nargs="+", default=(), metavar="CODE", help="instead of the city profile's schemes")
    parser.add_argument("--as-of", type=_date, metavar="DATE", help="day on which due dates are looked at; 31 December")
    parser.add_argument("--approved-by", metavar="NAME", help="publish as final, approved by this person or committee")
    back_filling = "when the files became known (UTC), to load an archive; now"
    parser.add_argument("--recorded-at", type=_moment, metavar="TIMESTAMP", help=back_filling)
    parser.add_argument("--anew", action="store_true", help="do everything, also what has not changed since")
    parser.add_argument("--threads", type=int, default=0, metavar="N", help="0: all")
    parser.add_argument("--memory-limit", default="", metavar="SIZE", help="for the warehouse engine, such as 2GB")
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def _year(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) == 4):
        raise argparse.ArgumentTypeError(f"{text!r} is not a year of four digits")
    return int(text)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date YYYY-MM-DD") from error


def _moment(text: str) -> datetime:
    """A moment in UTC without a zone; one given with a zone is converted, a day alone is its beginning."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is neither YYYY-MM-DD nor YYYY-MM-DDTHH:MM:SS") from error
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def _known_at(text: str) -> tuple[datetime, str]:
    """The moment, of a day alone its end, and its name as a folder."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        moment = _moment(text)
        return moment, f"{moment.isoformat().replace(':', '')}Z"
    return datetime.combine(day, time.max), day.isoformat()


def _settings(options: argparse.Namespace, needs_landing: bool) -> Settings:
    place = landing_at(options.landing)
    if needs_landing and not place:
        raise ConfigurationError("--landing is missing", "Name the folder with the declarations: --landing DIR.")
    if needs_landing and "landing" in place and not place["landing"].is_dir():
        raise ConfigurationError(
            f"{options.landing} is not a folder", "Name an existing landing folder: --landing DIR."
        )
    if options.warehouse.exists() and not options.warehouse.is_dir():
        raise ConfigurationError(f"{options.warehouse} is a file", "Name a folder for the warehouse: --warehouse DIR.")
    return Settings(
        warehouse=options.warehouse.resolve(),
        **place,
        year=options.year,
        as_of=options.as_of or year_end(options.year),
        schemes=tuple(options.scheme),
        approved_by=options.approved_by,
        threads=options.threads,
        memory_limit=options.memory_limit,
        recorded_at=options.recorded_at,
    )


def _evaluate(options: argparse.Namespace) -> int:
    from landgauge import stages

    settings = _settings(options, needs_landing=True)
    if options.anew:
        stages.forget(settings)
    return _close([settings], stages.evaluate(settings))


def _stage(options: argparse.Namespace) -> int:
    from landgauge import stages

    settings = _settings(options, needs_landing=options.stage == "ingest")
    if options.anew:
        stages.forget(settings)
    complaints = stages.run_stage(options.stage, settings).complaints
    print(f"{options.stage} of {settings.year} done{_with(complaints)}.", file=sys.stderr)
    return COMPLAINTS if complaints else DONE


def _demo(options: argparse.Namespace) -> int:
    landing = options.warehouse.resolve() / "landing"
    if landing.exists() and not (landing / "truth.json").is_file() and any(landing.iterdir()):
        raise ConfigurationError(
            f"{landing} holds data that are not generated", "Name another folder: --warehouse DIR."
        )
    from ingestion.synthetic.city import write_city
    from landgauge import stages

    _log.info("writing a generated city: %d parcels, %d enterprises a year", options.parcels, options.enterprises)
    shape = (options.parcels, options.enterprises, options.years, options.last_year, options.seed)
    write_city(landing, *shape, objected=False)
    years = range(options.last_year - options.years + 1, options.last_year + 1)
    runs = [
        Settings(
            warehouse=options.warehouse.resolve(),
            landing=landing,
            year=year,
            as_of=year_end(year),
            threads=options.threads,
            memory_limit=options.memory_limit,
        )
        for year in years
    ]
    complaints = [c for settings in runs for c in stages.evaluate(settings)]
    _log.info("the last year's result was on notice: objections and corrections arrive")
    write_city(landing, *shape)
    return _close(runs, tuple(dict.fromkeys([*complaints, *stages.evaluate(runs[-1])])))


def _with(complaints: tuple[str, ...]) -> str:
    return f", with {len(complaints)} complaint(s); see above" if complaints else ""


def _close(runs: Sequence[Settings], complaints: tuple[str, ...]) -> int:
    """Show what each stage cost and end with what to do next."""
    from warehouse import manifest

    print(manifest.stage_table(runs[-1], [s.year for s in runs]), file=sys.stderr)
    for complaint in complaints:
        print(f"complaint: {complaint}", file=sys.stderr)
    last = runs[-1]
    page = last.published / "report" / str(last.year) / "city.html"
    state = "final" if last.approved_by else "provisional"
    print(f"{last.year} is published, {state}{_with(complaints)}. Open {page}", file=sys.stderr)
    return COMPLAINTS if complaints else DONE


def _query(options: argparse.Namespace) -> int:
    from warehouse.query import query

    snapshot = options.warehouse / "published" / "current.duckdb"
    if not snapshot.is_file():
        raise ConfigurationError(f"nothing is published in {options.warehouse}", "Run `landgauge evaluate` first.")
    sys.stdout.write(query(snapshot, options.sql, options.format))
    return DONE


def _restate(options: argparse.Namespace) -> int:
    from landgauge.stages.restate import restate

    known_at, name = options.as_of
    live = Settings(
        warehouse=options.warehouse.resolve(),
        year=options.year,
        as_of=options.due_on or year_end(options.year),
        schemes=tuple(options.scheme),
        threads=options.threads,
        memory_limit=options.memory_limit,
    )
    out = (options.out or live.warehouse / "restated" / str(options.year) / name).resolve()
    complaints = restate(live, known_at, out, options.due_on)
    page = out / "published" / "report" / str(options.year) / "city.html"
    for complaint in complaints:
        print(f"complaint: {complaint}", file=sys.stderr)
    said = f"{options.year} as it was known at {known_at:%Y-%m-%d %H:%M:%S} UTC is in {out}{_with(complaints)}."
    print(f"{said} Open {page}", file=sys.stderr)
    return COMPLAINTS if complaints else DONE


def _returns(options: argparse.Namespace) -> int:
    from landgauge.stages.returns import returns

    settings = Settings(options.warehouse.resolve(), options.year, year_end(options.year))
    target = (options.out or settings.warehouse / "returns" / str(options.year)).resolve()
    done = returns(settings, target)
    print(f"{done.rows['workbooks']} workbook(s) for the declarers of {options.year} in {target}", file=sys.stderr)
    return DONE


def _scheme(options: argparse.Namespace) -> int:
    from landgauge import schemes

    if options.action == "check":
        text = schemes.check()
    elif options.action == "show":
        text = schemes.show(options.code, options.year)
    else:
        text = schemes.diff(options.code, options.before, options.after)
    sys.stdout.write(text)
    return DONE


def _diff(options: argparse.Namespace) -> int:
    from landgauge.diff import diff
    from landgauge.diff_text import text

    settings = Settings(options.warehouse.resolve(), 0, year_end(1))
    sys.stdout.write(text(diff(settings, options.first, options.second), options.format))
    return DONE


def _templates(options: argparse.Namespace) -> int:
    from landgauge.stages.templates import templates

    if options.landing is not None and not options.landing.is_dir():
        raise ConfigurationError(f"{options.landing} is not a folder", "Name the folder that holds city.yml.")
    done = templates(options.out, options.landing, options.year)
    print(f"{done.rows['workbooks']} templates in {options.out}", file=sys.stderr)
    return DONE


if __name__ == "__main__":
    sys.exit(main())
