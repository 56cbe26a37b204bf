"""The contract marts as these outputs read them, from the published snapshot or from the working file.

Every table is a temporary view with the columns named here; what a database does not have is read as empty, so a city
without contracts and a snapshot of an older version are one case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from landgauge.errors import ConfigurationError

if TYPE_CHECKING:
    import duckdb

Row = dict[str, Any]

_WHO = "agreement_no varchar, parcel_code varchar, uscc varchar, district_code varchar"
COLUMNS: Mapping[str, str] = {
    "fct_run": "run_id varchar, year integer, as_of_date date, state varchar, generated boolean, notes varchar[]",
    "dim_agreement": f"{_WHO}, zone_code varchar, signed_date date, start_due date, completion_due date, "
    "production_due date, capacity_due date, term_end_date date, lease_end_date date, supply_mode varchar, "
    "process_interval_years double, ended_date date, ended_by varchar, agreed_investment_cny10k double, "
    "agreed_floor_area_m2 double, granted_area_m2 double, granted_use varchar, start_penalty varchar, "
    "completion_penalty varchar, building_compensation varchar, rule_version varchar",
    "dim_enterprise": "uscc varchar, year integer, enterprise_name varchar",
    "dim_district": "district_code varchar, valid_from_year integer, name_zh varchar",
    "dim_indicator": "indicator_code varchar, name_zh varchar, name_en varchar, unit varchar",
    "fct_stage_due": f"as_of_date date, {_WHO}, obligation varchar, due_date date, seq_no integer, stage varchar, "
    "period_no integer, days_left integer, state varchar, department varchar, done_date date, days_late integer, "
    "indicator_code varchar",
    "fct_stage_finding": f"{_WHO}, stage varchar, evaluation_year integer, indicator_code varchar, "
    "comparison varchar, target_value double, target_text varchar, actual_value double, evidence_source varchar, "
    "evidence_reason varchar, evidence_meets boolean, verdict varchar, opinion varchar, verdict_date date, "
    "outcome varchar, basis varchar, disagrees boolean, self_report_needed boolean, department varchar, "
    "raised_by varchar, verdict_department varchar",
    "fct_stage_result": f"{_WHO}, stage varchar, evaluation_year integer, period_no integer, result varchar, "
    "result_date date, result_reason varchar, first_result varchar, restated boolean, "
    "failed_years_cumulative integer, compiled_by varchar, department varchar",
    "fct_consequence": f"{_WHO}, consequence_code varchar, arises_date date, due_date date, stage varchar, "
    "evaluation_year integer, clause varchar, rule_version varchar, state varchar, decided_date date, "
    "done_date date, evidence varchar, building_compensation varchar, department varchar",
    "fct_credit": f"{_WHO}, listed_date date, repaired_date date, reason varchar, is_listed boolean",
    "fct_warning": f"{_WHO}, kind varchar, unit_code varchar, raised_date date, year integer, detail varchar, "
    "value double, limit_value double, unit varchar, ended_date date, department varchar",
    "fct_contract_conflict": f"{_WHO}, conflict_code varchar, subject varchar, stage varchar, "
    "evaluation_year integer, one_side varchar, other_side varchar, effect varchar",
    "bridge_agreement_parcel": "agreement_no varchar, seq_no integer, parcel_code varchar, arrived_date date, "
    "left_date date, merged_date date",
    "fct_admission_control": "project_no varchar, indicator_code varchar, agreement_no varchar, "
    "comparison varchar, control_value double, guide_value double, at_least_guide boolean, decision varchar, "
    "decision_date date, needs_city_review boolean, department varchar, target_value double, "
    "target_at_least_control boolean, guide_comparison varchar, guide_reason varchar, target_reason varchar",
}
_NAMES = """
create or replace temp view firms as
select uscc, arg_max(enterprise_name, year) as enterprise_name from dim_enterprise group by uscc;
create or replace temp view districts as
select district_code, arg_max(name_zh, coalesce(valid_from_year, 0)) as district_name
from dim_district group by district_code;
create or replace temp view named as
select a.*, e.enterprise_name, d.district_name
from dim_agreement as a
left join firms as e on a.uscc = e.uscc
left join districts as d on a.district_code = d.district_code
"""


class Tables:
    """The views, the day they are looked at, and what their reader must be told.

    `generated`: the data are generated; `notes`: sentences of the city profile; `year`: the knowledge year.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, as_of: date | None) -> None:
        """Make the views; `as_of` None is the newest day that the calendar holds.

        Raises ConfigurationError when the calendar does not hold that day.
        """
        self._con = con
        con.execute("set threads = 1")  # equal order of equal rows
        here = con.execute("select current_database()").fetchall()[0][0]
        found = con.execute(
            "select table_name, column_name from duckdb_columns() where database_name = ? and schema_name = 'marts'",
            [here],
        ).fetchall()
        for table, columns in COLUMNS.items():
            self._view(table, columns, {column for name, column in found if name == table})
        con.execute(_NAMES)
        self.as_of = self._day(as_of)
        runs = self.rows("select year, generated, notes from fct_run order by year")
        upto = [r for r in runs if r["year"] <= self.as_of.year] or runs
        self.year: int = upto[-1]["year"] if upto else self.as_of.year
        self.generated = any(r["generated"] for r in runs)
        self.notes: list[str] = list((upto[-1]["notes"] if upto else None) or [])

    def rows(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[Row]:
        """Return the rows of a query as dictionaries."""
        cursor = self._con.execute(sql, parameters)
        names = [c[0] for c in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def _view(self, table: str, columns: str, have: set[str]) -> None:
        parts = [part.split(" ", 1) for part in columns.split(", ")]
        picked = ", ".join(f"{name if name in have else 'null'}::{kind} as {name}" for name, kind in parts)
        source = f"from marts.{table}" if have else "where false"
        self._con.execute(f"create or replace temp view {table} as select {picked} {source}")

    def _day(self, wanted: date | None) -> date:
        days = [row["d"] for row in self.rows("select distinct as_of_date as d from fct_stage_due order by d")]
        days = days or [row["d"] for row in self.rows("select distinct as_of_date as d from fct_run order by d")]
        if not days or (wanted is not None and wanted not in days):
            known = "、".join(day.isoformat() for day in days[-12:]) or "none"
            raise ConfigurationError(
                f"the calendar is not published as of {wanted or 'any day'}",
                f"Days that are: {known}. For another day run `landgauge evaluate --as-of DATE`.",
            )
        return wanted or days[-1]
