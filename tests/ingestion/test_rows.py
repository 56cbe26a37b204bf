"""Row rules on small relations: each rule of the input contract on both sides of its boundary."""

from __future__ import annotations

from datetime import date, datetime

import duckdb
import pyarrow as pa
import pytest

from ingestion import contract as contracts
from ingestion.rows import RowContext, SourceColumn, error_select, prepare, typed_select
from landgauge import profile as profiles
from landgauge.errors import ConfigurationError

GUANGZHOU = profiles.load(None)
USCC = "91350100M000100Y43"  # published example, https://www.yc00.com/web/1713075042a2177900.html

GOOD = {
    "parcels": {
        "parcel_code": "440112001001GB00001",
        "district_code": "440112",
        "town_code": "440112001",
        "land_use_code": "M1",
        "site_area_m2": "10000",
        "green_area_m2": "1500",
        "far_min": "1.0",
        "far_max": "3.5",
        "supply_mode": "出让",
        "supply_date": "2010-05-01",
        "term_end_date": "2060-05-01",
        "use_state": "在用",
    },
    "buildings": {
        "building_code": "B1",
        "parcel_code": "P1",
        "building_use": "生产",
        "footprint_m2": "100",
        "floor_area_m2": "200",
    },
    "enterprises": {
        "uscc": USCC,
        "enterprise_name": "甲公司",
        "industry_code": "C3611",
        "district_code": "440112",
    },
    "occupancy": {"parcel_code": "P1", "uscc": USCC, "tenure": "承租"},
    "operations": {"uscc": USCC, "output_cny10k": "100", "employees": "10"},
    "taxes": {"uscc": USCC, "tax_paid_cny10k": "5"},
    "energy": {"uscc": USCC, "energy_type": "电力", "quantity": "3", "unit": "万千瓦时"},
    "emissions": {"uscc": USCC, "pollutant": "NH3-N", "emission_t": "0"},
    "agreements": {
        "agreement_no": "XY1",
        "parcel_code": "P1",
        "uscc": USCC,
        "signed_date": "2020-01-01",
        "term_end_date": "2040-01-01",
        "supply_mode": "出让",
    },
    "agreement_targets": {
        "agreement_no": "XY1",
        "stage": "达产",
        "indicator_code": "plot_ratio",
        "comparison": ">=",
        "target_value": "1",
        "department": "规划",
    },
    "zones": {"zone_code": "Z1", "zone_name": "某区", "zone_type": "经开区", "district_code": "440112"},
    "district_series": {"district_code": "440100", "industry_code": "C36"},
    "land_supply": {
        "supply_id": "S1",
        "district_code": "440112",
        "source": "批而未供",
        "area_ha": "1.5",
        "available_year": "2025",
    },
    "corrections": {
        "correction_no": "G1",
        "dataset": "taxes",
        "year": "2024",
        "key_json": '{"uscc": "' + USCC + '"}',
        "column": "tax_paid_cny10k",
        "new_value": "6",
        "reason": "误填",
        "approved_by": "张三",
        "effective_date": "2024-06-01",
    },
}
_TYPES = {str: "VARCHAR", float: "DOUBLE", int: "BIGINT", bool: "BOOLEAN", date: "DATE", datetime: "TIMESTAMP"}
_MEASURED = {"geometry": "blob", "geometry_error": "varchar"}
_ARROW = {"row_no": pa.int32()}
_GEOMETRY = {"geometry": None, "polygon_area_m2": None, "centroid_lon": None, "centroid_lat": None}


@pytest.fixture(scope="module")
def con():
    with duckdb.connect() as connection:
        prepare(connection, GUANGZHOU)
        yield connection


class Checker:
    """Puts one row through the rules."""

    def __init__(self, con, profile=GUANGZHOU):
        self.con = con
        self.profile = profile

    def __call__(self, dataset, changes=(), year=2024, spreadsheet=False, factors=(), geometry=()):
        row = {**GOOD[dataset], **dict(changes)}
        contract = contracts.load(dataset)
        names = [name for name in row if row[name] is not ...]
        types = {name: _TYPES.get(type(row[name]), "VARCHAR") for name in names}
        bound = {n: SourceColumn(f"c_{n}", types[n], dict(factors).get(n, 1.0)) for n in names}
        columns = [f"cast(? as {types[n]}) as c_{n}" for n in names]
        values = [row[n] for n in names]
        if dataset == "parcels":
            measured = {**_GEOMETRY, "geometry_error": None, **dict(geometry)}
            columns += [f"cast(? as {_MEASURED.get(n, 'double')}) as {n}" for n in measured]
            values += measured.values()
        self.con.execute(f"create or replace temp table one as select 1 as row_no, {', '.join(columns)}", values)
        context = RowContext(self.profile, year, spreadsheet)
        typed = self.con.sql(typed_select(contract, bound, context, "one"))
        found = dict(zip(typed.columns, typed.fetchone(), strict=True))
        errors = self.con.execute(error_select(contract, bound, context, "one", "one")).fetchall()
        assert found["is_bad"] == bool(errors)
        return found, {error[1]: error[3] for error in errors}

    def texts(self, dataset, changes):
        """Return the broken rules of each of many rows of text, each a good row with changes."""
        contract = contracts.load(dataset)
        rows = [{**GOOD[dataset], **change} for change in changes]
        names = sorted({name for row in rows for name in row})
        measured = {**_GEOMETRY, "geometry_error": None}
        columns = {"row_no": range(len(rows)), **{f"c_{n}": [row.get(n) for row in rows] for n in names}}
        self.con.register(
            "cells", pa.table({name: pa.array(v, _ARROW.get(name, pa.string())) for name, v in columns.items()})
        )
        nothing = ", ".join(f"null::{_MEASURED.get(n, 'double')} as {n}" for n in measured)
        self.con.execute(f"create or replace temp table many as select *, {nothing} from cells")
        bound = {n: SourceColumn(f"c_{n}", "VARCHAR") for n in names}
        context = RowContext(self.profile, 2024, False)
        broken = [set() for _ in rows]
        for row_no, rule, *_ in self.con.execute(error_select(contract, bound, context, "many", "many")).fetchall():
            broken[row_no].add(rule)
        typed = typed_select(contract, bound, context, "many")
        verdicts = self.con.execute(f"select is_bad from ({typed}) order by row_no").fetchall()
        assert [verdict[0] for verdict in verdicts] == [bool(rules) for rules in broken]
        return broken


@pytest.fixture
def check(con):
    return Checker(con)


@pytest.mark.parametrize("dataset", GOOD)
def test_a_good_row_breaks_no_rule(check, dataset):
    assert check(dataset)[1] == {}


@pytest.mark.parametrize("dataset", GOOD)
def test_each_required_value_is_missed_and_nothing_else_is_reported(check, dataset):
    markers = (None, "", " - ", "--", "/", "无", "NA", "N/A", "null")
    asked = [(name, marker) for name in contracts.load(dataset).required for marker in markers]
    found = check.texts(dataset, [{name: marker} for name, marker in asked])
    assert found == [{f"required:{name}"} for name, _ in asked]


PARCELS = [
    ({"parcel_code": "440112001001GB0000"}, {"pattern:parcel_code"}),
    ({"parcel_code": "440112001001QB00001"}, {"pattern:parcel_code"}),
    ({"parcel_code": "450103001001GB00001"}, set()),  # published example of a code
    ({"parcel_code": "9.144E+17"}, {"spreadsheet_number:parcel_code"}),
    ({"parcel_code": "４４０１１２００１００１ＧＢ００００１"}, set()),
    ({"district_code": "440116", "town_code": None}, {"list:district_code"}),  # ended in 2014
    ({"town_code": "440106001"}, {"pattern:town_code"}),
    ({"town_code": "440106001", "district_code": None}, {"required:district_code"}),
    ({"land_use_code": "M9"}, {"list:land_use_code"}),
    ({"land_use_code": "R2"}, set()),
    ({"site_area_m2": "0", "green_area_m2": None}, {"range:site_area_m2"}),
    ({"site_area_m2": "一万"}, {"type:site_area_m2"}),
    ({"green_area_m2": "-0.01"}, {"range:green_area_m2"}),
    ({"green_area_m2": "10000"}, set()),
    ({"green_area_m2": "10000.01"}, {"limit:green_area_m2"}),
    ({"structure_footprint_m2": "10001"}, {"limit:structure_footprint_m2"}),
    ({"yard_area_m2": "10001"}, {"limit:yard_area_m2"}),
    ({"admin_land_area_m2": "10001"}, {"limit:admin_land_area_m2"}),
    ({"supply_mode": "拍卖"}, {"list:supply_mode"}),
    ({"supply_mode": " 出让\u3000"}, set()),
    ({"land_price_cny10k": "-1"}, {"range:land_price_cny10k"}),
    ({"far_min": "0"}, {"range:far_min"}),
    ({"far_max": "30"}, {"range:far_max"}),
    ({"far_max": "29.99"}, set()),
    ({"far_min": "3.6"}, {"limit:far_min"}),
    ({"far_min": "3.5"}, set()),
    ({"term_end_date": "2010-05-01"}, {"order:term_end_date"}),
    ({"term_end_date": "2010-05-02"}, set()),
    ({"supply_date": "2010-02-30"}, {"type:supply_date"}),
    ({"use_state": "空置"}, {"list:use_state"}),
    ({"site_area_m2": "-1", "use_state": "x", "green_area_m2": None}, {"range:site_area_m2", "list:use_state"}),
]


def test_parcel_rules(check):
    assert check.texts("parcels", [changes for changes, _ in PARCELS]) == [broken for _, broken in PARCELS]


@pytest.mark.parametrize(
    ("geometry", "broken"),
    [
        ({"polygon_area_m2": 8000.0}, set()),  # the tolerance itself is allowed
        ({"polygon_area_m2": 7999.0}, {"area:site_area_m2"}),
        ({"polygon_area_m2": 12000.0}, set()),
        ({"polygon_area_m2": 12001.0}, {"area:site_area_m2"}),
        ({"geometry_error": "geometry"}, {"geometry:geometry"}),
        ({"geometry_error": "extent", "polygon_area_m2": 10000.0}, {"extent:geometry"}),
    ],
)
def test_geometry_rules(check, geometry, broken):
    assert set(check("parcels", geometry=geometry)[1]) == broken


def test_geometry_is_passed_through(check):
    measured = {"geometry": b"\x01", "polygon_area_m2": 9999.0, "centroid_lon": 113.5, "centroid_lat": 23.1}
    found, broken = check("parcels", geometry=measured)
    assert {name: found[name] for name in measured} == measured
    assert not broken


@pytest.mark.parametrize(
    ("year", "broken"), [(2014, set()), (2015, {"list:district_code"}), (2004, {"list:district_code"})]
)
def test_a_district_counts_in_the_years_in_which_its_code_is_valid(check, year, broken):
    changes = {"district_code": "440116", "town_code": None}
    assert set(check("parcels", changes, year=year)[1]) == broken


OTHERS = [
    ("buildings", {"building_use": "商场"}, {"list:building_use"}),
    ("buildings", {"floor_area_over_8m_m2": "200"}, set()),
    ("buildings", {"floor_area_over_8m_m2": "200.1"}, {"limit:floor_area_over_8m_m2"}),
    ("buildings", {"footprint_m2": "0", "storeys": "三"}, {"type:storeys"}),
    ("enterprises", {"registration_state": "歇业"}, {"list:registration_state"}),
    ("enterprises", {"district_code": "999999", "town_code": "1"}, set()),  # no list is stated for these
    ("enterprises", {"longitude": "200", "latitude": "-"}, set()),
    ("enterprises", {"longitude": "东经"}, {"type:longitude"}),
    ("enterprises", {"above_scale": "y"}, {"list:above_scale"}),
    ("occupancy", {"tenure": "借用"}, {"list:tenure"}),
    ("occupancy", {"land_area_m2": "-1"}, {"range:land_area_m2"}),
    ("occupancy", {"start_date": "2024-01-02", "end_date": "2024-01-01"}, set()),
    ("operations", {"value_added_cny10k": "-5"}, set()),
    ("operations", {"output_cny10k": "-5"}, {"range:output_cny10k"}),
    ("operations", {"rd_staff": "10"}, set()),
    ("operations", {"rd_staff": "11"}, {"limit:rd_staff"}),
    ("operations", {"rd_staff": "-1"}, {"range:rd_staff"}),
    ("operations", {"rd_staff": "11", "employees": "x"}, {"type:employees"}),
    ("taxes", {"tax_paid_cny10k": "-1"}, {"reason_required:reason"}),
    ("taxes", {"tax_paid_cny10k": "-1", "reason": "-"}, {"reason_required:reason"}),
    ("taxes", {"tax_paid_cny10k": "-1", "reason": "汇算清缴"}, set()),
    ("taxes", {"tax_paid_cny10k": "0"}, set()),
    ("energy", {"energy_type": "水煤浆"}, {"list:energy_type"}),
    ("energy", {"unit": "吨"}, {"unit:unit"}),
    ("energy", {"unit": "桶"}, {"unit:unit"}),
    ("energy", {"energy_type": "天然气", "unit": "10^4 m3"}, set()),
    ("energy", {"energy_type": "其他", "unit": "tce"}, set()),
    ("energy", {"energy_type": "其他", "unit": "t"}, {"unit:unit"}),
    ("energy", {"energy_type": "原煤", "unit": "tce"}, {"unit:unit"}),
    ("energy", {"energy_type": "热力", "unit": "百万千焦"}, set()),
    ("energy", {"quantity": "-1"}, {"range:quantity"}),
    ("emissions", {"pollutant": "CO2"}, {"list:pollutant"}),
    ("emissions", {"pollutant": "ＣＯＤ"}, set()),
    ("agreements", {"process_interval_years": "3"}, set()),
    ("agreements", {"process_interval_years": "5.5"}, {"range:process_interval_years"}),
    ("agreements", {"building_compensation": "赠送"}, {"list:building_compensation"}),
    ("agreements", {"supply_mode": "拍卖"}, set()),  # free text here: the contract states no list
    ("agreement_targets", {"target_value": None}, {"reason_required:target_value"}),
    ("agreement_targets", {"target_value": "约1"}, {"type:target_value"}),
    ("agreement_targets", {"target_value": None, "comparison": "符合"}, set()),
    ("agreement_targets", {"comparison": "＞＝"}, set()),
    ("agreement_targets", {"stage": "投产"}, {"list:stage"}),
    ("zones", {"level": "市级"}, {"list:level"}),
    ("zones", {"a1_ha": "12a"}, {"type:a1_ha"}),
    ("land_supply", {"available_year": "2025年"}, set()),
    ("land_supply", {"available_year": "25"}, {"type:available_year"}),
    ("corrections", {"key_json": "uscc=1"}, {"type:key_json"}),
    ("corrections", {"key_json": "[1]"}, {"type:key_json"}),
]


@pytest.mark.parametrize("dataset", sorted({dataset for dataset, *_ in OTHERS}))
def test_rules_of_the_other_datasets(check, dataset):
    cases = [(changes, broken) for name, changes, broken in OTHERS if name == dataset]
    assert check.texts(dataset, [changes for changes, _ in cases]) == [broken for _, broken in cases]


def test_a_value_that_is_needed_is_missed_where_the_file_has_no_such_column(check):
    assert set(check("agreement_targets", {"target_value": ...})[1]) == {"reason_required:target_value"}


USCCS = [
    ("91350100M000100Y43", None),
    ("11370881004339597L", None),
    ("91440300708461136T", None),
    ("91440300708461136t", None),  # lower case is normalised
    (" ９１４４０３００７０８４６１１３６Ｔ ", None),
    ("91350100M000100Y4Z", "pattern:uscc"),  # Z is not of the alphabet
    ("91350100M000100Y44", "check_digit:uscc"),
    ("91350100M000100Y34", "check_digit:uscc"),
    ("91350100M000100Y4", "pattern:uscc"),
    ("91350100M000100Y433", "pattern:uscc"),
    ("91350100I000100Y43", "pattern:uscc"),
    ("9135010企000100Y43", "pattern:uscc"),
    ("9.13501E+17", "spreadsheet_number:uscc"),
]


@pytest.mark.parametrize("dataset", ["enterprises", "operations"])
def test_uscc(check, dataset):
    found = check.texts(dataset, [{"uscc": code} for code, _ in USCCS])
    assert found == [{broken} if broken else set() for _, broken in USCCS]


def test_uscc_is_normalised_and_numbers_are_not_repaired(check):
    assert check("taxes", {"uscc": " ９１４４０３００７０８４６１１３６t "})[0]["uscc"] == "91440300708461136T"
    assert check("taxes", {"uscc": 9.13501e17})[1] == {"spreadsheet_number:uscc": "9.13501e+17"}


@pytest.mark.parametrize(
    ("code", "edition", "kept"),
    [
        ("C3611", None, "3611"),
        ("3610", None, None),
        ("c36", "2017", "36"),
        ("361", 2017.0, "361"),
        (3611.0, 2017.0, "3611"),
        ("Ｃ３６１１", "２０１７", "3611"),
        ("3531", None, "3531"),
        ("D36", None, None),  # 36 is in section C
        ("C", None, None),
        ("3", None, None),
        ("3699", None, None),
        ("36.1", None, None),
        ("C37", "2002", "37"),
        ("3721", "2002", "3721"),  # the table of 2002 ends at the divisions
        ("38", "2002", None),  # no such division in 2002
        ("38", "2011", "38"),
        ("37211", "2002", None),
    ],
)
def test_industry_codes_stand_in_their_edition(check, code, edition, kept):
    found, errors = check("enterprises", {"industry_code": code, "industry_edition": edition})
    assert errors.keys() == (set() if kept else {"list:industry_code"})
    if kept:
        assert found["industry_code"] == kept
        assert found["industry_edition"] == {None: "2017", 2017.0: "2017", "２０１７": "2017"}.get(edition, edition)


def test_an_unknown_edition_is_the_only_complaint(check):
    assert set(check("enterprises", {"industry_edition": "2027", "industry_code": "zz"})[1]) == {
        "list:industry_edition"
    }


@pytest.mark.parametrize(
    ("code", "kept"),
    [("00", "00"), ("C", "C"), ("C36", "36"), ("36", "36"), ("D36", None), ("361", None), (36.0, "36")],
)
def test_series_industries(check, code, kept):
    found, errors = check("district_series", {"industry_code": code})
    assert errors.keys() == (set() if kept else {"list:industry_code"})
    assert kept is None or found["industry_code"] == kept


def test_a_profile_brings_its_own_industries_and_enterprise_codes():
    own = GUANGZHOU.model_copy(
        update={
            "enterprise_code_pattern": r"\d{8}",
            "industries": (profiles.Industry(edition="NACE2", code="C10.1", name_zh="肉类", level=3),),
        }
    )
    with duckdb.connect() as con:
        prepare(con, own)
        check = Checker(con, own)
        good = {"uscc": "12345678", "industry_edition": "NACE2", "industry_code": "C10.1"}
        found, errors = check("enterprises", good)
        assert (errors, found["industry_code"]) == ({}, "C10.1")
        assert set(check("enterprises", {**good, "industry_code": "10.1"})[1]) == {"list:industry_code"}
        assert set(check("enterprises", {**good, "uscc": USCC})[1]) == {"pattern:uscc"}
        assert set(check("enterprises", {"uscc": "12345678"})[1]) == set()


def test_a_pattern_that_duckdb_cannot_match_is_a_configuration_error():
    with duckdb.connect() as con, pytest.raises(ConfigurationError, match="parcel_code_pattern"):
        prepare(con, GUANGZHOU.model_copy(update={"parcel_code_pattern": r"(?=x)\d+"}))


def test_prepare_may_be_repeated(con):
    prepare(con, GUANGZHOU)
    assert Checker(con)("energy")[1] == {}


def test_values_are_typed_and_unbound_columns_are_null(check):
    found, _ = check("parcels", {"site_area_m2": "11,234.5", "supply_mode": ...})
    assert found["site_area_m2"] == 11234.5
    assert found["supply_date"] == date(2010, 5, 1)
    assert found["supply_mode"] is None
    assert found["parcel_name"] is None
    assert list(found)[:2] == ["row_no", "parcel_code"]
    assert list(found)[-5:] == ["geometry", "polygon_area_m2", "centroid_lon", "centroid_lat", "is_bad"]


def test_a_unit_is_converted_before_the_bounds_and_the_value_is_reported_as_given(check):
    found, errors = check("parcels", {"site_area_m2": "15", "green_area_m2": None}, factors={"site_area_m2": 2000 / 3})
    assert found["site_area_m2"] == pytest.approx(10000)
    assert not errors
    errors = check("operations", {"output_cny10k": "-12345"}, factors={"output_cny10k": 0.0001})[1]
    assert errors == {"range:output_cny10k": "-12345"}
    assert (
        check("operations", {"output_cny10k": "12345"}, factors={"output_cny10k": 0.0001})[0]["output_cny10k"] == 1.2345
    )


def test_energy_units_are_kept_as_the_policy_spells_them(check):
    for given in ("万千瓦时", "万 千瓦时", "10^4kWh", "10⁴ KWH"):
        found, errors = check("energy", {"unit": given})
        assert not errors
        assert found["unit"] in {"万千瓦时", "10^4 kWh"}


def test_errors_are_reported_for_the_asked_rows_only(con):
    con.execute("create or replace temp table many as select i as row_no, 'x' as code from range(1, 5) as r(i)")
    con.execute("create or replace temp table asked as select 3 as row_no")
    contract = contracts.load("zones")
    bound = {"zone_code": SourceColumn("code", "VARCHAR")}
    errors = con.execute(error_select(contract, bound, RowContext(GUANGZHOU, 2024, False), "many", "asked")).fetchall()
    assert {error[0] for error in errors} == {3}
    assert [error[1] for error in errors] == ["required:zone_name", "required:zone_type", "required:district_code"]


def test_a_filter_on_the_verdict_does_not_read_values_twice(con):
    contract = contracts.load("buildings")
    bound = {"floor_area_m2": SourceColumn("area", "VARCHAR")}
    con.execute("create or replace temp table plain as select i as row_no, i::varchar as area from range(5) as r(i)")
    sql = typed_select(contract, bound, RowContext(GUANGZHOU, 2024, False), "plain")
    plan = con.execute(f"explain select * exclude (is_bad) from ({sql}) where not is_bad").fetchall()[0][1]
    assert "barrier" in plan or "random" in plan
    assert plan.count("TRY_CAST(area") <= 1
