"""Who should see a row, worked out from the snapshot by the columns that a table has; the serving is not asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from tests.serving.serving_rows import text

OPEN = [
    "dim_district", "dim_district_outline", "dim_town", "dim_industry", "dim_industry_mapping", "dim_indicator",
    "dim_scheme", "dim_scheme_rule", "dim_scoring_setting", "bridge_district_succession", "fct_run",
    "fct_public_notice", "fct_weight", "fct_ideal_value", "fct_city_year", "fct_second_opinion_agreement",
    "fct_forecast_accuracy",
]  # fmt: skip
CITY = [
    "fct_industry_year", "fct_grade_migration", "fct_policy_effect", "fct_forecast_backtest", "fct_load",
    "fct_quarantine", "fct_publication", "fct_correction", "qc_file_district", "qc_source_finding",
]  # fmt: skip
DISTRICT = re.compile(r"fct_(land_(?!potential)|activity_|forecast_series|admission_|district_year)|qc_town_unknown")
NAMES = {
    "parcel": ("parcel_code", "other_parcel_code", "candidate_parcel_codes", "declared_parcel_codes"),
    "enterprise": ("uscc", "candidate_usccs"),
}
EVERYONE = ("*", "*")
NOBODY = (None, None)


@dataclass
class Row:
    """A row as text, with the district and street that see it."""

    text: str
    district: str | None
    town: str | None


class Owners:
    """The registers of a snapshot."""

    def __init__(self, snapshot: Path) -> None:
        self._con = duckdb.connect(str(snapshot), read_only=True)
        self._places = {
            "parcel": self._register("select parcel_code, year, district_code, town_code from marts.dim_parcel"),
            "enterprise": self._register("select uscc, year, district_code, town_code from marts.dim_enterprise"),
            "zone": self._register("select zone_code, year, district_code, null from marts.dim_zone"),
            "block": self._register("select block_code, year, district_code, null from marts.dim_block"),
        }
        agreements = self._con.execute("select agreement_no, district_code, parcel_code from marts.dim_agreement")
        self._agreements = {no: (district, parcel) for no, district, parcel in agreements.fetchall()}
        self.merged = dict(
            self._con.execute(
                "select district_code, successor_code from marts.dim_district where successor_code is not null"
            ).fetchall()
        )
        self._districts = {c for (c,) in self._con.execute("select district_code from marts.dim_district").fetchall()}

    def _register(self, sql: str) -> dict[tuple[str, int | None], tuple[str, str | None]]:
        found: dict = {}
        for code, year, district, town in sorted(self._con.execute(sql).fetchall(), key=lambda r: r[1]):
            found[code, year] = found[code, None] = (district, town)
        return found

    def tables(self) -> Iterator[tuple[str, list[Row]]]:
        names = self._con.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts' "
            "union select view_name from duckdb_views() where schema_name = 'marts' order by all"
        ).fetchall()
        for (name,) in names:
            cursor = self._con.execute(f"select * from marts.{name}")
            columns = [c[0] for c in cursor.description]
            yield (
                name,
                [Row(text(r), *self._owner(name, dict(zip(columns, r, strict=True)))) for r in cursor.fetchall()],
            )

    def _owner(self, table: str, row: dict) -> tuple[str | None, str | None]:
        if table in OPEN:
            return EVERYONE
        if table in CITY:
            return NOBODY
        places = [self._place(scale, code, row.get("year")) for scale, code in self._units(table, row)]
        common = [{place[level] for place in places} for level in (0, 1)]
        return tuple(found.pop() if len(found) == 1 else None for found in common)  # type: ignore[return-value]

    def _units(self, table: str, row: dict) -> Iterator[tuple[str, str]]:
        if DISTRICT.match(table):
            yield "district", row["district_code"]
        elif "unit_code" in row and "scale" in row:
            yield row["scale"], row["unit_code"]
        elif "compiled_by_scale" in row:
            yield row["compiled_by_scale"], row["compiled_by"]
        elif "agreement_no" in row:
            yield "agreement", row["agreement_no"]
        elif table.startswith("qc_"):
            yield from self._all_named(row)
        else:
            columns = {"parcel_code": "parcel", "uscc": "enterprise", "zone_code": "zone", "block_code": "block"}
            yield next((scale, row[column]) for column, scale in columns.items() if column in row)

    def _all_named(self, row: dict) -> Iterator[tuple[str, str]]:
        for scale, columns in NAMES.items():
            for column in columns:
                value = row.get(column, [])
                if value is None and column.endswith("s"):  # a list of others that names none
                    value = []
                if column == "declared_parcel_codes":
                    value = re.findall(r"\w+", value) if isinstance(value, str) else value
                yield from ((scale, code) for code in (value if isinstance(value, list) else [value]))

    def _place(self, scale: str, code: str, year: int | None) -> tuple[str | None, str | None]:
        if scale == "city" or (scale == "district" and code not in self._districts):
            return EVERYONE if code == "440100" else NOBODY
        if scale == "district":
            return code, None
        if scale == "agreement":
            district, parcel = self._agreements.get(code, NOBODY)
            return district, self._places["parcel"].get((parcel, None), NOBODY)[1]
        return self._places.get(scale, {}).get((code, year), NOBODY)
