"""Supply of land: overlapping sources, changed parcels, caps, potentials, and every odd row."""

import math

import pandas as pd
import pytest

from landgauge import policy
from scoring.forecast import land_policy
from scoring.forecast.land_policy import LandCap, Scenario, SupplySource
from scoring.forecast.land_supply import COLUMNS, effective, flows, judged
from scoring.forecast.policy import PolicyError

SOURCES = (
    SupplySource("转出", -1, 1, 1),
    SupplySource("批而未供", 1, 0.8, 1, new_land=True),
    SupplySource("闲置处置", 1, 0.6, 0.5),
    SupplySource("强度挖潜", 1, 0.5, 1),
)
BASE = Scenario("base", 0, 0, 0, 0, 1)
SHIPPED = {name: policy.rows(name) for name in land_policy.SEEDS}


def row(item, source, area, year=2026, parcel=None, **more):
    cells = dict.fromkeys(COLUMNS) | {"item_id": item, "source": source, "area_ha": area, "available_year": year}
    return cells | {"data_year": 2024, "district_code": "D1", "from_marts": False, "parcel_code": parcel} | more


def judge(rows, changes=()):
    made = pd.DataFrame(changes, columns=["old_parcel_code", "new_parcel_code"])
    return judged(pd.DataFrame(rows, columns=COLUMNS), made, SOURCES, 2024, 2034)


def supply(rows, changes=(), scenario=BASE, caps=(), used=None):
    return effective(judge(rows, changes), SOURCES, scenario, caps, used or {}, "C1").set_index("item_id")


def test_area_by_rate_by_share_and_land_that_leaves_is_negative():
    done = supply(
        [
            row("a", "批而未供", 100),
            row("b", "批而未供", 10, industrial_share=0.5, realisation_rate=1.0),
            row("c", "闲置处置", 10),
            row("d", "转出", 7),
            row("e", "闲置处置", 10, industrial_share=1.5, realisation_rate=-1.0),
        ]
    )
    assert done["effective_ha"].to_dict() == pytest.approx({"a": 80, "b": 5, "c": 3, "d": -7, "e": 0})
    assert done.loc["e", "reason"] == "rate_outside_0_1"
    more = supply([row("a", "批而未供", 100), row("d", "转出", 7)], scenario=Scenario("high", 0, 0, 0, 0, 1.5))
    assert more["effective_ha"].to_dict() == {"a": 100, "d": -7}, "no more than the land there is"


def test_a_parcel_in_several_sources_and_years_counts_once_in_the_first_of_the_order():
    rows = [
        row("a", "闲置处置", 1, parcel="P1"),
        row("b", "批而未供", 2, parcel="P1", year=2027),
        row("c", "批而未供", 3, parcel="P2", data_year=2023),
        row("d", "批而未供", 4, parcel="P2"),
        row("e", "闲置处置", 5),
        row("f", "闲置处置", 6),
        row("g", "批而未供", 2, parcel="P1", from_marts=True),
    ]
    for order in (rows, rows[::-1]):
        done = judge(order).set_index("item_id")
        assert sorted(done.index[done["counted"]]) == ["b", "d", "e", "f"]
        assert done["duplicate_of"].dropna().to_dict() == {"a": "b", "c": "d", "g": "b"}
        assert set(done.loc[["a", "c", "g"], "reason"]) == {"same_parcel"}


@pytest.mark.parametrize(
    ("changes", "counted"),
    [
        ([("P1", "P2")], ["a", "c"]),  # renumbered
        ([("P1", "P2"), ("P1", "P3")], ["a"]),  # split
        ([("P2", "P1"), ("P3", "P1")], ["a"]),  # merged
        ([("P1", "X"), ("X", "P2"), ("P2", "P3")], ["a"]),  # a chain
        ([("P1", "P2"), ("P2", "P1")], ["a", "c"]),  # changed back
        ([("P4", "P2"), ("P4", "P3")], ["a", "b", "c"]),  # two parts of a third: no land in common
        ([("P2", "P3")], ["a", "b"]),
        ([], ["a", "b", "c"]),
    ],
)
def test_a_changed_parcel_is_the_same_land(changes, counted):
    rows = [
        row("a", "批而未供", 9, parcel="P1"),
        row("b", "闲置处置", 4, parcel="P2"),
        row("c", "闲置处置", 5, parcel="P3"),
    ]
    done = judge(rows, changes).set_index("item_id")
    assert sorted(done.index[done["counted"]]) == counted
    assert set(done.loc[~done["counted"], "reason"]) <= {"changed_parcel"}


def test_what_left_industry_supplies_nothing_in_whatever_year_it_left():
    rows = [
        row("a", "转出", 3, 2019, "P1"),
        row("b", "闲置处置", 3, parcel="P1"),
        row("c", "转出", 4, 2030, "P2"),
        row("d", "批而未供", 4, parcel="P2"),
        row("e", "批而未供", 4, 2019, "P3"),
        row("f", "闲置处置", 4, parcel="P3"),
    ]
    done = judge(rows).set_index("item_id")
    assert sorted(done.index[done["counted"]]) == ["c", "f"]
    assert done.loc[["b", "d"], "reason"].tolist() == ["left_industry"] * 2
    assert done.loc[["a", "e"], "reason"].tolist() == ["outside_years"] * 2


def test_rows_that_cannot_count_say_why():
    rows = [
        row("a", "批而未供", math.nan),
        row("b", "批而未供", -3),
        row("c", "批而未供", 3, 1),
        row("d", "批而未供", 3, 9999),
        row("e", "天上掉下", 3),
        row("f", "批而未供", 3, None),
    ]
    done = supply(rows)
    assert not done["counted"].any() and (done["effective_ha"] == 0).all()
    reasons = {"a": "no_area", "b": "no_area", "e": "unknown_source"}
    assert done["reason"].to_dict() == reasons | dict.fromkeys("cdf", "outside_years")
    empty = supply([])
    assert len(empty) == 0 and len(flows(empty.reset_index(), {}, ["D1"], "C1")) == 0


def test_new_land_beyond_the_cap_is_cut_in_order_of_year():
    rows = [
        row("a", "批而未供", 100, 2025),
        row("b", "批而未供", 100, 2026, district_code="D2", industrial_share=0.5),
        row("c", "批而未供", 100, 2027),
        row("d", "批而未供", 100, 2031),
        row("e", "闲置处置", 100, 2025),
    ]
    city = LandCap("city", "C1", 2020, 2030, 150)
    done = supply(rows, caps=[city], used={"city": 30})
    assert done["cut_ha"].to_dict() == pytest.approx({"a": 0, "b": 40, "c": 80, "d": 0, "e": 0})
    assert done["effective_ha"].to_dict() == pytest.approx({"a": 80, "b": 20, "c": 0, "d": 80, "e": 30})
    assert done.loc[["b", "c"], "reason"].tolist() == ["cut_by_cap"] * 2
    both = supply(rows, caps=[city, LandCap("d1", "D1", 2020, 2030, 10)], used={"city": 30})
    assert both["effective_ha"].to_dict() == pytest.approx({"a": 10, "b": 40, "c": 0, "d": 80, "e": 30})
    used_up = supply(rows, caps=[city], used={"city": 999})
    assert used_up["effective_ha"].to_dict() == pytest.approx({"a": 0, "b": 0, "c": 0, "d": 80, "e": 30})


def test_a_zones_potential_gives_way_to_parcels_and_to_what_is_declared():
    zone = row("p", "强度挖潜", 20, from_marts=True, zone_code="Z1", zone_base_ha=100.0)
    parcel = row("a", "闲置处置", 25, parcel="P1", zone_code="Z1")
    done = supply([zone, parcel])
    assert (done.loc["p", "overlap_ha"], done.loc["p", "effective_ha"]) == pytest.approx((5, 7.5))
    declared = supply([zone, parcel, row("q", "强度挖潜", 8)])
    assert not declared.loc["p", "counted"] and declared.loc["p", "duplicate_of"] == "q"
    assert supply([zone, row("q", "强度挖潜", 8, district_code="D2")])["counted"].all()


def test_flows_stand_in_every_whole_and_never_exceed_it():
    rows = [
        row("a", "批而未供", 10, industry_code="26"),
        row("b", "批而未供", 10, industry_code="C2611"),
        row("c", "批而未供", 10, industry_code="C"),
        row("d", "批而未供", 10, industry_code=None),
        row("e", "批而未供", 10, district_code="elsewhere", industry_code="junk"),
        row("f", "批而未供", 10, district_code="C1", industry_code="00"),
    ]
    made = flows(supply(rows).reset_index(), {"26": "C"}, ["D1", "D2"], "C1")
    found = made.set_index(["district_code", "industry_code"])["area_ha"].to_dict()
    assert found == {
        ("C1", "00"): 48, ("C1", "26"): 16, ("C1", "C"): 24, ("D1", "00"): 32, ("D1", "26"): 16, ("D1", "C"): 24,
    }  # fmt: skip


def test_many_rows_of_one_chain_of_changes_take_no_time():
    rows = [row(f"i{n:05d}", "批而未供", 1.0, parcel=f"P{n:05d}") for n in range(3000)]
    chain = [(f"P{n:05d}", f"P{n + 1:05d}") for n in range(3000)]
    assert judge(rows, chain)["counted"].sum() == 1


@pytest.mark.parametrize(
    ("seed", "column", "value"),
    [
        ("forecast_land_setting", "value", "viele"),
        ("forecast_land_setting", "setting", "other"),
        ("forecast_supply_source", "realisation_rate", ""),
        ("forecast_scenario", "upgrade_rate", "nan"),
        ("forecast_land_method", "method", "crystal_ball"),
        ("forecast_quota", "value", "x"),
        ("forecast_land_cap", "cap_km2", "inf"),
    ],
)
def test_a_seed_that_cannot_be_read_is_named(seed, column, value):
    seeds = SHIPPED | {seed: [dict(SHIPPED[seed][0], **{column: value}), *SHIPPED[seed][1:]]}
    with pytest.raises(PolicyError, match=seed):
        land_policy.read(seeds)
