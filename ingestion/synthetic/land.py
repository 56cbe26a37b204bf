"""Parcels and buildings of a year."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingestion.synthetic import codes
from ingestion.synthetic.codes import Bytes, Integers
from ingestion.synthetic.layout import Floats, quadrilateral_areas
from ingestion.synthetic.world import GREEN, LARGER, MERGE, OVERLAP, RENUMBER, SPLIT, Frame, Mark, World

Texts = npt.NDArray[np.str_]
Flags = npt.NDArray[np.bool_]

_HALF = 0.495  # halves of a plot leave a strip between them
_OVERLAP_SIZE = 0.4
_LARGER = 1.10
_BLOCKS_PER_TOWN = 999
_WKB_HEAD = np.frombuffer(b"\x01\x03\x00\x00\x00\x01\x00\x00\x00\x05\x00\x00\x00", dtype=np.uint8)


@dataclass(frozen=True)
class Plots:
    """What does not change over the years, by plot: uses, shares of the site, dates. `base_m2` holds the buildings."""

    land_use: Texts
    use_state: Texts
    supply_mode: Texts
    supply_day: npt.NDArray[np.datetime64]
    term_years: Integers
    surveyed: Flags
    noise: Floats
    green: Floats
    structure: Floats
    yard: Floats
    admin: Floats
    price_per_ha: Floats
    far_min: Floats
    base_m2: Floats
    footprint_ratio: Floats
    building_count: Integers
    industrial: Flags


@dataclass(frozen=True)
class YearRows:
    """The parcels of a year: their plot, which part of it (whole, first or second half) and the number variant."""

    plot: Integers
    part: Integers
    variant: Integers


def plots_of(world: World) -> Plots:
    """Draw what stays the same of every plot."""
    rng, p, n = world.rng("plots"), world.shape.parcels, len(world.layout)
    state = codes.choose(rng, p.use_state, n)
    land_use = codes.choose(rng, p.land_use, n)
    overlapping = np.zeros(n, dtype=bool)
    overlapping[: world.slots] = world.flaw == OVERLAP
    flawed, halved = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    flawed[: world.slots] = (world.flaw > 0) | np.isin(np.arange(world.slots), world.victim)
    halved[: world.slots] = np.isin(world.change, (SPLIT, MERGE))
    state = np.where(overlapping, "闲置", np.where(flawed, "在用", state))
    area = world.layout.areas_m2() * np.where(halved, _HALF, 1.0)
    return Plots(
        land_use=np.where(flawed, "M1", land_use),
        use_state=state,
        supply_mode=codes.choose(rng, p.supply_mode, n),
        supply_day=drawn_days(rng, 1992, world.call.first_year - 1, n),
        term_years=rng.choice([20, 40, 50, 50, 50], n),
        surveyed=flawed | (np.arange(n) >= world.slots) | (rng.random(n) >= p.without_polygon),
        noise=np.clip(rng.normal(1.0, 0.004, n), 0.985, 1.015),
        green=rng.uniform(0.02, 0.18, n),
        structure=np.where(rng.random(n) < 0.35, np.nan, rng.uniform(0.0, 0.06, n)),
        yard=np.where(rng.random(n) < 0.4, np.nan, rng.uniform(0.0, 0.08, n)),
        admin=np.where(rng.random(n) < 0.5, np.nan, rng.uniform(0.02, 0.08, n)),
        price_per_ha=rng.lognormal(np.log(p.price_cny10k_per_ha.median), p.price_cny10k_per_ha.sigma, n),
        far_min=rng.choice([0.6, 0.7, 0.8, 1.0, 1.2], n),
        base_m2=area * 0.98,
        footprint_ratio=rng.uniform(0.25, 0.55, n),
        building_count=_building_counts(world, state, flawed & ~overlapping, rng),
        industrial=np.isin(land_use, [u.code for u in world.profile.land_use if u.is_industrial]) | flawed,
    )


def year_rows(world: World, year: int) -> YearRows:
    """Return which parcels stand in the year: one a plot, and second halves of plots that are divided then."""
    at, k = world.change_at, year - world.call.first_year
    done = (at <= k) & (at >= 0)
    divided = ((world.change == SPLIT) & done) | ((world.change == MERGE) & ~done)
    variant = np.select(
        [divided, (world.change == MERGE) & done, (world.change == RENUMBER) & done], [1, 3, 4], default=0
    )
    second = np.flatnonzero(divided)
    plot = np.concatenate([np.arange(world.slots), second])
    part = np.concatenate([divided.astype(np.int64), np.full(len(second), 2)])
    return YearRows(plot, part, np.concatenate([variant, np.full(len(second), 2)]))


def spare_rows(world: World) -> YearRows:
    """Return the plots that are kept for defective parcels."""
    plot = np.arange(world.slots, len(world.layout))
    return YearRows(plot, np.zeros_like(plot), np.zeros_like(plot))


def parcel_codes(world: World, plot: Integers, variant: Integers) -> Bytes:
    """Return 宗地代码 (n, 19): district, town, block, GB, and a number that tells a plot's variants apart."""
    layout = world.layout
    area = layout.area[plot]
    districts = codes.ascii_rows([a.district for a in world.shape.areas])
    towns = codes.ascii_rows([t for r in world.regions for t in r.towns])
    first_town = np.cumsum([0, *(len(r.towns) for r in world.regions)])[:-1]
    shared = np.array([1 if a.former and a.north_of else 0 for a in world.shape.areas])  # two areas, one district
    over, block = np.divmod(layout.block_in_area[plot], _BLOCKS_PER_TOWN)
    per_block = world.shape.layout.grid**2
    number = shared[area] * 50_000 + variant * 10_000 + over * per_block + layout.place[plot] + 1
    town = towns[first_town[area] + layout.town[plot]]
    return codes.joined(districts[area], town, codes.digits(block + 1, 3), "GB", codes.digits(number, 5))


def main_codes(world: World, year: int) -> Bytes:
    """Return the code (slots, 19) of each slot's parcel in the year, the one that people and buildings stand on."""
    rows = year_rows(world, year)
    return parcel_codes(world, rows.plot[: world.slots], rows.variant[: world.slots])


def corners_of(world: World, rows: YearRows) -> Floats:
    """Return the corners (n, 4, 2) of the year's parcels in metres."""
    whole = world.layout.corners[rows.plot]
    first = np.stack([whole[:, 0], _between(whole, 0, 1), _between(whole, 3, 2), whole[:, 3]], axis=1)
    second = np.stack([_between(whole, 1, 0), whole[:, 1], whole[:, 2], _between(whole, 2, 3)], axis=1)
    corners = np.where((rows.part == 1)[:, None, None], first, whole)
    corners = np.where((rows.part == 2)[:, None, None], second, corners)
    on = np.flatnonzero((rows.plot < world.slots) & (rows.part == 0))
    on = on[world.victim[rows.plot[on]] >= 0]
    under = world.layout.corners[world.victim[rows.plot[on]]]
    corners[on] = under[:, :1] + (under - under[:, :1]) * _OVERLAP_SIZE
    return corners


def parcels(world: World, plots: Plots, year: int) -> Frame:
    """Return the parcels of a year, geometry as WKB in the projected CRS, with the spare plots as templates."""
    rows = year_rows(world, year)
    table = _parcel_table(world, plots, rows, year)
    flaw = np.where(rows.part == 0, world.flaw[rows.plot], 0)
    overlapping = np.flatnonzero(flaw == OVERLAP)
    marks = (
        Mark("qc_overlap", "geometry", np.union1d(overlapping, world.victim[rows.plot[overlapping]])),
        Mark("qc_area", "site_area_m2", np.flatnonzero(flaw == LARGER)),
        Mark("qc_footprint_green", "green_area_m2", np.flatnonzero(flaw == GREEN)),
    )
    templates = _parcel_table(world, plots, spare_rows(world), year)
    return Frame(table, world.layout.area[rows.plot], marks, templates)


def industrial_site_areas(world: World, plots: Plots) -> Floats:
    """Return the area of each slot in square metres; 0 where its use is not industrial."""
    return np.where(plots.industrial[: world.slots], world.layout.areas_m2()[: world.slots], 0.0)


def _parcel_table(world: World, plots: Plots, rows: YearRows, year: int) -> pa.Table:
    plot, site = rows.plot, _site_areas(world, plots, rows)
    area = world.layout.area[plot]
    zone = world.layout.zone[plot]
    green = np.where(_is_green_flaw(world, rows), site * 1.05 - _footprints(plots, plot), site * plots.green[plot])
    price = site / 10_000 * plots.price_per_ha[plot]
    supply = plots.supply_day[plot]
    district = world.district_rows(year)[area]
    columns = {
        "parcel_code": codes.text(parcel_codes(world, plot, rows.variant)),
        "parcel_name": codes.text(codes.joined("生成宗地", codes.digits(plot + 1, 8), "(示例)")),
        "district_code": codes.text(district),
        "town_code": codes.text(codes.joined(district, parcel_codes(world, plot, rows.variant)[:, 6:9])),
        "zone_code": codes.text(zone_code_rows(world, zone), mask=zone < 0),
        "block_code": codes.text(
            codes.joined(
                "CY", parcel_codes(world, plot, rows.variant)[:, :6], codes.digits(world.layout.block[plot] + 1, 6)
            )
        ),
        "land_use_code": pa.array(plots.land_use[plot]),
        "site_area_m2": pa.array(site),
        "green_area_m2": number(green),
        "structure_footprint_m2": number(site * plots.structure[plot]),
        "yard_area_m2": number(site * plots.yard[plot]),
        "admin_land_area_m2": number(site * plots.admin[plot]),
        "supply_mode": pa.array(plots.supply_mode[plot]),
        "land_price_cny10k": number(np.where(plots.supply_mode[plot] == "划拨", np.nan, price)),
        "supply_date": pa.array(supply),
        "term_end_date": pa.array(later(supply, plots.term_years[plot] * 12)),
        "far_min": number(plots.far_min[plot]),
        "far_max": number(plots.far_min[plot] + 2.0),
        "use_state": pa.array(plots.use_state[plot]),
        "geometry": codes.binary(polygons_wkb(corners_of(world, rows)), mask=~plots.surveyed[plot]),
    }
    return pa.table(columns)


def number(values: Floats, decimals: int = 2) -> pa.Array:
    """Return a rounded number column; NaN is NULL."""
    rounded = np.round(values, decimals) + 0.0
    return pa.array(rounded, from_pandas=True)


def later(days: npt.NDArray[np.datetime64], months: npt.ArrayLike) -> npt.NDArray[np.datetime64]:
    """Return dates so many months later, on the same day of the month up to the 28th."""
    month = days.astype("datetime64[M]")
    day = np.minimum((days - month.astype("datetime64[D]")).astype(np.int64), 27)
    return (month + np.asarray(months, dtype=np.int64)).astype("datetime64[D]") + day


def zone_code_rows(world: World, zone: Integers) -> Bytes:
    """Return zone codes (n, 11) of city-wide zone numbers: K, the district's code today, and a number."""
    per_area = world.shape.layout.zones_per_area
    districts = codes.ascii_rows([a.district for a in world.shape.areas])
    safe = np.maximum(zone, 0)
    return codes.joined("KF", districts[safe // per_area], codes.digits(safe + 1, 3))


def polygons_wkb(corners: Floats) -> Bytes:
    """Return quadrilaterals (n, 4, 2) as WKB polygons (n, 93)."""
    ring = np.concatenate([corners, corners[:, :1]], axis=1)
    points = np.ascontiguousarray(ring, dtype="<f8").view(np.uint8).reshape(len(corners), -1)
    return np.concatenate([np.broadcast_to(_WKB_HEAD, (len(corners), len(_WKB_HEAD))), points], axis=1)


def buildings(world: World, plots: Plots, year: int) -> Frame:
    """Return the buildings of a year: footprints share out a plot's, floors follow the storeys."""
    rng = world.rng("buildings")
    count = plots.building_count[: world.slots]
    slot = np.repeat(np.arange(world.slots), count)
    first = np.repeat(np.cumsum(count) - count, count)
    place = np.arange(len(slot)) - first
    footprint = _footprints(plots, slot) / count[slot]
    storeys = rng.choice([1, 1, 2, 3, 4, 5, 6], len(slot), p=[0.3, 0.1, 0.15, 0.15, 0.15, 0.1, 0.05])
    floor = footprint * storeys
    high = (rng.random(len(slot)) < 0.3) & (storeys <= 2)
    over = np.where(high, floor * rng.uniform(0.5, 1.0, len(slot)), np.nan)
    original = parcel_codes(world, slot, np.zeros_like(slot))
    table = pa.table(
        {
            "building_code": codes.text(codes.joined(original, "F", codes.digits(place + 1, 4), "0001")),
            "parcel_code": codes.text(main_codes(world, year)[slot]),
            "building_use": pa.array(codes.choose(rng, world.shape.buildings.use, len(slot))),
            "footprint_m2": number(footprint),
            "floor_area_m2": number(floor),
            "floor_area_over_8m_m2": number(np.floor(over)),
            "storeys": pa.array(storeys),
            "completion_date": pa.array(later(plots.supply_day[slot], rng.integers(8, 12, len(slot)))),
        }
    )
    return Frame(table, world.layout.area[slot])


def floor_areas(world: World, plots: Plots) -> Floats:
    """Return the built floor area of each slot in square metres, as `buildings` declares it."""
    table = buildings(world, plots, world.call.first_year)
    count = plots.building_count[: world.slots]
    slot = np.repeat(np.arange(world.slots), count)
    return np.bincount(slot, weights=table.table["floor_area_m2"].to_numpy(), minlength=world.slots)


def drawn_days(rng: np.random.Generator, first: int, last: int, count: int) -> npt.NDArray[np.datetime64]:
    """Draw dates from 1 January of the first to 31 December of the last year."""
    start, stop = np.datetime64(f"{first}-01-01"), np.datetime64(f"{last}-12-31")
    return start + rng.integers(0, (stop - start).astype(int), count)


def _building_counts(world: World, state: Texts, always: Flags, rng: np.random.Generator) -> Integers:
    p = world.shape.buildings
    count = np.minimum(rng.geometric(0.45, len(state)), p.most)
    none = np.isin(state, ("未开工", "闲置")) | (rng.random(len(state)) < p.none_share)
    return np.where(none & ~always, 0, count)


def _between(whole: Floats, start: int, end: int) -> Floats:
    return whole[:, start] + (whole[:, end] - whole[:, start]) * _HALF


def _site_areas(world: World, plots: Plots, rows: YearRows) -> Floats:
    polygon = quadrilateral_areas(corners_of(world, rows))
    larger = np.zeros(len(world.layout), dtype=bool)
    larger[: world.slots] = world.flaw == LARGER
    return np.round(polygon * np.where(larger[rows.plot], _LARGER, plots.noise[rows.plot]), 2)


def _is_green_flaw(world: World, rows: YearRows) -> Flags:
    flags = np.zeros(len(world.layout), dtype=bool)
    flags[: world.slots] = world.flaw == GREEN
    return flags[rows.plot]


def _footprints(plots: Plots, plot: Integers) -> Floats:
    return plots.base_m2[plot] * plots.footprint_ratio[plot]
