"""A year small enough to compute by hand: five parcels, eight enterprises, every way of pairing."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import series_by_hand
from dbt_tables import DATASETS, OTHERS, definitions

from landgauge.stages import contracts, publication

YEAR, AS_OF, RUN_ID = 2023, "2023-12-31", "0123456789abcdef"
LOADED = (
    *("parcels", "buildings", "enterprises", "occupancy", "operations", "taxes", "energy"),
    *("zones", "agreements", "agreement_events", "district_series"),
)  # not emissions

_P1 = {"parcel_code": "P1", "district_code": "440106", "land_use_code": "M1", "site_area_m2": 10000}
PARCELS: list[dict[str, Any]] = [
    _P1
    | {"town_code": "440106001", "block_code": "K1", "green_area_m2": 1000, "structure_footprint_m2": 200}
    | {"yard_area_m2": 300, "land_price_cny10k": 500},
    {"parcel_code": "P2", "district_code": "440106", "land_use_code": "M1", "site_area_m2": 20000, "block_code": "K1"}
    | {"admin_land_area_m2": 1000},
    {"parcel_code": "P3", "district_code": "440112", "land_use_code": "W", "site_area_m2": 5000, "zone_code": "Z1"},
    {"parcel_code": "P4", "district_code": "440106", "land_use_code": "R", "site_area_m2": 3000},
    {"parcel_code": "P5", "district_code": "440106", "land_use_code": "M1", "site_area_m2": 7000},
]
# P3 and P4 share a border on 113.41; P5 overlaps P4; P1 and P2 have no polygon.
SHAPES = {
    "P3": "POLYGON((113.40 23.10, 113.41 23.10, 113.41 23.11, 113.40 23.11, 113.40 23.10))",
    "P4": "POLYGON((113.41 23.10, 113.42 23.10, 113.42 23.11, 113.41 23.11, 113.41 23.10))",
    "P5": "POLYGON((113.415 23.10, 113.425 23.10, 113.425 23.11, 113.415 23.11, 113.415 23.10))",
}
BUILDINGS: list[dict[str, Any]] = [
    {"building_code": "B1", "parcel_code": "P1", "building_use": "生产", "footprint_m2": 4000, "floor_area_m2": 8000}
    | {"floor_area_over_8m_m2": 2000},
    {
        "building_code": "B2",
        "parcel_code": "P1",
        "building_use": "行政办公",
        "footprint_m2": 500,
        "floor_area_m2": 2000,
    },
]


def _firm(uscc: str, district: str = "440106", state: str = "存续", at: tuple[float, float] | None = None) -> dict:
    place = {"longitude": at[0], "latitude": at[1]} if at else {}
    names = {"uscc": uscc, "enterprise_name": f"{uscc}公司", "industry_code": "361", "industry_edition": "2017"}
    return names | {"district_code": district, "registration_state": state} | place


ENTERPRISES = [
    _firm("E1"),
    _firm("E2", at=(113.405, 23.105)),  # has an occupancy row: its point does not matter
    _firm("E3"),
    _firm("E4", district="440112", at=(113.41, 23.105)),  # on the border of P3 and P4
    _firm("E5", state="注销"),
    _firm("E6", district="440112"),
    _firm("E7", at=(113.405, 23.105)),  # its only occupancy row ended before the year
    _firm("E8") | {"industry_code": "C13"},
]


def _occupies(uscc: str, parcel: str, floor: float | None, land: float | None, **dates: date) -> dict[str, Any]:
    return {"uscc": uscc, "parcel_code": parcel, "tenure": "自有", "floor_area_m2": floor, "land_area_m2": land} | dates


OCCUPANCY = [
    _occupies("E1", "P1", 300, None),
    _occupies("E1", "P2", 100, None),
    _occupies("E2", "P1", 100, 500, start_date=date(2023, 12, 31)),
    _occupies("E2", "P2", 900, 500, start_date=date(2024, 1, 1)),  # not yet
    _occupies("E3", "P1", 100, 200),
    _occupies("E3", "P4", None, 600),
    _occupies("E5", "P2", 5000, None),
    _occupies("E7", "P1", 100, None, end_date=date(2022, 12, 31)),
    _occupies("E8", "P1", 0, None, end_date=date(2023, 1, 1)),
    _occupies("E8", "P2", 0, None),
    _occupies("E8", "P3", 0, None),
]
_OPERATIONS = ("uscc", "output_cny10k", "revenue_cny10k", "value_added_cny10k", "fixed_investment_cny10k")
_OPERATIONS += ("employees", "rd_staff", "rd_expenditure_cny10k", "new_product_sales_cny10k")
OPERATIONS = [
    dict(zip(_OPERATIONS, row, strict=True))
    for row in (
        ("E1", 1000, 2000, 400, 800, 40, 4, 20, 200),
        ("E2", 500, 600, -100, None, 10, None, 6, None),
        ("E3", 100, 0, 30, 60, 0, 0, 0, 0),
        ("E4", 0, 50, 10, 20, 5, 1, 1, 5),
        ("E5", 9999, 9999, 9999, 9999, 9999, 9999, 9999, 9999),
        ("E6", 70, 80, 20, 10, 5, 1, 1, 5),
        ("E7", 30, 30, 5, 5, 5, 1, 1, 5),
        ("E8", 100, 90, 10, 10, 3, 1, 1, 5),
    )
]
TAXES = [{"uscc": u, "tax_paid_cny10k": t} for u, t in (("E1", 100), ("E2", 600), ("E3", -4), ("E5", 9999))]
ENERGY = [
    {"uscc": "E1", "energy_type": "电力", "quantity": 10, "unit": "10^4 kWh"},
    {"uscc": "E1", "energy_type": "原煤", "quantity": 100, "unit": "t"},
    {"uscc": "E4", "energy_type": "原煤", "quantity": 10, "unit": "t"},
]
AGREEMENTS = [
    {"agreement_no": "A1", "parcel_code": "P1", "uscc": "E1", "signed_date": date(2020, 1, 1), "supply_mode": "出让"}
    | {"start_due": date(2021, 1, 1), "completion_due": date(2023, 6, 1), "production_due": date(2024, 2, 1)}
    | {"term_end_date": date(2044, 2, 29)},
]
EVENTS = [{"agreement_no": "A1", "event": "开工", "event_date": date(2021, 3, 1)}]
INDUSTRIES = [
    *(("2017", "C", "制造业", 1, None), ("2017", "C36", "汽车制造业", 2, "C"), ("2017", "C361", "整车制造", 3, "C36")),
    *(("2017", "C13", "农副食品加工业", 2, "C"),),
]
DISTRICTS = [
    ("440106", "天河区", 1985, None, None),
    ("440112", "黄埔区", 1973, None, None),
    ("440113", "番禺区", 2000, None, None),
    ("440116", "萝岗区", 2005, 2014, "440112"),
]
FINDINGS = [
    ("orphan:parcel_code", "error", 7),
    ("qc:doubtful", "warning", 7),
    ("qc:doubtful", "warning", 8),  # of an accepted row: not in fct_quarantine
]


def write(path: Path) -> None:
    """Write the warehouse file as ingestion would leave it."""
    with duckdb.connect(str(path)) as con:
        _tables(con)
        rows = {"parcels": PARCELS, "buildings": BUILDINGS, "enterprises": ENTERPRISES, "occupancy": OCCUPANCY}
        rows |= {"operations": OPERATIONS, "taxes": TAXES, "energy": ENERGY}
        rows |= {"agreements": AGREEMENTS, "agreement_events": EVENTS}
        for dataset, content in rows.items():
            for number, row in enumerate(content, 1):
                _insert(con, f"accepted.{dataset}", {"data_year": YEAR, "load_id": 1, "row_no": number} | row)
        for number, row in enumerate(series_by_hand.rows(), 1):
            _insert(con, "accepted.district_series", {"load_id": 1, "row_no": number} | row)
        _insert(con, "accepted.enterprises", {"data_year": YEAR - 1, "load_id": 1, "row_no": 1} | _firm("E9"))
        con.execute("load spatial") if _spatial(con) else None
        for code, shape in SHAPES.items():
            con.execute(
                "update accepted.parcels set geometry = st_aswkb(st_geomfromtext(?)), polygon_area_m2 = site_area_m2 "
                "where parcel_code = ?",
                [shape, code],
            )
        _surroundings(con)


def _tables(con: duckdb.DuckDBPyConnection) -> None:
    for schema in ("accepted", "ledger", "quarantine", "qc", "profile"):
        con.execute(f"create schema {schema}")
    for dataset, spec in DATASETS.items():
        keys = "load_id BIGINT, row_no BIGINT, data_year INTEGER"
        con.execute(f"create table accepted.{dataset} ({keys}, {definitions(spec)})")
    for table, spec in OTHERS.items():
        con.execute(f"create table {table} ({definitions(spec)})")
    contracts.prepare(con)
    publication.prepare(con)


def _spatial(con: duckdb.DuckDBPyConnection) -> bool:
    from warehouse.db import install_extensions

    con.execute(f"set extension_directory = '{install_extensions()}'")
    return True


def _insert(con: duckdb.DuckDBPyConnection, table: str, row: dict[str, Any]) -> None:
    columns = ", ".join(row)
    con.execute(f"insert into {table} ({columns}) values ({', '.join('?' * len(row))})", list(row.values()))


def _surroundings(con: duckdb.DuckDBPyConnection) -> None:
    setting = {"city_code": "440100", "name_zh": "广州市", "projected_crs": "EPSG:4547", "area_warn": 0.05}
    _insert(con, "profile.setting", setting)
    con.executemany("insert into profile.district values (?, ?, ?, ?, ?)", [*DISTRICTS, series_by_hand.ENDED])
    con.executemany("insert into profile.industry values (?, ?, ?, ?, ?)", INDUSTRIES)
    con.executemany(
        "insert into profile.land_use values (?, ?, ?)", [("M1", "", True), ("W", "", True), ("R", "", False)]
    )
    con.execute(
        "insert into profile.town by name select '440106001' as code, '五山街道' as name_zh, '440106' as district_code"
    )
    for number, dataset in enumerate(LOADED, 1):
        _insert(con, "ledger.load", _load(number, dataset, "loaded", 1 if dataset == "occupancy" else 0))
    _insert(con, "ledger.load", _load(90, "emissions", "rejected", 0))
    _insert(con, "ledger.load", _load(91, "occupancy", "superseded", 0))
    finding = {
        "data_year": YEAR,
        "dataset": "occupancy",
        "message_zh": "错",
        "message_en": "wrong",
        "origin": "resolve",
    }
    for load in (4, 91):
        for rule, severity, row_no in FINDINGS:
            named = {"load_id": load, "rule_code": rule, "severity": severity, "row_no": row_no}
            _insert(con, "quarantine.finding", finding | named)


def _load(load_id: int, dataset: str, state: str, quarantined: int) -> dict[str, Any]:
    counts = {"rows_in": 10 + quarantined, "accepted": 10, "quarantined": quarantined, "superseded": 0}
    names = {"load_id": load_id, "file_sha256": f"sha{load_id}", "dataset": dataset, "data_year": YEAR}
    times = {"loaded_at": datetime(2024, 1, 2), "run_id": "loadrun"}
    return names | counts | times | {"file_name": f"{dataset}/2023/{load_id}.csv", "state": state}
