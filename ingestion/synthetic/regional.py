"""Zones, the district series, land supply and parcel changes: the small datasets about the city as a whole."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from ingestion.synthetic import codes
from ingestion.synthetic.codes import Integers
from ingestion.synthetic.land import Plots, drawn_days, industrial_site_areas, number, parcel_codes, zone_code_rows
from ingestion.synthetic.layout import Floats
from ingestion.synthetic.parameters import SeriesParameters, Trend, statistics
from ingestion.synthetic.world import MERGE, RENUMBER, SPLIT, Frame, World

_SUPPLY_ROWS = 2  # of each source and district, beside one that names a parcel
_ZONE_LEAVES = {  # hectares per hectare of A2, and the rest of the land code scheme; the sums are kept below
    "a1": 0.28, "a31": 0.12, "a32": 0.03, "a4": 0.07, "a51": 0.06, "a52": 0.04, "a6": 0.02,
    "b11": 0.06, "b12": 0.05, "b22": 0.04, "c1": 0.05, "c2": 0.04, "c3": 0.01,
}  # fmt: skip


def zones(world: World, plots: Plots, year: int) -> Frame:
    """Return the zones with the land code scheme: A, B and C make up the zone, D and E make up A + B21."""
    count = len(world.regions) * world.shape.layout.zones_per_area
    number_of = np.arange(count)
    rng, yearly = world.rng("zones"), world.rng("zones", year)
    zone = world.layout.zone[: world.slots]
    site = industrial_site_areas(world, plots)
    a2 = np.maximum(np.bincount(zone[zone >= 0], weights=site[zone >= 0], minlength=count) / 10_000, 12.0)
    area = number_of // world.shape.layout.zones_per_area
    district = world.district_rows(year)[area]
    head = {
        "zone_code": codes.text(zone_code_rows(world, number_of)),
        "zone_name": codes.text(codes.joined("生成产业园", codes.digits(number_of + 1, 3), "(示例)")),
        "zone_type": pa.array(codes.choose(rng, {"经开区": 4, "高新区": 3, "保税区": 1, "其他": 3}, count)),
        "level": pa.array(codes.choose(rng, {"国家级": 1, "省级": 2}, count)),
        "district_code": codes.text(district),
        "resident_population": pa.array(np.round(a2 * rng.uniform(20, 160, count)).astype(np.int64)),
    }
    return Frame(pa.table(head | _zone_land(a2, rng) | _zone_money(a2, rng, yearly)), area)


def district_series(world: World, year: int) -> Frame:
    """Return one year of the series: city and districts, all industries, sections and divisions, sums to the cent.

    Industry 00 has the official secondary value added of the city (国家统计局), GDP likewise; the rest is made up, with
    a slump, a noise and shifting mixes (series.yml), so that there is something to forecast.
    """
    p, districts = world.shape.series, _districts_in(world, year)
    industries, leaves = _industries(p)
    weights = np.array([leaf for _, leaf in leaves])
    land_shares = np.array(list(districts.values())) ** p.land_weight_exponent
    varied, of_areas = statistics().variation, np.array([area.value_added for area in world.shape.areas])
    official = statistics().cny10k("secondary_value_added", year) * varied.slump_factor(
        year, statistics().last_official
    )
    added = _cells(official, of_areas, weights, world, "added", year)
    land_total = _at(p.industrial_land_ha, year) * (
        1 + world.rng("series", "land", "total", year).normal(0, varied.land_noise)
    )
    land = _cells(land_total, of_areas**p.land_weight_exponent, weights, world, "land", year)
    columns = {name: [] for name in ("district_code", "industry_code", "value_added_cny10k", "industrial_land_ha")}
    for row, district in enumerate([world.profile.city_code, *districts]):
        for code in industries:
            inside = [
                i for i, (leaf, _) in enumerate(leaves) if code in ("00", leaf) or (code == "C" and leaf.isdigit())
            ]
            some = slice(None) if row == 0 else slice(row - 1, row)
            columns["district_code"].append(district)
            columns["industry_code"].append(code)
            columns["value_added_cny10k"].append(float(added[some, inside].sum()) / 100)
            columns["industrial_land_ha"].append(float(land[some, inside].sum()) / 100)
    table = _with_followers(pa.table(columns), world, year)
    table = _with_totals(table, world, year, land_shares / land_shares.sum())
    return Frame(table, np.zeros(len(table), dtype=np.int64))


def land_supply(world: World, plots: Plots, year: int) -> Frame:
    """Return the sources of land known in a year: rows of every source and district, some naming a parcel."""
    rng = world.rng("supply", year)
    sources = list(world.shape.supply)
    present = [i for i, c in enumerate(world.district_codes(year)) if c]
    area, source = (g.ravel() for g in np.meshgrid(np.repeat(present, _SUPPLY_ROWS + 1), range(len(sources))))
    count = len(area)
    means = np.array([world.shape.supply[s].area for s in sources])[source]
    named = (np.arange(count) % (_SUPPLY_ROWS + 1) == 0) & np.isin(
        np.array(sources)[source], ("闲置处置", "旧厂房改造", "到期收回")
    )
    slot = _named_slots(world, area, rng)
    hectares = np.where(
        named & (slot >= 0), world.layout.areas_m2()[slot] / 10_000, means * rng.lognormal(-0.08, 0.4, count)
    )
    table = pa.table(
        {
            "supply_id": codes.text(codes.joined(f"GD{year}", codes.digits(np.arange(count) + 1, 6))),
            "district_code": codes.text(world.district_rows(year)[area]),
            "source": pa.array(np.array(sources)[source]),
            "area_ha": number(hectares, 4),
            "available_year": pa.array(year + 1 + rng.integers(0, 5, count)),
            "industry_code": pa.array(rng.choice(["26", "36", "39"], count), mask=rng.random(count) < 0.7),
            "industrial_share": number(np.array([world.shape.supply[s].share for s in sources])[source]),
            "realisation_rate": number(np.array([world.shape.supply[s].rate for s in sources])[source]),
            "parcel_code": codes.text(parcel_codes(world, slot, np.zeros_like(slot)), mask=~named | (slot < 0)),
        }
    )
    return Frame(table, area)


def parcel_changes(world: World, year: int) -> Frame:
    """Return which parcels were split, merged and renumbered during the year."""
    now = world.change_at == year - world.call.first_year
    split, merge, renumber = (np.flatnonzero(now & (world.change == kind)) for kind in (SPLIT, MERGE, RENUMBER))
    slot = np.concatenate([split, split, merge, merge, renumber])
    kinds = ["分割"] * (2 * len(split)) + ["合并"] * (2 * len(merge)) + ["换号"] * len(renumber)
    old = np.concatenate(
        [np.zeros(2 * len(split)), np.ones(len(merge)), np.full(len(merge), 2), np.zeros(len(renumber))]
    )
    new = np.concatenate(
        [np.ones(len(split)), np.full(len(split), 2), np.full(2 * len(merge), 3), np.full(len(renumber), 4)]
    )
    table = pa.table(
        {
            "old_parcel_code": codes.text(parcel_codes(world, slot, old.astype(np.int64))),
            "new_parcel_code": codes.text(parcel_codes(world, slot, new.astype(np.int64))),
            "kind": pa.array(kinds, pa.string()),
            "change_date": pa.array(drawn_days(world.rng("changes", year), year, year, len(world.change))[slot]),
        }
    )
    return Frame(table, world.layout.area[slot])


def _zone_land(a2: Floats, rng: np.random.Generator) -> dict[str, pa.Array]:
    leaf = {k: np.round(a2 * v * rng.uniform(0.6, 1.4, len(a2)), 4) for k, v in _ZONE_LEAVES.items()}
    leaf["a2"] = np.round(a2, 4)
    built = sum(v for k, v in leaf.items() if k.startswith("a"))
    leaf["b21"] = np.round(built * rng.uniform(0.08, 0.25, len(a2)), 4)
    supplied = np.minimum(np.round(built * rng.uniform(1.02, 1.12, len(a2)), 4), built + leaf["b21"])
    leaf["d1"] = np.round(supplied * 0.2, 4)
    leaf["d22"] = np.round(supplied * rng.uniform(0, 0.02, len(a2)), 4)
    leaf["d21"] = np.round(supplied - leaf["d1"] - leaf["d22"], 4)
    left = np.round(built + leaf["b21"] - supplied, 4)
    leaf["e1"], leaf["e21"] = np.round(left * 0.2, 4), np.round(left * 0.5, 4)
    leaf["e22"] = np.round(left - leaf["e1"] - leaf["e21"], 4)
    leaf["f"] = leaf["b22"]
    leaf["g"] = np.round((supplied - built) * rng.uniform(0.05, 0.6, len(a2)), 4)
    leaf["h1"], leaf["h2"] = np.round(a2 * 0.15, 4), np.round(a2 * 0.1, 4)
    return {f"{name}_ha": number(hectares, 4) for name, hectares in leaf.items()}


def _zone_money(a2: Floats, rng: np.random.Generator, yearly: np.random.Generator) -> dict[str, pa.Array]:
    floor = a2 * 10_000 * rng.uniform(0.7, 1.3, len(a2))
    footprint = a2 * 10_000 * rng.uniform(0.35, 0.6, len(a2))
    tax = a2 * rng.uniform(150, 800, len(a2)) * yearly.uniform(0.95, 1.1, len(a2))
    return {
        "floor_area_m2": number(floor * 1.6),
        "industrial_floor_area_m2": number(floor),
        "footprint_m2": number(footprint * 1.4),
        "industrial_footprint_m2": number(footprint),
        "fixed_investment_cny10k": number(a2 * rng.uniform(3000, 9000, len(a2)) * yearly.uniform(1.0, 1.08, len(a2))),
        "industrial_tax_cny10k": number(tax),
        "secondary_tertiary_tax_cny10k": number(tax * 1.7),
    }


def _districts_in(world: World, year: int) -> dict[str, float]:
    """Return the districts of the year and their share of value added; parts with one code count together."""
    shares: dict[str, float] = {}
    for code, area in zip(world.district_codes(year), world.shape.areas, strict=True):
        if code:
            shares[code] = shares.get(code, 0.0) + area.value_added
    return shares


def _industries(p: SeriesParameters) -> tuple[list[str], list[tuple[str, float]]]:
    """Return all industry codes in order, and the leaves (divisions of C, other sections) with their shares."""
    leaves = [(d, share * p.section_shares["C"]) for d, share in p.division_shares.items()]
    leaves += [(section, share) for section, share in p.section_shares.items() if section != "C"]
    return ["00", *p.section_shares, *p.division_shares], leaves


def _cells(total: float, areas: Floats, leaves: Floats, world: World, name: str, year: int) -> Integers:
    """Divide a total into hundredths by district of the year and leaf industry.

    Each area has a mix of its own that shifts steadily and wavers from year to year; a district is its areas together.
    """
    varied, shape = statistics().variation, (len(areas), len(leaves))
    rng = world.rng("series", name)
    mix = rng.uniform(0.5, 1.5, shape) * leaves
    shift = rng.normal(0, varied.cell_shift, shape) * (year - world.shape.series.industrial_land_ha.year)
    mix = mix * np.exp(shift + world.rng("series", name, year).normal(0, varied.cell_noise, shape))
    mix = mix / mix.sum(axis=1, keepdims=True) * (areas / areas.sum())[:, None]
    codes_now = world.district_codes(year)
    order = list(_districts_in(world, year))
    there = np.array([code in order for code in codes_now])
    parts = codes.allot(round(total * 100), np.where(there[:, None], mix, 0.0).ravel()).reshape(shape)
    result = np.zeros((len(order), len(leaves)), dtype=np.int64)
    np.add.at(result, [order.index(code) for code in codes_now if code in order], parts[there])
    return result


def _at(trend: Trend, year: int) -> float:
    return trend.value * (1 + trend.growth) ** (year - trend.year)


def _with_followers(table: pa.Table, world: World, year: int) -> pa.Table:
    """Add what follows value added: output, investment, employees and energy."""
    p, added = world.shape.series, table["value_added_cny10k"].to_numpy()
    tce = p.tce_per_value_added
    energy = tce["first"] * (1 + tce["yearly"]) ** (year - int(tce["year"]))
    productivity = 1.05 ** (2020 - year)
    noise = statistics().variation.follower_noise
    output, investment, people = np.exp(world.rng("followers", year).normal(0, noise, 3))
    return (
        table.append_column("output_cny10k", number(added * p.output_per_value_added * output))
        .append_column("fixed_investment_cny10k", number(added * p.investment_per_value_added * investment))
        .append_column("employees", number(added * p.employees_per_value_added * productivity * people, 0))
        .append_column("energy_tce", number(added * energy))
    )


def _with_totals(table: pa.Table, world: World, year: int, land_shares: Floats) -> pa.Table:
    """Add what is known for all industries only: GDP, people, land by kind, air and water; the city is the sum."""
    p, districts = world.shape.series, list(_districts_in(world, year))
    city = {
        "gdp_cny10k": (statistics().cny10k("gdp", year), 2, np.array(list(_districts_in(world, year).values())) ** 0.8),
        "population": (_at(p.population, year), 0, land_shares**0.9),
        "construction_land_ha": (_at(p.construction_land_ha, year), 2, land_shares),
    }
    for name, share in {"new_construction_land_ha": 0.012, "approved_ha": 0.013, "supplied_ha": 0.011}.items():
        city[name] = (_at(p.construction_land_ha, year) * share, 2, land_shares)
    for name, source, share in (
        ("urban_rural_construction_land_ha", "construction_land_ha", 0.86),
        ("stock_supplied_ha", "supplied_ha", min(0.25 + 0.01 * max(year - 2005, 0), 0.6)),
        ("approved_supplied_ha", "approved_ha", 0.72),
        ("floor_area_m2", "construction_land_ha", 6200.0),
        ("wastewater_t", "construction_land_ha", 1100.0),
    ):
        city[name] = (city[source][0] * share, 2, land_shares)
    values = {name: _spread(total, decimals, shares) for name, (total, decimals, shares) in city.items()}
    rng = world.rng("air", year)
    base = 53.0 * 0.95 ** max(year - 2013, 0)
    values["pm25_ug_per_m3"] = np.round(base * rng.uniform(0.93, 1.07, len(districts) + 1), 1)
    values["green_coverage_ratio"] = np.round(0.41 + rng.uniform(-0.03, 0.05, len(districts) + 1), 4)
    if year < 2013:  # not measured before
        values["pm25_ug_per_m3"][:] = np.nan
    return _on_all_industries(table, values)


def _spread(total: float, decimals: int, shares: Floats) -> Floats:
    """Return the city's value and the districts' parts, rounded so that they add up."""
    unit = 10**decimals
    parts = codes.allot(round(total * unit), shares)
    return np.concatenate([[parts.sum()], parts]) / unit


def _on_all_industries(table: pa.Table, values: dict[str, Floats]) -> pa.Table:
    """Put each value on the 00 row of its district (city first); NULL on the others."""
    rows = np.flatnonzero(table["industry_code"].to_numpy(zero_copy_only=False) == "00")
    for name, column in values.items():
        cells = np.full(len(table), np.nan)
        cells[rows] = column
        table = table.append_column(name, pa.array(cells, from_pandas=True))
    return table


def _named_slots(world: World, area: Integers, rng: np.random.Generator) -> Integers:
    """Return a slot of each row's area that keeps its number over the years; -1 where the area has none."""
    slot = np.full(len(area), -1)
    steady = world.change == 0
    for number_of_area in np.unique(area):
        choice = np.flatnonzero(steady & (world.layout.area[: world.slots] == number_of_area))
        rows = np.flatnonzero(area == number_of_area)
        if len(choice):
            slot[rows] = choice[rng.integers(0, len(choice), len(rows))]
    return slot
