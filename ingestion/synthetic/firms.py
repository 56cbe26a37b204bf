"""Enterprises: who they are, on which parcels they sit, and their register and land use of a year."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyproj import Transformer

from ingestion.synthetic import codes
from ingestion.synthetic.codes import Bytes, Integers
from ingestion.synthetic.districts import GEOGRAPHIC
from ingestion.synthetic.land import Flags, Plots, drawn_days, floor_areas, later, main_codes, number, parcel_codes
from ingestion.synthetic.layout import Floats
from ingestion.synthetic.world import MERGE, SPLIT, Frame, World
from landgauge import policy
from landgauge.errors import ConfigurationError

Days = npt.NDArray[np.datetime64]

_EDITION = "2017"
_STATES = ["存续", "在业", "停业", "注销", "吊销"]
_OCCUPIED = 0.9  # of a parcel's floor and land, shared among those who sit there; a little more for those who also do
_ALSO = 0.08
_HALF_PLOT = 0.495


@dataclass(frozen=True)
class Firms:
    """Every enterprise of all years, by number; the last `spares` are registered and otherwise unused.

    In year number k the enterprises k x yearly to k x yearly + core are at work. `slot` is the plot where one sits
    (-1: nowhere), `also` two more (-1: none); `share` is its share of the plot, `size` drives its figures.
    """

    core: int
    spares: int
    yearly: int
    years: int
    area: Integers
    slot: Integers
    also: Integers
    occupies: Flags
    share: Floats
    size: Floats
    division: Integers
    industry: pa.Array
    uscc: Bytes
    town: Bytes
    longitude: Floats
    latitude: Floats
    established: Days

    @property
    def working(self) -> int:
        """Number of enterprises that are at work in some year."""
        return self.core + self.yearly * (self.years - 1)

    def __len__(self) -> int:
        """Return how many enterprises there are over all years, spares included."""
        return len(self.area)


def active(firms: Firms, place: int) -> Integers:
    """Return the numbers of the enterprises in the register of the evaluated year number `place`."""
    return np.concatenate([at_work(firms, place), np.arange(firms.working, len(firms))])


def at_work(firms: Firms, place: int) -> Integers:
    """Return the same without the spares."""
    return np.arange(place * firms.yearly, place * firms.yearly + firms.core)


def owners(firms: Firms) -> tuple[Integers, Integers]:
    """Return the slots that have an owner through all years, and that enterprise's number."""
    stay = np.arange(firms.working - firms.core, firms.core)
    stay = stay[firms.occupies[stay]]
    slots, first = np.unique(firms.slot[stay], return_index=True)
    return slots, stay[first]


def firms_of(world: World, plots: Plots) -> Firms:
    """Draw all enterprises of all years."""
    p, call = world.shape.enterprises, world.call
    spares = max(16, round(call.enterprises * p.spare_share))
    core, yearly = call.enterprises - spares, max(1, round(call.enterprises * p.yearly_change))
    count = core + yearly * (call.years - 1) + spares
    rng = world.rng("firms")
    area = rng.choice(len(world.regions), count, p=_shares(world))
    slot, also = _seats(world, plots, area, rng)
    slot[-spares:], also[-spares:] = -1, -1
    occupies = (slot >= 0) & (rng.random(count) >= p.without_occupancy)
    raw = rng.lognormal(0, p.size_sigma, count)
    division, industry = _industries(world, area, rng)
    longitude, latitude = _points(world, plots, slot, occupies, rng)
    town = parcel_codes(world, np.maximum(slot, 0), np.zeros_like(slot))[:, 6:9]
    return Firms(
        core=core,
        spares=spares,
        yearly=yearly,
        years=call.years,
        area=area,
        slot=slot,
        also=np.where(occupies[:, None], also, -1),
        occupies=occupies,
        share=_within(raw * occupies, slot, world.slots),
        size=_sizes(world, raw, slot, rng),
        division=division,
        industry=industry,
        uscc=codes.usccs(np.arange(count), codes.ascii_rows([a.district for a in world.shape.areas])[area]),
        town=town,
        longitude=longitude,
        latitude=latitude,
        established=_established(world, core, yearly, count, rng),
    )


def register(world: World, firms: Firms, place: int) -> Frame:
    """Return the enterprises of the evaluated year number `place`."""
    year = world.call.first_year + place
    who, rng = active(firms, place), world.rng("register", year)
    district = world.district_rows(year)[firms.area[who]]
    table = pa.table(
        {
            "uscc": codes.text(firms.uscc[who]),
            "enterprise_name": codes.text(codes.joined("生成企业", codes.digits(who + 1, 8), "(示例)")),
            "industry_code": firms.industry.take(pa.array(who)),
            "industry_edition": pa.array([_EDITION, None]).take(pa.array((who % 3 == 0).astype(np.int32))),
            "district_code": codes.text(district),
            "town_code": codes.text(codes.joined(district, firms.town[who]), mask=firms.slot[who] < 0),
            "registration_state": codes.labels(_STATES, _states(firms, who, place, rng)),
            "established_date": pa.array(firms.established[who]),
            "above_scale": codes.labels(["否", "是"], above_scale(world, firms)[who]),
            "longitude": number(firms.longitude[who], 6),
            "latitude": number(firms.latitude[who], 6),
        }
    )
    return Frame(table, firms.area[who])


def above_scale(world: World, firms: Firms) -> Flags:
    """Say which enterprises are above scale (规上): the largest, by the stated share."""
    cut = np.quantile(firms.size[: firms.working], 1 - world.shape.enterprises.above_scale_share)
    return firms.size >= cut


def occupancy(world: World, plots: Plots, firms: Firms, place: int) -> Frame:
    """Return the land use of the evaluated year: a row for each enterprise and parcel, some leases already over."""
    year = world.call.first_year + place
    who, slot, fraction = _rows_of_occupancy(world, firms, place)
    rng = world.rng("occupancy")
    gaps = rng.random((len(firms), 2))
    floor = floor_areas(world, plots)[slot] * fraction
    floor = np.where((floor <= 0) | (gaps[who, 0] < 0.08), np.nan, floor)
    land = world.layout.areas_m2()[slot] * 0.48 * fraction
    land = np.where((gaps[who, 1] < 0.05) | ((gaps[who, 0] < 0.08) & (gaps[who, 1] < 0.3)), np.nan, land)
    owner = np.isin(who, owners(firms)[1]) & (slot == firms.slot[who])
    start = firms.established[who] + rng.integers(0, 150, len(firms))[who]
    end = np.maximum(
        later(start, 30), drawn_days(rng, world.call.first_year - 2, world.call.last_year + 3, len(firms))[who]
    )
    open_end = owner | (rng.random(len(firms)) < 0.88)[who]
    table = pa.table(
        {
            "parcel_code": codes.text(main_codes(world, year)[slot]),
            "uscc": codes.text(firms.uscc[who]),
            "tenure": codes.labels(["承租", "自有"], owner),
            "floor_area_m2": number(floor),
            "land_area_m2": number(land),
            "start_date": pa.array(start),
            "end_date": pa.array(end, mask=open_end),
        }
    )
    return Frame(table, firms.area[who])


def _shares(world: World) -> Floats:
    shares = np.array([a.enterprises for a in world.shape.areas])
    return shares / shares.sum()


def _seats(world: World, plots: Plots, area: Integers, rng: np.random.Generator) -> tuple[Integers, Integers]:
    """Return each enterprise's slot, drawn by site area and luck, and two more for the few that sit on several."""
    slot, also = np.full(len(area), -1), np.full((len(area), 2), -1)
    site = world.layout.areas_m2()[: world.slots] * rng.lognormal(0, 0.6, world.slots)
    several = rng.random(len(area))
    p = world.shape.enterprises
    for number_of_area in range(len(world.regions)):
        seats = np.flatnonzero((world.layout.area[: world.slots] == number_of_area) & _usable(world, plots))
        who = np.flatnonzero(area == number_of_area)
        if not len(seats):
            continue
        ladder = np.cumsum(site[seats])
        at = np.searchsorted(ladder, rng.random(len(who)) * ladder[-1], side="right").clip(max=len(seats) - 1)
        slot[who] = seats[at]
        if len(seats) >= 3:
            two, three = several[who] < p.two_parcels + p.three_parcels, several[who] < p.three_parcels
            also[who[two], 0] = seats[(at[two] + 1) % len(seats)]
            also[who[three], 1] = seats[(at[three] + 2) % len(seats)]
    return slot, also


def _usable(world: World, plots: Plots) -> Flags:
    return plots.use_state[: world.slots] == "在用"


def _within(weights: Floats, slot: Integers, slots: int) -> Floats:
    """Return each weight over the sum of the weights on its slot; 0 without a slot."""
    seated = slot >= 0
    total = np.bincount(slot[seated], weights=weights[seated], minlength=slots)
    share = np.zeros(len(weights))
    share[seated] = weights[seated] / np.maximum(total[slot[seated]], 1e-12)
    return share


def _sizes(world: World, raw: Floats, slot: Integers, rng: np.random.Generator) -> Floats:
    """Divide each plot's site area, times luck, among those who sit on it; others take a middling size."""
    weight = world.layout.areas_m2()[: world.slots] * rng.lognormal(0, 0.7, world.slots)
    size = _within(raw, slot, world.slots) * weight[np.maximum(slot, 0)]
    elsewhere = slot < 0
    middling = np.median(size[~elsewhere]) if (~elsewhere).any() else 1.0
    size[elsewhere] = raw[elsewhere] * middling
    return size


def _industries(world: World, area: Integers, rng: np.random.Generator) -> tuple[Integers, pa.Array]:
    """Return each enterprise's division and its code as declared: class, group or division, with a letter or not."""
    division = np.zeros(len(area), dtype=np.int64)
    for number_of_area, shape in enumerate(world.shape.areas):
        who = np.flatnonzero(area == number_of_area)
        division[who] = codes.choose(rng, shape.industries, len(who)).astype(np.int64)
    forms: list[str] = []
    index = np.zeros(len(area), dtype=np.int64)
    for wanted, declared in _declared_forms(np.unique(division)).items():
        who = np.flatnonzero(division == wanted)
        index[who] = len(forms) + rng.integers(0, len(declared), len(who))
        forms += declared
    return division, pa.array(forms).take(pa.array(index))


def _declared_forms(divisions: Integers) -> dict[int, list[str]]:
    """Return, by division, codes of GB/T 4754-2017 in the forms that are met: C3611, 3611, 361, 36."""
    table = [r["code"] for r in policy.rows("industry") if r["edition"] == _EDITION]
    found: dict[int, list[str]] = {}
    for number_of_division in divisions.tolist():
        division = f"{number_of_division:02d}"
        classes = sorted(c for c in table if len(c) == 5 and c[1:3] == division)
        if not classes:
            raise ConfigurationError(
                f"the policy seed industry has no class of division {division} (edition {_EDITION})",
                "Complete dbt_project/seeds/policy/industry.csv.",
            )
        groups = sorted({c[1:4] for c in classes} & {c[1:] for c in table})
        found[number_of_division] = classes + [c[1:] for c in classes] + groups + [division] * (1 + len(classes) // 4)
    return found


def _points(
    world: World, plots: Plots, slot: Integers, occupies: Flags, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return longitude and latitude inside the plot's parcel, clear of seeded overlaps; NaN where none is known."""
    u, v = rng.uniform(0.5, 0.9, (2, len(slot)))
    halved = np.isin(world.change, (SPLIT, MERGE))[np.maximum(slot, 0)]
    u = np.where(halved, u * _HALF_PLOT, u)
    corners = world.layout.corners[np.maximum(slot, 0)]
    bottom = corners[:, 0] + (corners[:, 1] - corners[:, 0]) * u[:, None]
    top = corners[:, 3] + (corners[:, 2] - corners[:, 3]) * u[:, None]
    point = bottom + (top - bottom) * v[:, None]
    transformer = Transformer.from_crs(world.profile.projected_crs, GEOGRAPHIC, always_xy=True)
    longitude, latitude = transformer.transform(point[:, 0], point[:, 1])
    missing = np.where(occupies, 0.2, world.shape.enterprises.without_point)
    blank = (rng.random(len(slot)) < missing) | (slot < 0) | ~plots.surveyed[np.maximum(slot, 0)]
    return np.where(blank, np.nan, longitude), np.where(blank, np.nan, latitude)


def _established(world: World, core: int, yearly: int, count: int, rng: np.random.Generator) -> Days:
    """Those at work from the first year on are older; the others are born in the first half of their first year."""
    first = world.call.first_year
    days = drawn_days(rng, 1995, first - 1, count)
    born = np.arange(core, core + yearly * (world.call.years - 1))
    year = first + 1 + (born - core) // yearly
    days[born] = (year - 1970).astype("datetime64[Y]").astype("datetime64[D]") + rng.integers(0, 180, len(born))
    return days


def _states(firms: Firms, who: Integers, place: int, rng: np.random.Generator) -> Integers:
    """Most go on; of those that leave the register next year some are struck off or closed already."""
    leaving = (who < (place + 1) * firms.yearly) & (who < firms.working)
    standing = rng.choice(5, len(who), p=[0.70, 0.29, 0.01, 0.0, 0.0])
    going = rng.choice(5, len(who), p=[0.3, 0.0, 0.2, 0.35, 0.15])
    return np.where(leaving, going, standing)


def _rows_of_occupancy(world: World, firms: Firms, place: int) -> tuple[Integers, Integers, Floats]:
    """Return enterprise, slot and the fraction of the slot's floor and land of each row."""
    who = at_work(firms, place)
    who = who[firms.occupies[who]]
    also = [who[firms.also[who, i] >= 0] for i in (0, 1)]
    more = np.concatenate(also)
    more_slot = np.concatenate([firms.also[w, i] for i, w in enumerate(also)])
    crowd = np.bincount(more_slot, minlength=world.slots)
    fraction = np.concatenate([firms.share[who] * _OCCUPIED, _ALSO / crowd[more_slot]])
    return np.concatenate([who, more]), np.concatenate([firms.slot[who], more_slot]), fraction
