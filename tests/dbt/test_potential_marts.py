"""Potentials and the low-efficiency list: SQL against its Python twin on a random year full of edges."""

from __future__ import annotations

import math
from datetime import date
from types import SimpleNamespace

import duckdb
import hand_made
import numpy as np
import pandas as pd
import pytest

from landgauge import policy
from scoring import potential
from warehouse.db import install_extensions

N = 300
AS_OF = np.datetime64(hand_made.AS_OF)
DISTRICTS = ("440106", "440112", "440113")  # the last has no building register
FIRMS = [("2017", "C13"), ("2017", "361"), ("2017", "C99"), ("2002", "25"), ("2002", "C13")]
LIMIT_OF_ALL, LIMIT_OF_M0, OUTPUT_LIMIT = 0.98, 3.0, 12984.94
MARTS = ("fct_land_potential", "fct_low_efficiency_parcel", "fct_low_efficiency_reason", "qc_parcel_overlap")


@pytest.fixture(scope="module")
def year(dbt, tmp_path_factory):
    """The marts of the random year, as frames by name."""
    run = type(dbt)(tmp_path_factory.mktemp("potential"))
    hand_made.write(run.database)
    frames = _random_year(np.random.default_rng(20231231))
    with duckdb.connect(str(run.database)) as con:
        _write(con, frames)
    wanted = [f"+{name}" for name in (*MARTS, "fct_parcel_year", "fct_district_year", "dim_parcel")]
    done = run("build", "--select", *wanted, "--exclude-resource-type", "unit_test")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    with duckdb.connect(str(run.database), read_only=True) as con:
        found = {
            name: con.execute(f"select * from marts.{name}").df() for name in (*MARTS, "fct_parcel_year", "dim_parcel")
        }
    return SimpleNamespace(**found, **{f"given_{name}": frame for name, frame in frames.items()})


def _random_year(rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    area = rng.choice([0.5, 8192.0, 10000.0, 16384.0, 123456.7, 1e9], N, p=[0.05, 0.25, 0.3, 0.2, 0.15, 0.05])
    parcels = pd.DataFrame(
        {
            "parcel_code": [f"P{i:03}" for i in rng.permutation(N)],
            "district_code": rng.choice(DISTRICTS, N),
            "land_use_code": rng.choice(["M1", "M0", "R"], N, p=[0.7, 0.2, 0.1]),
            "zone_code": rng.choice(["Z0", "Z1", "Z2", "Z3", None], N),
            "site_area_m2": area,
            "use_state": rng.choice(
                ["在用", "在建", "未开工", "停建", "闲置", None], N, p=[0.6, 0.1, 0.05, 0.05, 0.05, 0.15]
            ),
            "term_end_date": rng.choice([None, date(2023, 12, 30), date(2023, 12, 31), date(2024, 1, 1)], N),
            "supply_date": rng.choice([None, date(2018, 12, 31), date(2019, 1, 1), date(2023, 1, 1)], N),
        }
    )
    built = np.flatnonzero((rng.random(N) < 0.7) & (parcels.district_code != DISTRICTS[2]))
    ratio = rng.choice([0.0, 0.5, 0.7, 0.98, np.nextafter(0.98, 0), 1.0, 3.0], len(built))
    buildings = pd.DataFrame(
        {
            "building_code": [f"B{i}" for i in range(len(built))],
            "parcel_code": parcels.parcel_code[built].to_numpy(),
            "building_use": "生产",
            "footprint_m2": 1.0,
            "floor_area_m2": ratio * area[built],
        }
    )
    parcels["far_min"] = _planned(rng, area, built, buildings.floor_area_m2.to_numpy())
    return {"parcels": parcels, "buildings": buildings, "zones": _zones(rng), **_firms(rng, parcels)}


def _planned(rng: np.random.Generator, area: np.ndarray, built: np.ndarray, floor: np.ndarray) -> np.ndarray:
    """Lower limits of the plot ratio: none, usual ones, and just at, above and below what was built."""
    usual = rng.choice([np.nan, 0.6, 1.2], N, p=[0.6, 0.2, 0.2])
    ratio = np.full(N, np.nan)
    ratio[built] = floor / area[built]
    ratio[ratio == 0] = np.nan
    kind = rng.integers(0, 6, N)
    near = np.select([kind == 0, kind == 1, kind == 2], [ratio, np.nextafter(ratio, 9), np.nextafter(ratio, 0)], np.nan)
    return np.where(np.isnan(near), usual, near)


def _firms(rng: np.random.Generator, parcels: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """One firm on every second parcel, some of them cancelled, some without figures, and one on two parcels."""
    held = rng.permutation(N)[: N // 2]
    kinds = [FIRMS[k] for k in rng.integers(0, len(FIRMS), len(held))]
    enterprises = pd.DataFrame(
        {
            "uscc": [f"E{i}" for i in range(len(held))],
            "enterprise_name": "公司",
            "industry_edition": [edition for edition, _ in kinds],
            "industry_code": [code for _, code in kinds],
            "district_code": parcels.district_code[held].to_numpy(),
            "registration_state": rng.choice(["存续", "注销"], len(held), p=[0.9, 0.1]),
        }
    )
    occupancy = pd.DataFrame({"parcel_code": parcels.parcel_code[held].to_numpy(), "uscc": enterprises.uscc})
    second = occupancy.head(20).assign(parcel_code=parcels.parcel_code[held[-20:]].to_numpy())
    ha = parcels.site_area_m2.to_numpy()[held] / 10000
    per_ha = rng.choice([0.0, 100.0, OUTPUT_LIMIT, np.nextafter(OUTPUT_LIMIT, 0), 1e5], len(held))
    operations = pd.DataFrame({"uscc": enterprises.uscc, "output_cny10k": per_ha * ha})
    return {
        "enterprises": enterprises,
        "occupancy": pd.concat([occupancy, second]).assign(tenure="自有"),
        "operations": operations[rng.random(len(held)) < 0.85],
    }


def _zones(rng: np.random.Generator) -> pd.DataFrame:
    """Forty zones of every type, with classes of land missing, zero or better than the ideal values."""
    n = 40
    zones = pd.DataFrame({"zone_code": [f"Z{i}" for i in range(n)], "zone_name": "区"})
    zones["zone_type"] = rng.choice(["经开区", "高新区", "保税区", "其他"], n)
    zones["district_code"] = rng.choice(DISTRICTS, n)
    for code in ("a1", "a2", "a31", "a32", "a4", "a51", "a52", "a6", "e1", "e21", "e22", "g", "d22"):
        zones[f"{code}_ha"] = rng.choice([0.0, 1.5, 40.0, np.nan, -1.0], n, p=[0.2, 0.38, 0.36, 0.03, 0.03])
    zones.loc[0, ["e1_ha", "e21_ha", "e22_ha"]] = 1.5  # a zone whose years of supply are known
    zones["industrial_floor_area_m2"] = rng.choice([0.0, 1e5, 4e6, np.nan, -1e5], n)
    zones["industrial_footprint_m2"] = rng.choice([0.0, 5e3, 2e6], n)
    zones["fixed_investment_cny10k"] = rng.choice([0.0, 3344.0, 3344 * 40.0, 1e6], n)
    return zones


def _write(con: duckdb.DuckDBPyConnection, frames: dict[str, pd.DataFrame]) -> None:
    con.execute(f"set extension_directory = '{install_extensions()}'")
    con.execute("load spatial")
    for dataset in ("parcels", "buildings", "enterprises", "occupancy", "operations", "taxes", "energy", "agreements"):
        con.execute(f"delete from accepted.{dataset}")
    for dataset, frame in frames.items():
        rows = frame.assign(data_year=hand_made.YEAR, load_id=1, row_no=np.arange(len(frame)) + 1)  # noqa: F841
        con.execute(f"insert into accepted.{dataset} by name select * from rows")
    con.execute("insert into profile.land_use values ('M0', '', true)")
    con.execute("insert into profile.industry values ('2002', 'C25', '', 2, 'C'), ('2002', 'C13', '', 2, 'C')")
    con.execute(  # a row of polygons, each lying half on the one before it
        "update accepted.parcels set geometry = st_aswkb(st_makeenvelope(113.3 + 0.001 * row_no, 23.1, "
        "113.302 + 0.001 * row_no, 23.1003)) where row_no <= 80"
    )


def _rules() -> list[potential.Rule]:
    return [
        potential.Rule(
            reason=row["reason"],
            indicator=row["indicator_code"] or None,
            use_states=frozenset(filter(None, row["use_states"].split("|"))),
            except_use_states=frozenset(filter(None, row["except_use_states"].split("|"))),
            releases=row["releases"],
        )
        for row in policy.rows("low_efficiency_rule")
    ]


def _origins(edition: str, code: str) -> set[str]:
    """The divisions of the 2002 edition that a division comes from."""
    if edition == "2002":
        return {code}
    before = [r for r in policy.rows("industry_mapping") if (r["to_edition"], r["to_code"]) == (edition, code)]
    return set().union(*(_origins(row["from_edition"], row["from_code"]) for row in before))


def _industry_limits() -> dict[tuple[str, str], float]:
    given = {
        r["scope_code"]: float(r["ideal_value"]) for r in policy.rows("ideal_value") if r["scope_kind"] == "industry"
    }
    divisions = {("2017", "C13"): "C13", ("2017", "361"): "C36", ("2002", "25"): "C25", ("2002", "C13"): "C13"}
    return {
        kind: potential.lowest_known_limit([given.get(origin, math.nan) for origin in _origins(kind[0], division)])
        for kind, division in divisions.items()
    }


def _twin(year: SimpleNamespace) -> tuple[pd.DataFrame, potential.Finding]:
    """The list as the twin makes it, from published indicators and the parcels' own conditions."""
    frame = year.fct_parcel_year.merge(
        year.dim_parcel[["parcel_code", "use_state", "term_end_date", "far_min"]], on="parcel_code"
    ).sort_values("parcel_code")
    registers = set(year.given_parcels.merge(year.given_buildings, on="parcel_code").district_code)
    count = frame.parcel_code.map(year.given_buildings.groupby("parcel_code").size()).fillna(0.0)
    parcels = potential.Parcels(
        codes=frame.parcel_code.to_numpy(dtype=object),
        site_area_m2=frame.site_area_m2.to_numpy(),
        enterprise_count=frame.enterprise_count.to_numpy(dtype=float),
        building_count=count.where(frame.district_code.isin(registers)).to_numpy(),
        use_state=frame.use_state.astype(object).to_numpy(),
        term_end=frame.term_end_date.to_numpy().astype("datetime64[D]"),
        values={name: frame[name].to_numpy() for name in ("plot_ratio", "land_output_cny10k_per_ha")},
        limits={"plot_ratio": _far_limits(year, frame), "land_output_cny10k_per_ha": np.full(len(frame), OUTPUT_LIMIT)},
    )
    overlaps = year.qc_parcel_overlap[["parcel_code", "other_parcel_code", "overlap_area_m2"]]
    pairs = list(overlaps.itertuples(index=False, name=None))
    return frame, potential.low_efficiency(parcels, _rules(), AS_OF, pairs)


def _far_limits(year: SimpleNamespace, frame: pd.DataFrame) -> np.ndarray:
    """The parcel's own lower limit, else the lowest of its industries, else that of its land use, else that of all."""
    firms = year.given_enterprises[year.given_enterprises.registration_state != "注销"]
    kinds = pd.Series(zip(firms.industry_edition, firms.industry_code, strict=True), index=firms.index)
    firms = firms.assign(limit=kinds.map(_industry_limits()).astype(float))
    lowest = year.given_occupancy.merge(firms, on="uscc").groupby("parcel_code").limit.min()
    general = np.where(frame.land_use_code == "M0", LIMIT_OF_M0, LIMIT_OF_ALL)
    return frame.far_min.fillna(frame.parcel_code.map(lowest)).fillna(pd.Series(general, frame.index)).to_numpy()


def test_the_list_agrees_with_its_twin(year):
    frame, twin = _twin(year)
    wanted = {code: i for i, code in enumerate(frame.parcel_code) if twin.reasons[i]}
    listed = year.fct_low_efficiency_parcel.set_index("parcel_code")
    assert set(listed.index) == set(wanted)
    for code, i in wanted.items():
        row = listed.loc[code]
        assert list(row.reasons) == twin.reasons[i], code
        assert row.main_reason == twin.main_reason[i], code
        assert row.shared_area_m2 == pytest.approx(twin.shared_area_m2[i], rel=1e-9)
        assert row.releasable_area_m2 == pytest.approx(twin.releasable_area_m2[i], rel=1e-9, abs=1e-9)


def test_the_random_year_has_every_case(year):
    """The comparison would prove nothing on a year without the edges."""
    reasons = year.fct_low_efficiency_reason
    assert set(reasons.reason) == {rule.reason for rule in _rules()}
    assert {"far_min", "industry", "land_use", "all"} <= set(reasons.limit_basis.dropna())
    gap = (reasons.limit_value - reasons.actual_value) / reasons.limit_value
    assert ((gap > 0) & (gap < 1e-15)).any(), "one unit in the last place below the limit"
    parcels = year.fct_parcel_year.merge(year.dim_parcel[["parcel_code", "far_min"]], on="parcel_code")
    assert (parcels.plot_ratio == parcels.far_min).any() and (parcels.land_output_cny10k_per_ha == OUTPUT_LIMIT).any()
    assert (year.fct_low_efficiency_parcel.shared_area_m2 > 0).any()
    assert {"no_ideal_value", "value_missing", "zero_denominator"} <= set(year.fct_land_potential.null_reason.dropna())


def test_no_square_metre_is_released_twice(year):
    """What a parcel releases and what counts for another code never exceed its site."""
    listed = year.fct_low_efficiency_parcel
    assert (listed.releasable_area_m2 >= 0).all()
    assert (listed.releasable_area_m2 + listed.shared_area_m2 <= listed.site_area_m2 * (1 + 1e-12)).all()


@pytest.mark.parametrize("scale", ["district", "city"])
def test_potentials_of_the_list_are_its_sums(year, scale):
    rows = year.fct_land_potential
    rows = rows[(rows.scale == scale) & rows.potential.str.startswith("low_efficiency_")]
    listed = year.fct_low_efficiency_parcel
    for row in rows.itertuples():
        own = listed[listed.main_reason == row.potential.removeprefix("low_efficiency_")]
        own = own if scale == "city" else own[own.district_code == row.unit_code]
        if row.null_reason is None or pd.isna(row.null_reason):
            assert row.area_ha == pytest.approx(math.fsum(own.releasable_area_m2) / 10000, rel=1e-9, abs=1e-12)
        else:
            assert own.empty and row.missing_count == row.unit_count > 0


def test_potentials_of_zones_agree_with_their_twin(year):
    wanted = _zone_twin(year.given_zones)
    rows = year.fct_land_potential[year.fct_land_potential.scale == "zone"]
    found = rows.pivot(index="unit_code", columns="potential", values="area_ha").loc[wanted.index]
    for name in wanted.columns:
        np.testing.assert_allclose(found[name].to_numpy(), wanted[name].to_numpy(), rtol=1e-9, err_msg=name)


def _zone_twin(zones: pd.DataFrame) -> pd.DataFrame:
    """The areas of each zone's potentials by the twin; NaN where a part is missing."""
    built = sum(zones[f"{code}_ha"] for code in ("a1", "a2", "a31", "a32", "a4", "a51", "a52", "a6"))
    own = {
        row["indicator_code"]: zones.zone_type.map(_zone_ideals(row["indicator_code"])).to_numpy()
        for row in policy.rows("potential")
        if row["indicator_code"]
    }
    industrial, floor = zones.a2_ha, zones.industrial_floor_area_m2
    with np.errstate(invalid="ignore", divide="ignore"):
        actual = {
            "industrial_land_ratio": (industrial / built).to_numpy(),
            "industrial_plot_ratio": (floor / (industrial * 10000)).to_numpy(),
            "industrial_building_coefficient": (zones.industrial_footprint_m2 / (industrial * 10000)).to_numpy(),
            "investment_intensity_cny10k_per_ha": (zones.fixed_investment_cny10k / industrial).to_numpy(),
        }
    actual = {name: np.where(np.isfinite(values), values, np.nan) for name, values in actual.items()}
    result = {
        "expansion": potential.sum_ha(zones.e1_ha, zones.e21_ha, zones.e22_ha),
        "expansion_industrial": potential.sum_ha(zones.e21_ha),
        "management": potential.sum_ha(zones.g_ha, zones.d22_ha),
    }
    for row in policy.rows("potential"):
        name = row["indicator_code"]
        if row["method"] == "difference":
            result[row["potential"]] = potential.structure_ha(built.to_numpy(), actual[name], own[name])
        elif row["method"] == "shortfall":
            result[row["potential"]] = potential.intensity_ha(industrial.to_numpy(), actual[name], own[name])
    return pd.DataFrame({k: np.asarray(v) for k, v in result.items()}, index=zones.zone_code)


def _zone_ideals(indicator: str) -> dict[str, float]:
    """The ideal value of each zone type."""
    rows = [r for r in policy.rows("ideal_value") if r["scale"] == "zone" and r["indicator_code"] == indicator]
    general = [float(r["ideal_value"]) for r in rows if r["scope_kind"] == "all"]
    types = dict.fromkeys(("经开区", "高新区", "保税区", "其他"), general[0] if general else math.nan)
    return types | {r["scope_code"]: float(r["ideal_value"]) for r in rows if r["scope_kind"] == "zone_type"}


def test_years_of_supply_are_land_over_yearly_supply(year):
    """The parcels of the zone that were supplied in the last five years; 2018 is one too early."""
    given = year.given_parcels[year.given_parcels.zone_code == "Z0"]
    recent = pd.to_datetime(given.supply_date).dt.year > hand_made.YEAR - 5
    rows = year.fct_land_potential.set_index(["unit_code", "potential"])
    for name, counted in (("supply_years", recent), ("supply_years_industrial", recent & (given.land_use_code != "R"))):
        row = rows.loc[("Z0", name)]
        assert row.yearly_supply_ha == pytest.approx(math.fsum(given.site_area_m2[counted]) / 10000 / 5, rel=1e-9)
        assert row.supply_years == pytest.approx(row.base_area_ha / row.yearly_supply_ha, rel=1e-9)


def test_the_hand_made_list(dbt):
    """P5 holds nobody and nothing; P2 has firms and no building; P4 is not industrial; P3 has no register."""
    rows = dbt.query("select parcel_code, reasons, main_reason from marts.fct_low_efficiency_parcel order by all")
    assert rows == [
        ("P1", ["low_output"], "low_output"),
        ("P2", ["under_built", "low_output"], "under_built"),
        ("P3", ["low_output"], "low_output"),
        ("P5", ["vacant", "under_built"], "vacant"),
    ]


def test_an_industry_limit_says_where_it_comes_from(dbt):
    """P2's firms make vehicles (C36 of 2017, from C37 of 2002) and food (C13): the lower limit counts."""
    rows = dbt.query(
        "select limit_value, limit_basis, illustrative from marts.fct_low_efficiency_reason "
        "where parcel_code = 'P2' and reason = 'under_built'"
    )
    assert rows == [(0.7, "industry", True)]
