"""The past of a warehouse: its ledger as it stood at a moment, copied into a working file of its own and settled.

Rows know their load, and a load knows since when it is known and until when it stood. So the past is a copy that
leaves out what was recorded later and gives back what was superseded later, resolved and corrected anew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

import duckdb
from pydantic import ValidationError

from ingestion import ledger, load, rows
from ingestion.contract import all_contracts
from ingestion.load import REQUIRED, Run
from ingestion.mapping import Mapping
from ingestion.reading import Worker
from landgauge.errors import ConfigurationError
from landgauge.profile import Profile
from landgauge.settings import Settings
from landgauge.sql import identifier, literal
from warehouse import db, upgrade

_AGAIN = "Run `landgauge evaluate` for that year once with this version, then repeat."
_OF_LOADS = ("ledger", "raw", "quarantine", "qc")  # schemas whose tables have a load_id
_NOT_COPIED = {("ledger", "load"), *(("raw", f"corrected_{dataset}") for dataset in all_contracts())}


@dataclass(frozen=True)
class _Past:
    """What the year was evaluated with when it was evaluated last."""

    as_of: date
    schemes: tuple[str, ...]
    profile: Profile
    mapping: Mapping


def rewind(settings: Settings, target: Settings, known_at: datetime, due_on: date | None = None) -> Settings:
    """Write into the target's empty working file what the warehouse knew at a moment (UTC); returns its settings.

    The target gets a manifest for the year like one of `ingest`; the warehouse is only read, and must not be written
    meanwhile. Due dates are looked at on `due_on`, else on the day of the year's own manifest; the schemes of the
    target are used, else those of that manifest. Raises ConfigurationError where the year's declaration was not known
    yet, or where the ledger began to keep its history later.
    """
    with db.connect(target) as con, load.work_folder(target) as work, Worker(work) as worker:
        con.execute(f"attach {literal(str(settings.database))} as live (read_only)")
        upgrade.refuse_newer(upgrade.version(con, "live"))
        _require_history(con, settings.year, known_at)
        past = _past(con, settings.year)
        read = replace(
            settings, as_of=due_on or past.as_of, schemes=target.schemes or past.schemes, recorded_at=known_at
        )
        rows.prepare(con, past.profile)
        ledger.create(con)
        _copy(con, known_at)
        con.execute("detach live")
        load.settle(Run(read, con, past.profile, past.mapping, work, worker))
        _say(con, known_at)
    return replace(target, as_of=read.as_of, schemes=read.schemes)


def _require_history(con: duckdb.DuckDBPyConnection, year: int, known_at: datetime) -> None:
    if "recorded_at" not in _columns(con, "live", "ledger", "load"):
        raise ConfigurationError("the ledger keeps no history yet (台账尚未记录历史)", _AGAIN)
    sql = "select min(recorded_at) from live.ledger.load where dataset = ? and data_year = ?"
    ((first,),) = con.execute(sql, [REQUIRED, year]).fetchall()
    if first is None:
        message = f"{year} 年没有宗地申报 (no parcels were ever declared for {year})"
        raise ConfigurationError(message, "Name another year.")
    if first > known_at:
        raise ConfigurationError(
            f"{year} 年的宗地申报在 {known_at} UTC 尚未登记，最早登记于 {first} UTC "
            f"(the parcels of {year} first became known at {first} UTC)",
            f"Give --as-of {first.date()} or a later day.",
        )
    sql = "select min(superseded_at) from live.ledger.load where recorded_at <= $t and superseded_at > $t "
    ((kept_from,),) = con.execute(sql + "and former_state is null", {"t": known_at}).fetchall()
    if kept_from is not None:
        raise ConfigurationError(
            f"a file that stood at {known_at} UTC was superseded before the ledger kept its history",
            f"Give a time after {kept_from} UTC.",
        )


def _columns(con: duckdb.DuckDBPyConnection, database: str, schema: str, table: str) -> list[str]:
    sql = "select column_name from duckdb_columns() where database_name = ? and schema_name = ? and table_name = ? "
    return [row[0] for row in con.execute(sql + "order by column_index", [database, schema, table]).fetchall()]


def _past(con: duckdb.DuckDBPyConnection, year: int) -> _Past:
    """The year's last manifest; its profile and mapping must still be understood."""
    if "profile_json" not in _columns(con, "live", "run", "manifest"):
        raise ConfigurationError("the manifest keeps no city profile yet", _AGAIN)
    sql = "select as_of_date, schemes, profile_json, mapping_json from live.run.manifest where year = ?"
    found = con.execute(sql, [year]).fetchall()
    if not found or found[0][2] is None:
        raise ConfigurationError(f"{year} has not been evaluated here with this version", _AGAIN)
    as_of, schemes, profile, mapping = found[0]
    try:
        city, plan = Profile.model_validate_json(profile), Mapping.model_validate_json(mapping)
    except ValidationError as error:
        message = f"the city profile or mapping that {year} was evaluated with is not understood any more: {error}"
        raise ConfigurationError(message, _AGAIN) from error
    return _Past(as_of, tuple(schemes), city, plan)


def _copy(con: duckdb.DuckDBPyConnection, known_at: datetime) -> None:
    """Copy the loads known at the moment with all that belongs to them; every dataset-year is to be resolved."""
    _copy_loads(con, known_at)
    here = con.execute("select current_database()").fetchall()[0][0]
    tables = con.execute(
        "select distinct schema_name, table_name from duckdb_columns() where database_name = 'live' "
        "and list_contains(?, schema_name) and column_name = 'load_id' order by all",
        [list(_OF_LOADS)],
    ).fetchall()
    for schema, table in tables:
        if (schema, table) in _NOT_COPIED:
            continue
        name, there = f"{schema}.{identifier(table)}", _columns(con, here, schema, table)
        if not there:
            con.execute(f"create table {name} as from live.{name} limit 0")
        shared = [identifier(c) for c in _columns(con, "live", schema, table) if not there or c in there]
        con.execute(
            f"insert into {name} by name select {', '.join(shared)} from live.{name} "
            "where load_id in (select load_id from ledger.load)"
        )
    con.execute("insert into ledger.unresolved select distinct dataset, data_year from ledger.load order by all")


def _copy_loads(con: duckdb.DuckDBPyConnection, known_at: datetime) -> None:
    """Copy the ledger's rows as they stood; the counts of loads that stand again are settled by resolution."""
    con.execute(
        "insert into ledger.load by name select * exclude (stood_again) replace ("
        "case when stood_again then former_state else state end as state, "
        "case when stood_again then 0 else superseded end as superseded, "
        "case when stood_again and former_state = 'rejected' then rows_in else quarantined end as quarantined, "
        "case when not stood_again then superseded_by end as superseded_by, "
        "case when not stood_again then superseded_at end as superseded_at, "
        "case when not stood_again then former_state end as former_state) "
        "from (select *, coalesce(superseded_at > $t, false) as stood_again from live.ledger.load) "
        "where recorded_at <= $t order by load_id",
        {"t": known_at},
    )


def _say(con: duckdb.DuckDBPyConnection, known_at: datetime) -> None:
    """Tell the readers of the results what they have before them."""
    note = f"本库为历史重述：数据以 {known_at:%Y-%m-%d %H:%M:%S} UTC 时已登记的为准，规则、政策与程序为现行版本。"
    con.execute("update profile.setting set notes = list_append(coalesce(notes, []), ?)", [note])
