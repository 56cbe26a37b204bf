"""SQL and Python give the same indicators for random cities with hostile data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cache

import pytest

from scoring.indicators import CityYear, evaluate

from .differences import differences
from .engine import City, for_reference, run
from .project import MARTS
from .random_city import CITIES, random_city

GROUPS = 5


Compared = tuple[list[str], Counter]


@pytest.fixture(scope="module")
def compare(compiled) -> Callable[[int], Compared]:
    """Return a function from a seed to what differs in its city, and how often each indicator has which reason."""

    @cache
    def by_seed(seed: int) -> Compared:
        city = random_city(seed)
        marts = run(city, compiled[city.year])
        rows = marts["fct_indicator_value"]
        seen = Counter((row["scale"], row["indicator_code"], row["null_reason"]) for row in rows)
        return differences(marts, evaluate(for_reference(city))), seen

    return by_seed


@pytest.mark.parametrize("group", range(GROUPS))
def test_sql_agrees_with_the_reference(compare, group):
    """Every key, reason, value, numerator, denominator, share and sum; long and wide; Σ parcels to Σ enterprises."""
    for seed in range(group, CITIES, GROUPS):
        told, _ = compare(seed)
        assert not told, f"city {seed}: {len(told)} differences\n" + "\n".join(told[:10])


def test_the_cities_reach_every_indicator_and_reason(compare):
    """Each indicator has a value in at least five units of each scale, and each reason occurs where it can."""
    seen = sum((compare(seed)[1] for seed in range(CITIES)), Counter())
    codes = {(scale, code) for scale, code, _ in seen}
    assert {key for key in codes if seen[*key, None] < 5} == set()
    reasons = {(scale, reason) for scale, _, reason in seen}
    usual = ("register_not_loaded", "no_enterprise", "value_missing", "zero_denominator")
    areas = {(scale, reason) for scale in ("parcel", "block", "district", "city") for reason in usual}
    assert areas | {("zone", "value_missing"), ("zone", "zero_denominator")} <= reasons
    assert {("district", reason) for reason in ("no_growth", "no_previous_year")} <= reasons


def test_nothing_but_the_city_row_without_any_data(compiled):
    """No parcels, no enterprises, no district: one city row, every indicator with a reason."""
    city = City(name="nothing", year=2023, loads=[("parcels", 2023, "loaded")])
    marts = run(city, compiled[2023])
    assert differences(marts, evaluate(for_reference(city))) == []
    assert [len(marts[f"fct_{scale}_year"]) for scale in ("parcel", "district", "city")] == [0, 0, 1]
    assert all(row["null_reason"] for row in marts["fct_indicator_value"])


def test_the_reference_takes_tables_without_rows():
    city = CityYear(2023, "440100", frozenset({"parcels"}), {}, *_nothing())
    found = evaluate(city)
    assert set(found.values["scale"]) == {"city"} and found.pairs.empty and found.values["value"].isna().all()


def _nothing() -> tuple[dict, dict]:
    empty = for_reference(City(name="nothing", year=2023))
    return dict(empty.profile), dict(empty.policy)


def test_a_difference_is_told(compiled):
    """The comparison itself: a changed figure, reason, key or sum does not pass."""
    city = random_city(next(seed for seed in range(CITIES) if len(random_city(seed).rows.get("operations", [])) > 20))
    reference = evaluate(for_reference(city))
    fresh = run(city, compiled[city.year])
    assert differences(fresh, reference) == []
    row = next(i for i, row in enumerate(fresh["fct_indicator_value"]) if row["value"])
    for name, wrong in (("value", 1 + 1e-6), ("numerator", 1 + 1e-6), ("denominator", 1 + 1e-6)):
        marts = {mart: [dict(r) for r in fresh[mart]] for mart in MARTS}
        marts["fct_indicator_value"][row][name] *= wrong
        assert differences(marts, reference), name
