"""The published tables as the report reads them: only the report's year, and always with the columns it asks for.

A table or column that a snapshot does not have is read as empty, so a city without contracts and a snapshot of an
older version are one case: the chapter says what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from landgauge.errors import StageFailed

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

Row = dict[str, Any]

# Columns read from each table. Contract: marts.yml; columns beyond it are read where they exist.
COLUMNS: Mapping[str, str] = {
    "fct_run": "run_id varchar, state varchar, year integer, as_of_date date, schemes varchar[], git_sha varchar, "
    "inputs_sha256 varchar, policy_sha256 varchar, code_sha256 varchar, published_at timestamp, approved_by varchar, "
    "generated boolean, notes varchar[]",
    "dim_unit": "scale varchar, unit_code varchar, year integer, name_zh varchar, district_code varchar, "
    "town_code varchar",
    "dim_town": "town_code varchar, year integer, name_zh varchar, district_code varchar",
    "dim_district": "district_code varchar, valid_from_year integer, valid_to_year integer, name_zh varchar",
    "dim_parcel": "parcel_code varchar, year integer, district_code varchar, is_industrial boolean, "
    "site_area_m2 double, use_state varchar, centroid_lon double, centroid_lat double, geometry blob, run_id varchar, "
    "block_code varchar, zone_code varchar",
    "dim_indicator": "indicator_code varchar, name_zh varchar, name_en varchar, unit varchar, direction varchar, "
    "formula_zh varchar, formula_en varchar, scales varchar, source varchar",
    "dim_scheme": "scheme_code varchar, scheme_version varchar, name_zh varchar, name_en varchar, scale varchar, "
    "valid_from_year integer, valid_to_year integer, approved_by varchar, document varchar, "
    "illustrative boolean, note varchar",
    "dim_scheme_rule": "scheme_code varchar, scheme_version varchar, scale varchar, kind varchar, rule_code varchar, "
    "name_zh varchar, illustrative boolean",
    "dim_agreement": "agreement_no varchar, parcel_code varchar, uscc varchar, district_code varchar",
    "dim_enterprise": "uscc varchar, year integer, enterprise_name varchar",
    "bridge_parcel_enterprise": "parcel_code varchar, uscc varchar, year integer, share double, share_basis varchar, "
    "tenure varchar, matched_by varchar",
    "dim_zone": "zone_code varchar, year integer, name_zh varchar, zone_type varchar, level varchar, "
    "district_code varchar",
    "fct_indicator_value": "scale varchar, unit_code varchar, year integer, indicator_code varchar, value double, "
    "null_reason varchar, numerator double, denominator double",
    "fct_parcel_year": "parcel_code varchar, year integer, enterprise_count bigint, plot_ratio double, "
    "land_output_cny10k_per_ha double, land_tax_cny10k_per_ha double",
    "fct_district_year": "district_code varchar, year integer, site_area_m2 double, output_cny10k double, "
    "tax_paid_cny10k double, unmatched_output_cny10k double, plot_ratio double, land_output_cny10k_per_ha double, "
    "land_tax_cny10k_per_ha double, energy_per_output_tce_per_cny10k double, rd_intensity double",
    "fct_city_year": "city_code varchar, year integer, site_area_m2 double, output_cny10k double, "
    "tax_paid_cny10k double, unmatched_output_cny10k double, plot_ratio double, land_output_cny10k_per_ha double, "
    "land_tax_cny10k_per_ha double, energy_per_output_tce_per_cny10k double, rd_intensity double, run_id varchar",
    "fct_zone_year": "zone_code varchar, year integer, development_ratio double, supply_ratio double, "
    "built_ratio double, industrial_land_ratio double, plot_ratio double, building_density double, "
    "industrial_plot_ratio double, industrial_building_coefficient double, "
    "investment_intensity_cny10k_per_ha double, land_tax_cny10k_per_ha double, idle_ratio double, "
    "zone_type_evaluated varchar",
    "fct_weight": "scheme_code varchar, scheme_version varchar, year integer, group_code varchar, "
    "indicator_code varchar, weight double, method varchar, parameters varchar, source varchar, illustrative boolean",
    "fct_ideal_value": "scheme_code varchar, scheme_version varchar, year integer, scope varchar, "
    "indicator_code varchar, ideal_value double, method varchar, source varchar, illustrative boolean",
    "fct_score": "scale varchar, unit_code varchar, year integer, scheme_code varchar, scheme_version varchar, "
    "score double, grade varchar, grade_name_zh varchar, rank_in_city bigint, rated boolean, "
    "not_rated_reason varchar, veto_code varchar, rank_in_district bigint, rank_in_group bigint, group_code varchar, "
    "group_size bigint, run_id varchar",
    "fct_score_component": "scale varchar, unit_code varchar, year integer, scheme_code varchar, "
    "scheme_version varchar, indicator_code varchar, obstacle_degree double, value double, ideal_value double, "
    "standardised double, weight double, contribution double, imputed boolean",
    "fct_next_grade": "scale varchar, unit_code varchar, year integer, scheme_code varchar, scheme_version varchar, "
    "indicator_code varchar, next_grade varchar, needed_score double, needed_value double, not_reached_reason varchar",
    "fct_score_stability": "scale varchar, unit_code varchar, year integer, scheme_code varchar, "
    "scheme_version varchar, rank_p05 bigint, rank_p95 bigint, grade_probability double, missing_low double, "
    "missing_high double, flag boolean, draws bigint, illustrative boolean, data_score_p05 double, "
    "data_score_p95 double, data_rank_p05 bigint, data_rank_p95 bigint, data_grade_probability double, "
    "joint_rank_p05 bigint, joint_rank_p95 bigint, joint_grade_probability double, grade_low varchar, "
    "grade_high varchar, hangs_on varchar, data_draws bigint",
    "fct_score_left_out": "scale varchar, unit_code varchar, year integer, scheme_code varchar, "
    "scheme_version varchar, indicator_code varchar, grade_without varchar, grade_changes boolean",
    "fct_score_change": "scale varchar, unit_code varchar, year integer, scheme_code varchar, scheme_version varchar, "
    "previous_score double, score_change double, data_effect double, ideal_effect double, weight_effect double, "
    "previous_grade varchar, no_effect_reason varchar, score double, grade varchar",
    "fct_measure": "scale varchar, unit_code varchar, year integer, scheme_code varchar, scheme_version varchar, "
    "measure_code varchar, name_zh varchar, department varchar, reason varchar, illustrative boolean, grade varchar, "
    "flag boolean",
    "fct_public_notice": "notice_no varchar, year integer, start_date date, deadline date, document_no varchar, "
    "place varchar",
    "fct_objection": "objection_no varchar, year integer, scale varchar, unit_code varchar, indicator_code varchar, "
    "received_date date, deadline date, state varchar, correction_no varchar",
    "fct_publication_change": "scale varchar, unit_code varchar, year integer, scheme_code varchar, "
    "scheme_version varchar, from_run_id varchar, score_before double, score_after double, grade_before varchar, "
    "grade_after varchar, cause varchar, objection_nos varchar",
    "fct_low_efficiency_parcel": "parcel_code varchar, year integer, district_code varchar, zone_code varchar, "
    "site_area_m2 double, "
    "reasons varchar[], main_reason varchar, release_share double, shared_area_m2 double, shared_with varchar[], "
    "releasable_area_m2 double, illustrative boolean",
    "fct_low_efficiency_reason": "parcel_code varchar, year integer, reason varchar, rule_order integer, "
    "actual_value double, limit_value double, actual_text varchar, limit_text varchar",
    "fct_stage_due": "as_of_date date, agreement_no varchar, obligation varchar, due_date date, seq_no bigint, "
    "stage varchar, period_no bigint, days_left bigint, state varchar, department varchar, district_code varchar, "
    "parcel_code varchar",
    "fct_stage_result": "agreement_no varchar, stage varchar, evaluation_year integer, period_no bigint, "
    "result varchar, result_date date, result_reason varchar, failed_years_cumulative bigint, missed_count bigint, "
    "district_code varchar, zone_code varchar, parcel_code varchar",
    "fct_indicator_change": "scale varchar, unit_code varchar, year integer, indicator_code varchar, value double, "
    "previous_year integer, previous_value double, growth_ratio double, growth_null_reason varchar",
    "fct_land_demand": "base_year integer, year integer, district_code varchar, industry_code varchar, "
    "scenario varchar, method varchar, land_ha double, demand_ha double, low_ha double, high_ha double, "
    "used boolean, rejected_reason varchar, weight double, interval_reason varchar",
    "fct_land_supply": "base_year integer, year integer, district_code varchar, industry_code varchar, "
    "source varchar, scenario varchar, area_ha double",
    "fct_land_balance": "base_year integer, year integer, district_code varchar, industry_code varchar, "
    "scenario varchar, supply_of_year_ha double, supply_ha double, demand_ha double, balance_ha double, low_ha double, "
    "high_ha double, ratio double, first_shortage_year integer, lacking varchar",
    "fct_land_supply_item": "base_year integer, year integer, district_code varchar, industry_code varchar, "
    "scenario varchar, source varchar, item_id varchar, data_year integer, parcel_code varchar, area_ha double, "
    "overlap_ha double, realisation_rate double, industrial_share double, cut_ha double, effective_ha double, "
    "counted boolean, duplicate_of varchar, reason varchar, from_marts boolean",
    "fct_land_sensitivity": "base_year integer, year integer, district_code varchar, industry_code varchar, "
    "scenario varchar, driver varchar, direction varchar, step double, base_balance_ha double, balance_ha double, "
    "change_ha double",
    "fct_land_gap": "base_year integer, year integer, district_code varchar, industry_code varchar, "
    "scenario varchar, shortage_ha double, output_per_land_rise_ratio double, "
    "output_per_land_rise_yearly_ratio double, low_efficiency_ha double, low_efficiency_share_ratio double, "
    "reason varchar",
    "fct_activity_forecast": "base_year integer, year integer, district_code varchar, industry_code varchar, "
    "measure varchar, method varchar, forecast double, low double, high double, weight double, used boolean, "
    "rejected_reason varchar, reconciled double, interval_reason varchar",
    "fct_forecast_accuracy": "base_year integer, measure varchar, method varchar, horizon integer, "
    "series_count bigint, trials bigint, mape_ratio double, mase_ratio double, coverage_ratio double, "
    "nominal_ratio double, combined_beats_baselines boolean, coverage_apart_ratio double",
    "dim_district_outline": "district_code varchar, geometry blob, tolerance_m double",
    "fct_region_history": "evaluation_year integer, scale varchar, unit_code varchar, year integer, "
    "measure_code varchar, value double, null_reason varchar",
    "fct_load": "file_sha256 varchar, dataset varchar, year integer, file_name varchar, rows_in bigint, "
    "accepted bigint, quarantined bigint, superseded bigint, state varchar, reason varchar",
    "fct_quarantine": "file_sha256 varchar, dataset varchar, year integer, file_name varchar, row_no bigint, "
    "rule_code varchar, severity varchar, message_zh varchar, message_en varchar, next_step varchar",
}
_KEEP_EARLIER = {"fct_load", "fct_quarantine"}  # what earlier years brought in is shown beside the year


def exact_sum(column: str) -> str:
    """Return the SQL of a sum that does not depend on the order of rows."""
    return f"cast(sum(cast({column} as decimal(38, 16))) as double)"


def exact_mean(column: str) -> str:
    """Return the SQL of a mean that does not depend on the order of rows; NULL of no values."""
    return f"{exact_sum(column)} / nullif(count({column}), 0)"


class Marts:
    """The year's part of a snapshot, one temporary view a table; `rows` answers SQL on those views."""

    def __init__(self, con: duckdb.DuckDBPyConnection, year: int) -> None:
        """Make the views and find the run whose rows the year holds.

        Raises StageFailed when the year is not published.
        """
        self._con, self.year = con, year
        self._area: str | None = None
        self.have = self._tables()
        con.execute("set threads = 1")  # equal order of equal rows
        for table in COLUMNS:
            if table != "fct_stage_due":
                self._view(table, None)
        self.run = self._run()
        self._view("fct_stage_due", self.run["as_of_date"])

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Return the rows of a query as dictionaries."""
        cursor = self._con.execute(sql, list(parameters))
        names = [c[0] for c in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> duckdb.DuckDBPyConnection:
        """Run a statement: to make a temporary table, or to fetch rows in batches from what is returned."""
        return self._con.execute(sql, list(parameters))

    def arrow(self, sql: str) -> pa.Table:
        """Return the rows of a query as an Arrow table."""
        return self._con.execute(sql).to_arrow_table()

    def one(self, sql: str, parameters: Sequence[Any] = ()) -> Row:
        """Return the first row of a query; an empty dictionary when there is none."""
        return next(iter(self.rows(sql, parameters)), {})

    def count(self, table: str) -> int:
        """Return how many rows of the year a table has (0: also when the snapshot lacks it)."""
        return self.one(f"select count(*) as n from {table}")["n"]

    @property
    def area_code(self) -> str | None:
        """The district code under which land forecasts are read: the city's, or a district's."""
        return self._area or self.city_code

    @area_code.setter
    def area_code(self, code: str | None) -> None:
        self._area = code

    @cached_property
    def city_code(self) -> str | None:
        """The code under which the city stands among the units."""
        found = self.one("select unit_code as code from dim_unit where scale = 'city' order by unit_code")
        return found.get("code") or self.one("select city_code as code from fct_city_year order by 1").get("code")

    def checks(self) -> list[Row]:
        """Return the `qc_*` tables of the snapshot: table, Chinese part of its comment (may be None), rows of the year.

        A table of several rules has a row for each, named by its rule and with one of its messages.
        """
        return [row for table in sorted(self.have) if table.startswith("qc_") for row in self._check(table)]

    def _check(self, table: str) -> list[Row]:
        have = self.have[table]
        where = f"where year = {self.year}" if "year" in have else ""
        if {"rule_code", "message_zh"} <= have:
            return self.rows(
                f'select rule_code as name, min(message_zh) as comment, count(*) as n from marts."{table}" {where} '
                "group by rule_code order by rule_code"
            )
        return self.rows(
            "select ? as name, (select min(regexp_replace(comment, ' [(].*', '')) from duckdb_tables() "
            "where schema_name = 'marts' and table_name = ?) as comment, "
            f'(select count(*) from marts."{table}" {where}) as n',
            [table, table],
        )

    def _tables(self) -> dict[str, set[str]]:
        have: dict[str, set[str]] = {}
        for row in self.rows("select table_name, column_name from duckdb_columns() where schema_name = 'marts'"):
            have.setdefault(row["table_name"], set()).add(row["column_name"])
        return have

    def _view(self, table: str, as_of: date | None) -> None:
        have = self.have.get(table, set())
        wanted = [c.split(" ", 1) for c in COLUMNS[table].split(", ")]
        picked = [
            f"try_cast(t.{name} as {kind}) as {name}" if name in have else f"null::{kind} as {name}"
            for name, kind in wanted
        ]
        source = f"marts.{table} as t where {self._part(table, have, as_of)}" if have else "range(0) as t"
        self._con.execute(f"create or replace temp view {table} as select {', '.join(picked)} from {source}")

    def _part(self, table: str, have: set[str], as_of: date | None) -> str:
        if as_of is not None and "as_of_date" in have:
            return f"t.as_of_date = date '{as_of}'"
        if "evaluation_year" in have:
            return f"t.evaluation_year = {self.year}"
        if "base_year" in have and "base_year" in COLUMNS[table]:
            return f"t.base_year = {self.year}"
        if "year" in have:
            return f"t.year {'<=' if table in _KEEP_EARLIER else '='} {self.year}"
        return "true"

    def _run(self) -> Row:
        """The run of the year's rows; final where that run was approved, whichever way it was published last."""
        found = self.one(
            "select * from fct_run order by run_id in (select run_id from fct_city_year union all "
            "select run_id from (select run_id from dim_parcel limit 1)) desc, "
            "state = 'final' desc, published_at desc nulls last, run_id"
        )
        if not found:
            raise StageFailed(f"year {self.year} is not published", "Run `landgauge publish` for that year first.")
        return found
