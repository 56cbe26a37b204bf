"""What every part of the generated city shares: the call, the regions, the plots and their history."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ingestion.synthetic import codes
from ingestion.synthetic.codes import Integers, generator
from ingestion.synthetic.districts import Region, code_rows, codes_in, regions
from ingestion.synthetic.layout import Layout, lay_out
from ingestion.synthetic.parameters import Parameters, defects, parameters
from landgauge.errors import ConfigurationError
from landgauge.profile import Profile

SPLIT, MERGE, RENUMBER = 1, 2, 3
OVERLAP, LARGER, GREEN = 1, 2, 3
SMALLEST_CITY = (40, 100)  # parcels, enterprises: below it some dataset would stay empty


@dataclass(frozen=True)
class Call:
    """The arguments of one generated city."""

    parcels: int
    enterprises: int
    years: int
    last_year: int
    seed: int

    @property
    def first_year(self) -> int:
        """The first evaluated year."""
        return self.last_year - self.years + 1

    @property
    def evaluated(self) -> range:
        """The evaluated years."""
        return range(self.first_year, self.last_year + 1)


@dataclass(frozen=True)
class World:
    """The call, the shape of the city and its plots.

    The first `slots` plots carry parcels; the others are kept for defective rows. For each slot: `change` (0, SPLIT,
    MERGE, RENUMBER) happens in the evaluated year number `change_at`; `flaw` (0, OVERLAP, LARGER, GREEN) is a seeded
    warning; `victim` is the slot that an overlapping one lies on (-1: none).
    """

    call: Call
    profile: Profile
    shape: Parameters
    regions: list[Region]
    layout: Layout
    slots: int
    change: Integers
    change_at: Integers
    flaw: Integers
    victim: Integers

    def district_codes(self, year: int) -> list[str]:
        """Return each area's district code in the year."""
        return codes_in(year, self.shape.areas, self.profile)

    def district_rows(self, year: int) -> codes.Bytes:
        """Return the same as (areas, 6) bytes."""
        return code_rows(self.district_codes(year))

    def rng(self, *names: str | int) -> np.random.Generator:
        """Return the random generator of a purpose."""
        return generator(self.call.seed, *names)


@dataclass(frozen=True)
class Mark:
    """Rows of a frame (by index) that carry a seeded warning."""

    rule: str
    column: str
    rows: Integers


@dataclass(frozen=True)
class Frame:
    """The good rows of one dataset and year, typed, with canonical names.

    `area` sends each row to its area's file; `templates` are what defective rows are made from (default: the table).
    """

    table: pa.Table
    area: Integers
    marks: tuple[Mark, ...] = ()
    templates: pa.Table | None = None


def build(call: Call, profile: Profile) -> World:
    """Return the world of a call.

    Raises ConfigurationError where the call asks for a city too small or for years without district codes.
    """
    shape = parameters()
    _refuse(call, shape)
    moves = min(max(1, round(call.parcels * shape.parcels.renumbered_share)), max(1, call.parcels // (10 * call.years)))
    slots = call.parcels - moves * call.years
    around = regions(shape.areas, profile)
    layout = lay_out(slots + spare_plots(call.parcels), around, shape.layout, call.seed)
    order = generator(call.seed, "roles").permutation(len(layout))
    layout = _reordered(layout, order)
    return World(call, profile, shape, around, layout, slots, *_histories(call, slots, moves))


def spare_plots(parcels: int) -> int:
    """Return how many plots defective parcels need at most: a row each, of which none overlaps another."""
    seeded = defects()
    return max(2 * len(seeded.datasets["parcels"].kinds), round(2 * seeded.share * parcels)) + 4


def _refuse(call: Call, shape: Parameters) -> None:
    if call.years < 1 or call.first_year < shape.first_evaluated_year or call.last_year > 2100:
        raise ConfigurationError(
            f"the generated city cannot show {call.first_year} to {call.last_year}",
            f"Ask for years from {shape.first_evaluated_year} to 2100 (--years, --last-year).",
        )
    least_parcels = max(SMALLEST_CITY[0], 20 * call.years)
    if call.parcels < least_parcels or call.enterprises < SMALLEST_CITY[1]:
        raise ConfigurationError(
            f"{call.parcels} parcels and {call.enterprises} enterprises make too small a city for {call.years} years",
            f"Ask for at least {least_parcels} parcels and {SMALLEST_CITY[1]} enterprises.",
        )
    if call.seed < 0:
        raise ConfigurationError(f"the seed {call.seed} is negative", "Give a seed of 0 or more (--seed).")


def _reordered(layout: Layout, order: Integers) -> Layout:
    return Layout(**{name: getattr(layout, name)[order] for name in Layout.__dataclass_fields__})


def _histories(call: Call, slots: int, moves: int) -> tuple[Integers, Integers, Integers, Integers]:
    """Give plots their changes and their warnings; plots are in random order, so stretches of them will do."""
    change, change_at = np.zeros(slots, dtype=np.int64), np.full(slots, -1)
    changed = 3 * moves * call.years
    change[:changed] = np.tile([SPLIT, MERGE, RENUMBER], moves * call.years)
    change_at[:changed] = np.arange(changed) // (3 * moves)
    flaw, victim = np.zeros(slots, dtype=np.int64), np.full(slots, -1)
    each = min(max(1, round(slots * 0.002)), (slots - changed) // 8)
    for number, kind in enumerate((OVERLAP, LARGER, GREEN)):
        flaw[changed + number * each : changed + (number + 1) * each] = kind
    victim[changed : changed + each] = np.arange(changed + 3 * each, changed + 4 * each)
    return change, change_at, flaw, victim
