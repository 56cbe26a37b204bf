"""Potentials on arrays: the formulas, the edges of the rules, and areas that count once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scoring import potential
from scoring.potential import SHORTFALL, Parcels, Rule

AS_OF = np.datetime64("2023-12-31")
VACANT, IDLE, EXPIRED = (
    Rule("vacant"),
    Rule("idle", use_states=frozenset({"闲置", "未开工", "停建"})),
    Rule("expired"),
)
UNDER_BUILT = Rule("under_built", indicator="plot_ratio", releases=SHORTFALL)
LOW_OUTPUT = Rule("low_output", indicator="land_output_cny10k_per_ha", releases=SHORTFALL)
RULES = (VACANT, IDLE, EXPIRED, UNDER_BUILT, LOW_OUTPUT)


def parcels(n: int = 1, **given: object) -> Parcels:
    """n parcels of 10,000 m2 in use, occupied and built, well above every limit."""
    sound = Parcels(
        codes=np.array([f"P{i}" for i in range(n)], dtype=object),
        site_area_m2=np.full(n, 10000.0),
        enterprise_count=np.ones(n),
        building_count=np.ones(n),
        use_state=np.array(["在用"] * n, dtype=object),
        term_end=np.full(n, np.datetime64("2050-01-01")),
        values={"plot_ratio": np.full(n, 2.0), "land_output_cny10k_per_ha": np.full(n, 9000.0)},
        limits={"plot_ratio": np.full(n, 1.0), "land_output_cny10k_per_ha": np.full(n, 5000.0)},
    )
    return replace(sound, **given)


def found(given: Parcels, overlaps: tuple = ()) -> potential.Finding:
    return potential.low_efficiency(given, RULES, AS_OF, overlaps)


def test_zone_case_computed_not_published():
    """A regression on numbers computed from published rates and ideal values: nobody published these potentials."""
    assert potential.structure_ha(np.array([1000.0]), np.array([0.4852]), np.array([0.55])) == pytest.approx([64.8])
    area = potential.intensity_ha(np.array([485.2]), np.array([0.93]), np.array([0.98]))
    assert area == pytest.approx([24.755], abs=5e-4)


def test_a_potential_is_never_negative_and_missing_stays_missing():
    land, actual, ideal = np.array([10.0, 10.0, np.nan, 10.0]), np.array([0.7, 0.5, 0.5, 0.2]), np.array([0.5] * 4)
    ideal[3] = np.nan
    for method in (potential.structure_ha, potential.intensity_ha):
        assert method(land, actual, ideal)[:2].tolist() == [0.0, 0.0]
        assert np.isnan(method(land, actual, ideal)[2:]).all()


def test_a_negative_area_or_ratio_is_none():
    negative, one = np.array([-1.0]), np.array([1.0])
    for area in (
        potential.structure_ha(negative, one, one),
        potential.structure_ha(one, negative, one),
        potential.intensity_ha(one, negative, one),
        potential.supply_years(negative, one),
        potential.sum_ha(one, negative),
    ):
        assert np.isnan(area).all()
    assert potential.sum_ha(one, np.array([2.0])).tolist() == [3.0]


def test_no_quotient_by_zero():
    assert np.isnan(potential.intensity_ha(np.array([1.0]), np.array([0.0]), np.array([0.0]))).all()
    assert np.isnan(potential.supply_years(np.array([5.0, 0.0]), np.array([0.0, 0.0]))).all()
    assert potential.supply_years(np.array([5.0]), np.array([2.0])).tolist() == [2.5]


def test_a_sound_parcel_is_not_listed():
    result = found(parcels())
    assert result.reasons == [[]] and result.main_reason == [None] and result.releasable_area_m2.tolist() == [0.0]


@pytest.mark.parametrize(
    ("given", "reasons", "area"),
    [
        ({"enterprise_count": np.array([0.0]), "building_count": np.array([0.0])}, ["vacant"], 10000.0),
        ({"enterprise_count": np.array([0.0])}, [], 0.0),
        ({"enterprise_count": np.array([np.nan]), "building_count": np.array([0.0])}, [], 0.0),
        ({"use_state": np.array(["停建"], dtype=object)}, ["idle"], 10000.0),
        ({"use_state": np.array([None], dtype=object)}, [], 0.0),
        ({"term_end": np.array(["2023-12-30"], dtype="datetime64[D]")}, ["expired"], 10000.0),
        ({"term_end": np.array(["2023-12-31"], dtype="datetime64[D]")}, [], 0.0),
        ({"term_end": np.array(["NaT"], dtype="datetime64[D]")}, [], 0.0),
    ],
)
def test_facts_of_a_parcel(given, reasons, area):
    result = found(parcels(**given))
    assert result.reasons == [reasons] and result.releasable_area_m2.tolist() == [area]


def test_a_limit_that_is_just_reached_is_reached():
    ratios = np.array([1.0, np.nextafter(1.0, 0.0), 0.75, 0.0, np.nan])
    result = found(parcels(5, values=parcels(5).values | {"plot_ratio": ratios}))
    assert [bool(r) for r in result.reasons] == [False, True, True, True, False]
    assert result.releasable_area_m2 == pytest.approx([0.0, 0.0, 2500.0, 10000.0, 0.0], abs=1e-9)


def test_no_limit_or_a_limit_of_zero_is_no_reason():
    ratios, limits = np.array([0.5, 0.0]), np.array([np.nan, 0.0])
    given = parcels(2)
    result = found(
        replace(given, values=given.values | {"plot_ratio": ratios}, limits=given.limits | {"plot_ratio": limits})
    )
    assert result.reasons == [[], []]


def test_the_largest_reason_counts_and_of_equal_ones_the_first():
    values = {"plot_ratio": np.array([0.5, 0.0]), "land_output_cny10k_per_ha": np.array([1000.0, 0.0])}
    result = found(parcels(2, values=values))
    assert result.reasons == [["under_built", "low_output"]] * 2
    assert result.main_reason == ["low_output", "under_built"]
    assert result.releasable_area_m2 == pytest.approx([8000.0, 10000.0])


def test_an_excepted_state_is_not_judged():
    rule = replace(UNDER_BUILT, except_use_states=frozenset({"在建"}))
    given = parcels(2, values=parcels(2).values | {"plot_ratio": np.zeros(2)})
    given = replace(given, use_state=np.array(["在建", "在用"], dtype=object))
    assert potential.low_efficiency(given, [rule], AS_OF).reasons == [[], ["under_built"]]


def test_shared_land_counts_for_the_smaller_code_among_listed_parcels():
    given = parcels(3, use_state=np.array(["闲置", "闲置", "在用"], dtype=object))
    result = found(given, (("P1", "P0", 1500.0), ("P1", "P2", 4000.0)))
    assert result.shared_area_m2.tolist() == [0.0, 1500.0, 0.0]
    assert result.releasable_area_m2.tolist() == [10000.0, 8500.0, 0.0]


def test_shared_land_is_never_more_than_the_site():
    given = parcels(3, use_state=np.array(["闲置"] * 3, dtype=object))
    result = found(given, (("P0", "P2", 9000.0), ("P1", "P2", 9000.0)))
    assert result.releasable_area_m2.tolist() == [10000.0, 10000.0, 0.0]


def test_a_rule_without_a_meaning_is_refused():
    with pytest.raises(ValueError, match="names no indicator"):
        potential.met(Rule("ugly"), parcels(), AS_OF)


def test_the_lowest_limit_of_merged_industries():
    assert potential.lowest_known_limit([1.0, 0.7]) == 0.7
    assert np.isnan(potential.lowest_known_limit([0.7, float("nan")]))
    assert np.isnan(potential.lowest_known_limit([]))
