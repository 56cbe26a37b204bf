"""Demand for land and its balance: methods by hand, weights, intervals, sums, and every way to have too little."""

import numpy as np
import pandas as pd
import pytest

from landgauge import policy
from scoring.forecast import land_balance, land_demand, land_policy, land_tables, rules
from scoring.forecast.activity import Hierarchy, activity
from scoring.forecast.demand_methods import IDEAL, QUOTA
from scoring.forecast.land_policy import Scenario
from scoring.forecast.panel import KEY, panel

NAN = np.nan
LAND = land_policy.read({name: policy.rows(name) for name in land_policy.SEEDS})
RULES = rules.read({name: policy.rows(name) for name in rules.SEEDS})
ABOVE = {"C": "00", "26": "C", "36": "C"}
BASE = next(s for s in LAND.scenarios if s.name == "base")


def series(measure, district, industry, values, last=2024):
    first = last - len(values) + 1
    return [(measure, district, industry, first + i, v) for i, v in enumerate(values) if np.isfinite(v)]


def unit(district="C1", industry="00", land=(), added=(), output=None, workers=None):
    rows = series("industrial_land_ha", district, industry, land) + series(
        "value_added_cny10k", district, industry, added
    )
    rows += series("output_cny10k", district, industry, np.array(added) * 4 if output is None else output)
    return rows + series("employees", district, industry, np.array(added) / 50 if workers is None else workers)


def engine(*rows, land=LAND):
    frame = pd.DataFrame([r for some in rows for r in some], columns=[*KEY, "year", "value"])
    made = panel(frame, 2024)
    found = activity(made, 2024, RULES, Hierarchy("C1", ABOVE))
    known = land_demand.known(found, len(made.years), RULES.steps)
    return land_demand.engine(known, land, RULES, land_demand.City("C1", ABOVE))


def growing(years=17, land=0.02, added=0.07, level=1.0):
    t = np.arange(years)
    return {"land": 1000 * level * (1 + land) ** t, "added": 5e5 * level * (1 + added) ** t}


def city():
    """A city of two districts by two industries with noise; every whole is the sum of its parts."""
    noise, cells = np.random.default_rng(7), {}
    for place, key in enumerate([("D1", "26"), ("D1", "36"), ("D2", "26"), ("D2", "36")]):
        t = np.arange(17)
        land = 100 * (1 + place) * 1.02**t * np.exp(np.cumsum(noise.normal(0, 0.01, 17)))
        cells[key] = land, 4000 * (1 + place) * 1.05**t * np.exp(np.cumsum(noise.normal(0, 0.02, 17)))
    rows = []
    for d in ("C1", "D1", "D2"):
        for i in ("00", "C", "26", "36"):
            mine = [v for (x, y), v in cells.items() if d in ("C1", x) and i in ("00", "C", y)]
            rows += unit(d, i, sum(v[0] for v in mine), sum(v[1] for v in mine))
    return rows


def test_methods_by_hand_where_everything_grows_steadily():
    made = engine(unit(**growing()))
    found = made.demand(BASE).methods
    now, ahead = 1000 * 1.02**16, np.arange(1, 11)
    activity_path = made.ground.ahead["value_added_cny10k"][0] / (5e5 * 1.07**16)
    output_per_land = now * activity_path / (1.07 / 1.02) ** ahead
    assert found["output_per_land"].values[0] == pytest.approx(output_per_land, rel=1e-9)
    ratio, yearly = np.log(1.02) / np.log(1.07), activity_path / np.append(1, activity_path[:-1])
    assert found["elasticity"].values[0] == pytest.approx(now * np.cumprod(1 + ratio * (yearly - 1)), rel=1e-9)
    added = (made.ground.ahead["output_cny10k"][0] - made.ground.past["output_cny10k"][0, -1]) / 1e4
    assert found["quota"].values[0] == pytest.approx(now + LAND.quota(QUOTA, "00") * added, rel=1e-9)
    ideal = LAND.quota(IDEAL, "00") / (5e5 * 1.07**16 / now)
    expected = now * activity_path / max(ideal, 1) ** np.minimum(ahead / LAND.settings["ideal_years"], 1)
    assert found["towards_ideal"].values[0] == pytest.approx(expected, rel=1e-9)
    workers = made.ground.ahead["employees"][0] / made.ground.past["employees"][0, -1]
    assert found["land_per_worker"].values[0] == pytest.approx(now * workers, rel=1e-9)
    assert (found["naive"].values[0] == now).all()


def test_scenarios_move_demand_the_way_their_drivers_say():
    made = engine(unit(**growing()))
    up = Scenario("up", 0.01, 0, 0, 0, 1)
    lifted = Scenario("lifted", 0, 0.01, 0, 0, 1)
    upgraded = Scenario("upgraded", 0, 0, 0.02, 3, 1)
    base, more, less, later = (
        made.demand(s).methods["output_per_land"].values[0] for s in (BASE, up, lifted, upgraded)
    )
    assert more == pytest.approx(base * 1.01 ** np.arange(1, 11)) and (less < base).all()
    assert later[:3] == pytest.approx(base[:3]) and (later[3:] < base[3:]).all()
    combined = [made.demand(s).combined.values[0, -1] for s in (upgraded, BASE, up)]
    assert combined == sorted(combined) and len(set(combined)) == 3


def test_combination_weights_sum_to_one_over_methods_that_pass_and_are_not_worse_than_naive():
    made = engine(city())
    done = made.demand(BASE)
    assert done.weights.sum(axis=0) == pytest.approx(np.ones(done.combined.values.shape))
    for (name, land), weights in zip(done.methods.items(), done.weights, strict=True):
        assert ((weights > 0).any(axis=1) == np.equal(land.reason, None)).all(), name
        assert set(land.reason[np.isfinite(land.values[:, 0])]) <= {None, "worse_than_naive"}


def test_city_is_the_sum_of_districts_and_of_industries():
    made = engine(city())
    where = {key: n for n, key in enumerate(zip(made.known.district_code, made.known.industry_code, strict=True))}
    for scenario in LAND.scenarios:
        land = made.demand(scenario).combined.values
        for i in ("00", "C", "26", "36"):
            assert land[where["C1", i]] == pytest.approx(land[where["D1", i]] + land[where["D2", i]], abs=1e-6)
        for d in ("C1", "D1", "D2"):
            parts = land[where[d, "26"]] + land[where[d, "36"]]
            assert land[where[d, "00"]] == pytest.approx(parts, abs=1e-6)
        assert (land >= 0).all()


def test_what_is_not_allocated_stays_an_item_of_its_own():
    rows = [r if r[1] != "C1" else (*r[:4], r[4] * 1.25) for r in city()]
    made = engine(rows)
    frame = land_tables.demand_rows(made, made.demand(BASE), 2024).query("year == 2030 and method != 'naive'")
    land = frame.set_index(["district_code", "industry_code", "method"])["land_ha"]
    whole, rest = land["C1", "00", "combination"], land["not_allocated", "00", "not_allocated"]
    parts = land["D1", "00", "combination"] + land["D2", "00", "combination"]
    assert rest == pytest.approx(0.2 * whole) and whole == pytest.approx(parts + rest, abs=1e-6)


def test_intervals_hold_the_forecast_and_come_from_the_back_test_where_it_is_long_enough():
    done = engine(city()).demand(BASE)
    there = np.isfinite(done.low)
    assert there[:, 0].all() and (done.basis[there] == "land_backtest").any()
    assert (done.low[there] <= done.combined.values[there]).all() and (done.low[there] >= 0).all()
    assert (done.high[there] >= done.combined.values[there]).all()
    short = engine(unit(**growing(3)))
    assert np.isfinite(short.demand(BASE).combined.values).all()
    assert np.isnan(short.demand(BASE).low).all()
    policy_weights = np.array([m.weight for m in LAND.methods])
    assert short.weights[:, 0] == pytest.approx(policy_weights / policy_weights.sum())
    assert (short.weights == short.weights[:, :1]).all()


@pytest.mark.parametrize(
    ("land", "added", "method", "reason"),
    [
        ([NAN] * 8, [5] * 8, "output_per_land", "land_missing"),
        ([5] * 8 + [NAN], [5] * 9, "naive", "land_missing"),
        ([5] * 8, [NAN] * 8, "output_per_land", "activity_missing"),
        ([5] * 8, [NAN] * 8, "naive", None),
        ([5, 6, 7], [5, 6, 7], "output_per_land", "too_few_points"),
        ([0] * 8, [5] * 8, "output_per_land", "value_not_positive"),
        ([5] * 8, [-1] * 8, "elasticity", "value_not_positive"),
        ([5] * 8, [1, 9] * 4, "output_per_land", "log_residuals_above_limit"),
        ([5] * 8, [5] * 8, "elasticity", "activity_without_change"),
        ([9, 9, 9, NAN, 5, 6, 7], [5] * 7, "output_per_land", "too_few_points"),
        ([100, 160, 100, 160, 100], [5] * 5, "gm11", "level_ratio_outside_band"),
        ([100, 200, 400, 800, 1600], [100, 101, 102, 103, 104], "elasticity", "above_limit"),
        (
            [1e14, 1e-9, 1e-9, 1e-9, 1e-9],
            [1e-9, 1e14, 1e14, 1e14, 1e14],
            "output_per_land",
            "log_residuals_above_limit",
        ),
    ],
)
def test_a_method_that_cannot_say_so_says_why(land, added, method, reason):
    made = engine(unit(land=land, added=np.array(added, dtype=float)))
    done = made.demand(BASE)
    found = done.methods[method]
    assert found.reason[0] == reason or (reason is None and found.reason[0] == "worse_than_naive")
    assert np.isnan(found.values[0]).all() == (reason is not None)
    assert np.isfinite(done.combined.values[0]).all() == np.isfinite(made.ground.land[0])


def test_where_land_is_known_for_few_years_the_interval_is_as_wide_as_value_addeds():
    rows = [r for r in city() if r[0] != "industrial_land_ha" or r[3] >= 2022]
    done = engine(rows).demand(BASE)
    assert set(done.basis[:, -1]) == {"activity"} and (done.low < done.high).all()
    assert (done.low <= done.combined.values).all() and (done.combined.values <= done.high).all()


def test_growth_beyond_all_bounds_is_refused():
    made = engine(unit(land=10.0 ** np.arange(3, 14), added=7.0 ** np.arange(1, 12)))
    done = made.demand(BASE)
    assert not any((land.values > 1e12).any() for land in done.methods.values())
    assert "forecast_out_of_range" in {land.reason[0] for land in done.methods.values()}


def test_quota_and_ideal_of_another_industry_and_none_at_all():
    without = land_policy.LandPolicy(LAND.scenarios, LAND.sources, (), {}, LAND.methods, LAND.settings)
    found = engine(unit(**growing()), land=without).demand(BASE).methods
    assert (found["quota"].reason[0], found["towards_ideal"].reason[0]) == ("no_quota", "no_ideal_value")


def balanced(made, *flows, loaded=True):
    frame = pd.DataFrame(flows, columns=["year", "district_code", "industry_code", "area_ha"])
    of = land_balance.units(made, frame, 2024, loaded)
    return of, land_balance.balance(made, made.demand(BASE), of, 2024)


def test_balance_is_cumulative_with_carry_over_and_names_the_first_year_of_shortage():
    made = engine(unit(**growing()))
    demand = made.demand(BASE).combined.values[0] - made.ground.land[0]
    _, found = balanced(made, (2024, "C1", "00", 10.0), (2025, "C1", "00", demand[3]), (2027, "C1", "00", -10.0))
    expected = demand[3] + np.where(np.arange(10) < 2, 10, 0)
    assert found["supply_ha"].to_numpy() == pytest.approx(expected)
    assert found["balance_ha"].to_numpy() == pytest.approx(expected - demand)
    assert set(found["first_shortage_year"]) == {2029}
    assert found["ratio"].to_numpy() == pytest.approx(expected / demand)


def test_what_a_balance_lacks_is_named_and_is_not_0():
    made = engine(unit(**growing()), unit("D1", "00", [NAN] * 5, [5.0] * 5))
    _, found = balanced(made, (2025, "D2", "00", 3.0))
    lacking = found.groupby("district_code")["lacking"].first()
    assert lacking["D1"] == lacking["D2"] == "land_missing"
    assert found.loc[found["district_code"] == "D1", ["demand_ha", "balance_ha"]].isna().all(axis=None)
    assert (found.loc[found["district_code"] == "D2", "supply_ha"] == 3).all()
    _, unknown = balanced(made, loaded=False)
    assert unknown["supply_ha"].isna().all() and unknown["lacking"].str.contains("supply_missing").all()


def test_sensitivity_and_what_closes_the_gap():
    made = engine(unit(**growing()))
    of, found = balanced(made, (2025, "C1", "00", 1.0))
    tornado = land_balance.sensitivity(made, BASE, of, 2024).set_index(["driver", "direction"])["change_ha"]
    assert tornado["activity_growth", "up"] < 0 < tornado["activity_growth", "down"]
    assert tornado["output_per_land_growth", "down"] < 0 < tornado["output_per_land_growth", "up"]
    gap = land_balance.gaps(made, made.demand(BASE), of, 2024, {"C1": 50.0}).iloc[0]
    assert gap["shortage_ha"] == pytest.approx(-found["balance_ha"].iloc[-1])
    land = made.demand(BASE).combined.values[0, -1]
    closed = land / (1 + gap["output_per_land_rise_yearly_ratio"]) ** 10
    assert closed == pytest.approx(made.ground.land[0] + 1)
    assert gap["low_efficiency_share_ratio"] == pytest.approx(gap["shortage_ha"] / 50) and gap["reason"] is None
    enough, _ = balanced(made, (2025, "C1", "00", 1e6))
    assert land_balance.gaps(made, made.demand(BASE), enough, 2024, {}).iloc[0]["reason"] == "no_shortage"


def test_tables_are_complete_and_empty_facts_give_empty_tables():
    made = engine(city())
    done = made.demand(BASE)
    table = land_tables.table([land_tables.demand_rows(made, done, 2024)], land_tables.DEMAND, 2024)
    assert table.num_rows == 12 * 10 * (len(LAND.methods) + 1)
    nothing = engine()
    of, found = balanced(nothing)
    assert len(found) == 0 and len(land_tables.demand_rows(nothing, nothing.demand(BASE), 2024)) == 0
    assert len(land_balance.sensitivity(nothing, BASE, of, 2024)) == 0
