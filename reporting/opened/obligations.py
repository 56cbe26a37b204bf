"""What follows from contracts, lists of low-efficiency land, potentials and changed parcel codes, for one unit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb

from landgauge import policy
from landgauge.errors import LandgaugeError
from landgauge.settings import Settings
from reporting import words
from reporting.contracts.tables import Tables
from reporting.marts import Marts, Row
from reporting.opened.unit import Unit, fetch
from warehouse import db
from warehouse.published import open_snapshot

_DUE = 12  # obligations of an agreement that are shown: what is open, by date
_REASON = ["reason", "indicator_code", "actual_value", "limit_value", "actual_text", "limit_text", "limit_basis"]
_POTENTIAL = ["potential", "area_ha", "null_reason", "actual_value", "ideal_value", "basis", "illustrative"]


@dataclass(frozen=True)
class Contract:
    """An agreement (row of dim_agreement with names) with results, what is due, consequences and warnings."""

    agreement: Row
    results: list[Row]
    due: list[Row]
    due_count: int
    consequences: list[Row]
    warnings: list[Row]


@dataclass(frozen=True)
class Low:
    """The parcel's row of fct_low_efficiency_parcel, and a row for each reason with its rule's name."""

    parcel: Row
    reasons: list[Row]


@dataclass(frozen=True)
class Changes:
    """Changes of parcel codes that concern the parcel: old, new, kind, date; `missing` says why they are unknown."""

    rows: list[Row]
    missing: str | None = None


def contracts(settings: Settings, unit: Unit, as_of: date | None) -> list[Contract]:
    """Return the agreements of a parcel (through its former codes too) or of an enterprise, as of the year's day."""
    column = {"parcel": "parcel_code", "enterprise": "uscc"}.get(unit.scale)
    if column is None or as_of is None:
        return []
    with open_snapshot(settings.snapshot) as con:
        try:
            tables = Tables(con, as_of)
        except LandgaugeError:  # no calendar of that day
            return []
        found = tables.rows(
            f"select * from named where {column} = $code or (agreement_no in (select agreement_no from "
            "bridge_agreement_parcel where parcel_code = $code)) order by agreement_no",
            {"code": unit.code},
        )
        return [_contract(tables, row) for row in found]


def _contract(tables: Tables, agreement: Row) -> Contract:
    no = {"no": agreement["agreement_no"]}
    due = tables.rows(
        "select * from fct_stage_due where agreement_no = $no and as_of_date = $as_of and state not in "
        "('done', 'void') order by due_date, obligation, seq_no",
        no | {"as_of": tables.as_of},
    )
    return Contract(
        agreement,
        tables.rows("select * from fct_stage_result where agreement_no = $no order by evaluation_year, stage", no),
        due[:_DUE],
        len(due),
        tables.rows(
            "select * from fct_consequence where agreement_no = $no order by arises_date, consequence_code", no
        ),
        tables.rows(
            "select * from fct_warning where agreement_no = $no and raised_date <= $as_of "
            "order by raised_date, kind, unit_code",
            no | {"as_of": tables.as_of},
        ),
    )


def low_efficiency(marts: Marts, unit: Unit) -> Low | None:
    """Return why the parcel is on the list of low-efficiency land; None where it is not, or for another scale."""
    if unit.scale != "parcel":
        return None
    where, values = "parcel_code = ? and year = ?", [unit.code, marts.year]
    columns = ["main_reason", "release_share", "releasable_area_m2", "shared_with", "shared_area_m2", "illustrative"]
    found = fetch(marts, "fct_low_efficiency_parcel", columns, where, values)
    if not found:
        return None
    named = {row["reason"]: row["name_zh"] for row in policy.rows("low_efficiency_rule")}
    columns = ["rule_order", *_REASON, "source", "illustrative"]
    rows = fetch(marts, "fct_low_efficiency_reason", columns, f"{where} order by rule_order, reason", values)
    return Low(found[0], [row | {"name_zh": named.get(row["reason"], row["reason"]), "of": _of(row)} for row in rows])


def _of(row: Row) -> str | None:
    """Where the limit comes from, in words."""
    if row["limit_basis"] in (None, "far_min"):
        return row["limit_basis"] and "宗地规划容积率下限"
    return f"理想值，适用于{'全部' if row['limit_basis'] == 'all' else words.scope(row['limit_basis'])}"


def potentials(marts: Marts, unit: Unit) -> list[Row]:
    """Return the land potentials of the unit in the year, with their names; none for scales that have none."""
    named = {row["potential"]: row["name_zh"] for row in policy.rows("potential")}
    where = "scale = ? and unit_code = ? and year = ? order by potential"
    rows = fetch(marts, "fct_land_potential", _POTENTIAL, where, [unit.scale, unit.code, marts.year])
    return [row | {"name_zh": named.get(row["potential"], row["potential"])} for row in rows]


def changes(settings: Settings, unit: Unit) -> Changes:
    """Return the changes that made the parcel or that it went into; only the working file holds them all."""
    if unit.scale != "parcel":
        return Changes([])
    if not settings.database.is_file():
        return Changes([], "工作文件 warehouse.duckdb 不在，宗地变更无从得知")
    try:
        with db.connect(settings, read_only=True) as con:
            names = "old_parcel_code, new_parcel_code, kind, change_date"
            found = con.execute(
                f"select distinct {names} from accepted.parcel_changes where ? in (old_parcel_code, new_parcel_code) "
                f"and data_year <= ? order by change_date, old_parcel_code, new_parcel_code",
                [unit.code, settings.year],
            ).fetchall()
    except duckdb.CatalogException:
        return Changes([])  # a city that never declared any
    except (LandgaugeError, duckdb.Error) as error:
        return Changes([], f"工作文件现在读不了，宗地变更无从得知（{type(error).__name__}）")
    return Changes([dict(zip(names.split(", "), row, strict=True)) for row in found])
