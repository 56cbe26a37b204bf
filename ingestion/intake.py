"""One file into one dataset-year, in one transaction: good rows to raw, bad rows to findings, a row in the ledger."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

import duckdb

from ingestion import geometry, ledger, lookups, messages, placement, readers, rows
from ingestion.binding import WITHIN, Binding, bind, distinct, year_sql
from ingestion.contract import Contract
from ingestion.ledger import Load
from ingestion.mapping import MEASURED, YearColumn
from ingestion.rows import RowContext
from ingestion.source import DUCKDB_REFUSALS, Part, Rejected, Request
from landgauge import faults, log
from landgauge.errors import ConfigurationError, LandgaugeError, StageFailed
from landgauge.profile import Profile, SourceCheck
from landgauge.sql import identifier, literal

_LOG = log.get("ingestion")
_RESOURCES = (MemoryError, duckdb.OutOfMemoryException, duckdb.FatalException)
_NO_SQL = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)
_FINDING = (
    "load_id, dataset, data_year, row_no, rule_code, column_name, value, original_row, severity, "
    "message_zh, message_en, next_step, origin"
)


@dataclass(frozen=True)
class Chosen:
    """A part whose rows for this load are chosen: `relation` has them all, `sound` those that the row rules judge."""

    part: Part
    binding: Binding
    relation: str
    sound: str


def take(con: duckdb.DuckDBPyConnection, load: Load, request: Request, profile: Profile, stray: bool) -> Load:
    """Load a file into its dataset-year, or reject it; returns the load with its state.

    `stray`: rows that name no year belong to this load and are quarantined. Raises ConfigurationError where a
    check or condition of the profile or mapping is no SQL, StageFailed where memory or disk run out.
    """
    relations: list[str] = []
    try:
        parts = open_parts(con, request)
        relations = [part.relation for part in parts]
        return store(con, load, request, profile, parts, stray)
    except Rejected as refusal:
        refusal.rows = refusal.rows or _rows_of(con, relations)
        return reject(con, load, refusal, request.contract)
    except LandgaugeError:
        raise
    except _RESOURCES as error:
        raise StageFailed(f"{load.file_name}: {error}", "Give the run more memory, or fewer threads.") from error
    except Exception as error:
        faults.stop_if_ended()  # DuckDB makes an error of its own of an interruption
        if isinstance(error, OSError) and error.errno == 28:
            raise StageFailed(f"{load.file_name}: the disk is full", "Make room and repeat the run.") from error
        if isinstance(error, DUCKDB_REFUSALS) and not request.careful:
            _LOG.debug("%s: read carefully: %s", load.file_name, str(error).splitlines()[:1])
            return take(con, load, replace(request, careful=True), profile, stray)
        _LOG.debug("%s could not be read", load.file_name, exc_info=True)
        detail = f"文件无法读取 (unreadable): {type(error).__name__}: {str(error).splitlines()[:1]}"
        return reject(con, load, Rejected("unreadable", detail, rows=_rows_of(con, relations)), request.contract)


def _rows_of(con: duckdb.DuckDBPyConnection, relations: list[str]) -> int:
    """Return how many rows were read of a file that is refused after all; 0 where not even that can be said."""
    try:
        return sum(_count(con, relation) for relation in relations)
    except DUCKDB_REFUSALS:
        return 0


def open_parts(con: duckdb.DuckDBPyConnection, request: Request) -> list[Part]:
    """Read a file into relations of this connection; those of the file before are dropped."""
    drop_sources(con)
    return readers.read(con, request)


def drop_sources(con: duckdb.DuckDBPyConnection) -> None:
    """Drop the temporary relations of the file that was read last."""
    found = " union all ".join(
        f"select '{kind}', {kind}_name from duckdb_{kind}s() where temporary and starts_with({kind}_name, 'source_')"
        for kind in ("view", "table")
    )
    for kind, name in con.execute(found).fetchall():
        con.execute(f"drop {kind} {name}")


def choose(
    con: duckdb.DuckDBPyConnection, part: Part, request: Request, profile: Profile, year: int, stray: bool
) -> Chosen:
    """Measure a part's geometry, choose the load's rows by the mapping's `where` and year column, bind the header.

    Raises Rejected as `binding.bind` and `geometry.measure` do.
    """
    binding = bind(part, request)
    relation = geometry.measure(con, part, request, profile)
    if any(spec.within for spec in request.feed.columns.values()):
        relation = geometry.within_parcels(con, relation, year, part.has_geometry, WITHIN)
    years = request.target.year
    of_year = year_sql(part, years.column) if isinstance(years, YearColumn) else str(year)
    conditions = [f"coalesce({of_year}, {year}) = {year}" if stray else f"{of_year} = {year}"]
    if request.feed.where is not None:
        named_view(con, part, relation, f"{part.relation}_named")
        _judge_where(con, f"{part.relation}_named", request)
        conditions.append(f"row_no in (select row_no from {part.relation}_named where ({request.feed.where}))")
    if request.feed.distinct:
        conditions.append(distinct(con, relation, binding, request, " and ".join(conditions)))
    chosen, sound = f"{part.relation}_chosen", f"{part.relation}_sound"
    con.execute(
        f"create or replace temp view {chosen} as select *, {of_year} is null as has_no_year "
        f"from {relation} where {' and '.join(conditions)}"
    )
    con.execute(
        f"create or replace temp view {sound} as select * from {chosen} where extra is null and not has_no_year"
    )
    return Chosen(part, binding, chosen, sound)


def years_in(con: duckdb.DuckDBPyConnection, request: Request) -> list[int]:
    """Return the years that a file's year column holds, ascending; none where the file cannot be read."""
    years: set[int] = set()
    try:
        for part in open_parts(con, request):
            sql = year_sql(part, request.target.year.column)  # type: ignore[union-attr]
            years |= {row[0] for row in con.execute(f"select distinct {sql} from {part.relation}").fetchall() if row[0]}
    except DUCKDB_REFUSALS as error:
        if not request.careful:
            return years_in(con, replace(request, careful=True))
        _LOG.debug("%s: years unreadable: %s", request.name, error)
    except (Rejected, OSError, ValueError) as error:
        _LOG.debug("%s: years unreadable: %s", request.name, error)
    return sorted(years)


def named_view(con: duckdb.DuckDBPyConnection, part: Part, relation: str, view: str) -> None:
    """Make a view of a relation under the file's own column names, with row_no and the geometry's measures."""
    columns, seen = ["row_no"], {"row_no", *MEASURED}
    for source in part.fields:
        if source.header and source.header.casefold() not in seen:
            seen.add(source.header.casefold())
            columns.append(f"{source.name} as {identifier(source.header)}")
    con.execute(f"create or replace temp view {view} as select {', '.join([*columns, *MEASURED])} from {relation}")


def reject(con: duckdb.DuckDBPyConnection, load: Load, refusal: Rejected, contract: Contract | None) -> Load:
    """Enter a file as rejected: every row counts as quarantined, and one finding on row 0 says why."""
    rejected = replace(load, state="rejected")
    rule = f"file:{refusal.rule}"
    zh, en, next_step = messages.message(contract, rule, refusal.column)
    con.execute("begin")
    try:
        ledger.clear(con, rejected)
        ledger.enter(con, rejected, refusal.rows, f"{zh}：{refusal.detail}")
        values = [
            load.load_id, load.dataset, load.data_year, 0, rule, refusal.column, refusal.detail, None, "error",
            zh, en, next_step, "file",
        ]  # fmt: skip
        con.execute(f"insert into quarantine.finding ({_FINDING}) values ({', '.join('?' * len(values))})", values)
        ledger.mark(con, load.dataset, load.data_year)
        con.execute("commit")
    except BaseException:
        con.execute("rollback")
        raise
    return rejected


def _judge_where(con: duckdb.DuckDBPyConnection, view: str, request: Request) -> None:
    where = request.feed.where
    try:
        con.execute(f"select count(*) from {view} where ({where})")
    except DUCKDB_REFUSALS as error:
        if not (request.careful or isinstance(error, _NO_SQL)):
            raise  # perhaps the file's fault: it is read again carefully
        key = f"mapping.yml: {', '.join(request.entry.files) if request.entry else ''}: datasets"
        fault = str(error).splitlines()[0]
        message = f"{key}.{request.contract.dataset}.where: {where!r} fails on {request.name}: {fault}"
        named = ", ".join(name for name, *_ in con.execute(f"describe {view}").fetchall())
        advice = (
            f"Columns of the file: {named}. Write one that is no plain word in double quotation marks; cells of a text "
            "file are text: try_cast(NAME as double) > 0."
        )
        raise ConfigurationError(message, advice) from error


def _count(con: duckdb.DuckDBPyConnection, relation: str) -> int:
    return int(con.execute(f"select count(*) from {relation}").fetchall()[0][0])


def store(
    con: duckdb.DuckDBPyConnection, load: Load, request: Request, profile: Profile, parts: list[Part], stray: bool
) -> Load:
    """Put a file's rows where they belong and enter it, in one transaction; returns the load with its state."""
    chosen = [choose(con, part, request, profile, load.data_year, stray) for part in parts]
    loaded = replace(load, state="loaded")
    con.execute("begin")
    try:
        ledger.clear(con, loaded)
        rows_in = sum(_write_part(con, loaded, request, profile, part) for part in chosen)
        ledger.enter(con, loaded, rows_in, "；".join(request.notes) or None)
        ledger.supersede(con, loaded, (loaded.file_name,))
        ledger.mark(con, loaded.dataset, loaded.data_year)
        con.execute("commit")
    except BaseException:
        con.execute("rollback")
        raise
    return loaded


def _write_part(con: duckdb.DuckDBPyConnection, load: Load, request: Request, profile: Profile, chosen: Chosen) -> int:
    contract, bound, part = request.contract, chosen.binding.bound, chosen.part
    underscores = part.underscores or request.entry is not None  # a mapping may put some in
    context = RowContext(profile, load.data_year, part.spreadsheet, underscores)
    rows_in = _count(con, chosen.relation)
    if _store_good(con, load, chosen, contract, context) < rows_in:
        refused = _keep_refused(con, load, chosen)
        _find(con, load, request, refused, rows.error_select(contract, bound, context, refused.sound, refused.relation))
        lookups.advise(con, profile, load.load_id, load.data_year)
    _uses(con, load, chosen.binding)
    ledger.place(con, load, chosen.part)
    placement.record(con, load, request, part, profile)
    for check in profile.checks:
        if check.dataset == contract.dataset:
            _check(con, load, chosen, check)
    return rows_in


def _store_good(
    con: duckdb.DuckDBPyConnection, load: Load, chosen: Chosen, contract: Contract, context: RowContext
) -> int:
    """Put the good rows into raw in one scan and return their number."""
    typed = rows.typed_select(contract, chosen.binding.bound, context, chosen.sound)
    return con.execute(
        f"insert into raw.{contract.dataset} by name select cast({load.load_id} as bigint) as load_id, "
        f"cast({load.data_year} as integer) as data_year, * exclude (is_bad) from ({typed}) where not is_bad"
    ).fetchall()[0][0]


def _keep_refused(con: duckdb.DuckDBPyConnection, load: Load, chosen: Chosen) -> Chosen:
    """Return the part with the rows that raw has not taken: few, so that all that is asked of them is asked quickly."""
    con.execute(
        f"create or replace temp table source_refused as select * from {chosen.relation} anti join "
        f"(select row_no from raw.{load.dataset} where load_id = {load.load_id}) using (row_no)"
    )
    sound = "(select * from source_refused where extra is null and not has_no_year)"
    return replace(chosen, relation="source_refused", sound=sound)


def _uses(con: duckdb.DuckDBPyConnection, load: Load, binding: Binding) -> None:
    uses = [
        (load.load_id, use.source_column, use.column_name, use.given_unit, use.factor)
        for use in dict.fromkeys(binding.uses)
    ]
    put_rows(con, "ledger.load_column", uses)


def put_rows(con: duckdb.DuckDBPyConnection, table: str, values: list[tuple[object, ...]]) -> None:
    """Insert a few rows by one statement."""
    if values:
        marks = ", ".join(f"({', '.join('?' * len(row))})" for row in values)
        con.execute(f"insert into {table} values {marks}", [value for row in values for value in row])


def _find(con: duckdb.DuckDBPyConnection, load: Load, request: Request, chosen: Chosen, errors: str) -> None:
    """Write the findings of the bad rows; a row that is bad without one is a fault of the rules."""
    con.execute(
        f"create or replace temp table source_errors as {errors} "
        "union all select row_no, 'row_shape:row', cast(null as varchar), extra "
        f"from {chosen.relation} where extra is not null "
        "union all select row_no, 'type:data_year', cast(null as varchar), cast(null as varchar) "
        f"from {chosen.relation} where extra is null and has_no_year"
    )
    silent = _count(con, f"(select row_no from {chosen.relation} anti join source_errors using (row_no))")
    if silent:
        raise ValueError(f"{silent} rows are bad without a broken rule")
    originals(con, chosen, "source_errors")
    write_findings(con, request.contract, "source_errors", load, "row")
    placement.explain_findings(con, load, chosen.part)


def originals(con: duckdb.DuckDBPyConnection, chosen: Chosen, wanted: str) -> None:
    """Make `source_original`: row_no and the row as it came, as a JSON object, for the rows of `wanted`."""
    pairs, seen = [], set()
    for number, source in enumerate(chosen.part.fields, start=1):
        key = source.header or f"column {number}"
        key = key if key not in seen else f"{key} ({number})"
        seen.add(key)
        pairs.append(f"{literal(key)}, lg_shown(cast({source.name} as varchar))")
    plain = f"json_object({', '.join(pairs)})"
    surplus = f"json_object({', '.join([*pairs, literal('多出的单元格') + ', cast(extra as json)'])})"
    con.execute(
        f"create or replace temp table source_original as select row_no, cast(case when extra is null then {plain} "
        f"else {surplus} end as varchar) as original_row from {chosen.relation} semi join {wanted} using (row_no)"
    )


def write_findings(
    con: duckdb.DuckDBPyConnection, contract: Contract, errors: str, load: Load | None, origin: str
) -> None:
    """Write the lines of `errors` (row_no, rule_code, column_name, value) with messages to the quarantine.

    With a load they are its, and `source_original` has their rows; without, `errors` has load_id, data_year and
    original_row as well.
    """
    known = con.execute(f"select distinct rule_code, column_name from {errors} order by all").fetchall()
    message_table(con, ((rule, column, messages.message(contract, rule, column)) for rule, column in known))
    own = "e.load_id, e.data_year, e.original_row" if load is None else (
        f"cast({load.load_id} as bigint) as load_id, {load.data_year} as data_year, o.original_row"
    )  # fmt: skip
    join = "" if load is None else "left join source_original as o on e.row_no = o.row_no"
    con.execute(
        f"insert into quarantine.finding by name select {own}, {literal(contract.dataset)} as dataset, e.row_no, "
        "e.rule_code, e.column_name, lg_shown(e.value) as value, 'error' as severity, m.message_zh, m.message_en, "
        f"m.next_step, {literal(origin)} as origin from {errors} as e "
        "join source_message as m on e.rule_code = m.rule_code "
        f"and e.column_name is not distinct from m.column_name {join} order by e.row_no, e.rule_code"
    )


def message_table(
    con: duckdb.DuckDBPyConnection, texts: Iterable[tuple[str, str | None, tuple[str, str, str]]]
) -> None:
    """Make `source_message`: the messages of each rule and column."""
    columns = ("rule_code", "column_name", "message_zh", "message_en", "next_step")
    con.execute(f"create or replace temp table source_message ({', '.join(f'{c} varchar' for c in columns)})")
    put_rows(con, "source_message", [(rule, column, *text) for rule, column, text in texts])


def _check(con: duckdb.DuckDBPyConnection, load: Load, chosen: Chosen, check: SourceCheck) -> None:
    """Write what the profile's own check finds; a file without the columns that it looks at is left out."""
    view = f"{chosen.part.relation}_checked"
    named_view(con, chosen.part, chosen.relation, view)
    words = {word.casefold() for word in re.findall(r"\w+", check.when)}
    headers = [f.header for f in chosen.part.fields if f.header] + list(MEASURED)
    looked_at = [header for header in headers if header.casefold() in words]
    pairs = [f"{literal(name + '=')} || coalesce(cast({identifier(name)} as varchar), '')" for name in looked_at]
    value = f"concat_ws(', ', {', '.join(pairs)})" if pairs else "cast(null as varchar)"
    sql = (
        f"insert into qc.source_finding select {load.load_id}, {literal(load.dataset)}, {load.data_year}, row_no, "
        f"{literal(check.code)}, {value}, {literal(check.message_zh)}, {literal(check.message_en)} "
        f"from {view} where ({check.when}) order by row_no"
    )
    where = f"city.yml: checks: {check.code}: when: {check.when!r}"
    try:
        con.execute(f"explain {sql}")
    except duckdb.BinderException as error:
        _LOG.warning("%s does not apply to %s: %s", where, load.file_name, str(error).splitlines()[0])
        return
    except duckdb.Error as error:
        raise ConfigurationError(f"{where}: {error}", "Write SQL over the file's own columns.") from error
    try:
        con.execute(sql)
    except duckdb.Error as error:
        raise ConfigurationError(f"{where} fails on {load.file_name}: {error}", "Use try_cast on text.") from error
