"""Demand, its back-test and the balance with supply: hand-made series and every way to have too little data."""

import json

import numpy as np
import pandas as pd
import pytest

from landgauge import policy
from landgauge.stages.forecast import _forecast
from scoring.forecast import tables
from scoring.forecast.backtest import Trial, half_widths, interval_then, trials
from scoring.forecast.demand import COMBINATION, demand
from scoring.forecast.methods import Outcome, Series
from scoring.forecast.policy import SEEDS, PolicyError, Scenario, SupplySource, read
from scoring.forecast.supply import COLUMNS, balance, count_once, effective_supply

SHIPPED = {name: policy.rows(name) for name in SEEDS}
POLICY = read(SHIPPED)
NAN = np.nan
BASE = Scenario("base", 0, 0, 1)
SOURCES = (
    SupplySource("转出", -1, 1, 1),
    SupplySource("批而未供", 1, 0.8, 1),
    SupplySource("闲置处置", 1, 0.6, 0.5),
)


def series(land, value_added=None, last=2024):
    land = np.array(land, dtype=float)
    value_added = np.array(value_added if value_added is not None else land * 100, dtype=float)
    return Series(np.arange(last - len(land) + 1, last + 1), land, value_added)


def of(rows, scenario, method):
    return next(r for r in rows if (r.scenario, r.method) == (scenario, method))


def growing(years=17, land=0.02, value_added=0.07):
    t = np.arange(years)
    return series(1000 * (1 + land) ** t, 5e5 * (1 + value_added) ** t)


def test_constant_growth_is_carried_on_by_every_method():
    """L_t = VA_t / q_t with VA_0 (1+g)^t and q_0 (1+h)^t: land that grew 2 % a year goes on so."""
    rows, _ = demand(growing(), 2024, POLICY)
    base = 1000 * 1.02**16
    expected = base * (1.02 ** np.arange(1, 11) - 1)
    for method, tolerance in (("output_per_land", 1e-9), ("gm11", 5e-3), (COMBINATION, 5e-3)):
        row = of(rows, "base", method)
        assert row.used and row.demand_ha == pytest.approx(expected, rel=tolerance)
        assert row.land_ha - row.demand_ha == pytest.approx(np.full(10, base))
    found = json.loads(of(rows, "base", "output_per_land").diagnostics)
    assert (found["g"], found["h"]) == pytest.approx((0.07, 1.07 / 1.02 - 1))


def test_scenarios_change_the_growth_rates_as_the_seed_says():
    rows, _ = demand(growing(), 2024, POLICY)
    for scenario in POLICY.scenarios:
        g, h = 0.07 + scenario.value_added_growth_change, 1.07 / 1.02 - 1 + scenario.output_per_land_growth_change
        land = 1000 * 1.02**16 * ((1 + g) / (1 + h)) ** np.arange(1, 11)
        assert of(rows, scenario.name, "output_per_land").land_ha == pytest.approx(land, rel=1e-9)
    low, base, high = (of(rows, s, COMBINATION).demand_ha for s in ("low", "base", "high"))
    assert (low < base).all() and (base < high).all()


def test_the_combination_is_the_mean_of_the_methods_used():
    rows, _ = demand(series([100, 104, 109, 112, 118, 121, 127, 131]), 2024, POLICY)
    used = [of(rows, "high", m).demand_ha for m in ("output_per_land", "gm11")]
    assert of(rows, "high", COMBINATION).demand_ha == pytest.approx(np.mean(used, axis=0))


@pytest.mark.parametrize(
    ("data", "per_land", "grey"),
    [
        (series([5]), "too_few_points", "too_few_points"),
        (series([5, 6, 7]), "too_few_points", "too_few_points"),
        (series([0] * 8), "value_not_positive", "value_not_positive"),
        (series([-5] * 8), "value_not_positive", "value_not_positive"),
        (series([NAN] * 8), "no_value_in_base_year", "no_value_in_base_year"),
        (series([5] * 8 + [NAN]), "no_value_in_base_year", "no_value_in_base_year"),
        (series([5] * 8, [NAN] * 8), "no_value_in_base_year", None),
        (series([5] * 8, [-1] * 8), "value_not_positive", None),
        (series([5] * 8, [1, 9] * 4), "log_residuals_above_limit", None),
        (series([5, 5, 5, 5, NAN, 5, 5, 5]), "too_few_points", "too_few_points"),
        (series([100, 160, 100, 160, 100]), "log_residuals_above_limit", "level_ratio_outside_band"),
        (series([100, 105, 100, 105, 100, 105]), None, "posterior_test_failed"),
        (series([1e14, 1e-9, 1e-9, 1e-9, 1e-9]), "log_residuals_above_limit", "level_ratio_outside_band"),
    ],
)
def test_a_method_that_fails_its_own_test_says_so_and_is_not_used(data, per_land, grey):
    rows, _ = demand(data, 2024, POLICY)
    for scenario in ("low", "base", "high"):
        for method, reason in (("output_per_land", per_land), ("gm11", grey)):
            row = of(rows, scenario, method)
            assert (row.rejected_reason, row.used) == (reason, reason is None)
            assert np.isnan(row.demand_ha).all() == (reason is not None)
        nothing = per_land is not None and grey is not None
        assert of(rows, scenario, COMBINATION).rejected_reason == ("no_method_used" if nothing else None)


def test_years_before_a_gap_are_left_out():
    rows, _ = demand(series([9000, NAN, 100, 102, 104, 106]), 2024, POLICY)
    assert json.loads(of(rows, "base", "gm11").diagnostics)["points"] == 4


def test_back_test_knows_only_the_past():
    """A forecaster that repeats the last value of what it is given: the error is the growth since the origin."""
    data = series([10, 11, 12, 13, 14])
    done = trials(data, 2024, lambda known, origin: Outcome(np.full(3, known.land_ha[-1])), 3)
    assert {(t.origin_year, t.horizon, t.actual, t.forecast) for t in done} == {
        (origin, h, 10.0 + origin - 2020 + h, 10.0 + origin - 2020)
        for origin in range(2020, 2024)
        for h in (1, 2, 3)
        if origin + h <= 2024
    }


def test_interval_is_the_conformal_quantile_and_needs_enough_errors():
    errors = [0.01, 0.04, 0.02, 0.03]
    past = [Trial(2010 + i, 1, 100 * (1 + e), 100.0) for i, e in enumerate(errors)]
    assert half_widths(past, 2, 0.8, 4)[0] == pytest.approx(0.04) and np.isnan(half_widths(past, 2, 0.8, 4)[1])
    assert half_widths(past, 1, 0.5, 4)[0] == pytest.approx(0.03)
    assert np.isnan(half_widths(past, 1, 0.9, 4)[0]) and np.isnan(half_widths(past, 1, 0.5, 5)[0])
    later = Trial(2014, 1, 120.0, 100.0)
    assert interval_then(later, [*past, later], 0.8, 4) == pytest.approx((96, 104))
    assert np.isnan(interval_then(past[3], past, 0.8, 4)).all()


def test_intervals_hold_the_forecast_and_do_not_narrow():
    noise = 1 + 0.01 * np.sin(np.arange(17) * 2.1)
    rows, _ = demand(series(1000 * 1.02 ** np.arange(17) * noise), 2024, POLICY)
    row = of(rows, "base", COMBINATION)
    width = ((row.high_ha - row.low_ha) / row.land_ha)[~np.isnan(row.low_ha)]
    assert len(width) >= 5 and (np.diff(width) >= -1e-12).all()
    assert np.all((row.low_ha <= row.demand_ha) | np.isnan(row.low_ha))
    short, _ = demand(series([100, 102, 104, 107, 109]), 2024, POLICY)
    assert of(short, "base", COMBINATION).used and np.isnan(of(short, "base", COMBINATION).low_ha).all()


def supply_rows(*rows):
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.astype({"area_ha": float, "industrial_share": float, "realisation_rate": float})


def test_supply_is_area_by_rate_by_share_and_land_that_leaves_is_negative():
    rows = supply_rows(
        ("a", 2024, "批而未供", 100, 2025, None, None, None),
        ("b", 2024, "批而未供", 10, 2025, 0.5, 1.0, None),
        ("c", 2024, "闲置处置", 10, 2026, None, None, None),
        ("d", 2024, "转出", 7, 2026, None, None, None),
        ("e", 2024, "批而未供", 99, 2023, None, None, None),
        ("f", 2024, "批而未供", 99, 2031, None, None, None),
        ("g", 2024, "别的来源", 99, 2025, None, None, None),
    )
    usable = effective_supply(rows, SOURCES, BASE, 2024, 2030)
    assert {(r.year, r.source): r.area_ha for r in usable.itertuples()} == pytest.approx(
        {(2025, "批而未供"): 85.0, (2026, "闲置处置"): 3.0, (2026, "转出"): -7.0}
    )
    more = effective_supply(rows, SOURCES, Scenario("high", 0, 0, 1.5), 2024, 2030).set_index(["year", "source"])[
        "area_ha"
    ]
    assert more.to_dict() == pytest.approx({(2025, "批而未供"): 105.0, (2026, "闲置处置"): 4.5, (2026, "转出"): -7.0})


def test_a_parcel_in_several_sources_counts_once_in_the_first_of_the_order():
    rows = supply_rows(
        ("a", 2024, "闲置处置", 1, 2025, None, None, "P1"),
        ("b", 2024, "批而未供", 2, 2027, None, None, "P1"),
        ("c", 2023, "批而未供", 3, 2025, None, None, "P2"),
        ("d", 2024, "批而未供", 4, 2026, None, None, "P2"),
        ("e", 2024, "闲置处置", 5, 2025, None, None, None),
        ("f", 2024, "闲置处置", 6, 2025, None, None, None),
    )
    assert sorted(count_once(rows, SOURCES)["supply_id"]) == ["b", "d", "e", "f"]
    assert sorted(count_once(rows.iloc[::-1], SOURCES)["supply_id"]) == ["b", "d", "e", "f"]
    assert sorted(count_once(rows, (SOURCES[2], SOURCES[1]))["supply_id"]) == ["a", "d", "e", "f"]


def test_balance_is_cumulative_and_names_the_first_year_of_shortage():
    flows = pd.DataFrame({"year": [2024, 2026], "source": "批而未供", "area_ha": [10.0, -2.0]})
    years = np.array([2025, 2026, 2027])
    result = balance(flows, years, np.array([4.0, 8.0, 12.0]), np.array([3.0, 6, NAN]), np.array([5.0, 10, NAN]))
    assert result["supply_ha"].tolist() == [10, 8, 8] and result["balance_ha"].tolist() == [6, 0, -4]
    assert result["low_ha"].tolist()[:2] == [5, -2] and result["high_ha"].tolist()[:2] == [7, 2]
    assert result["first_shortage_year"].tolist() == [2027] * 3
    unknown = balance(flows, years, np.full(3, NAN), np.full(3, NAN), np.full(3, NAN))
    assert unknown["balance_ha"].isna().all() and unknown["first_shortage_year"].isna().all()


def test_tables_of_a_city_hold_together():
    rows = supply_rows(("a", 2024, "新增指标", 60, 2025, None, None, None), ("b", 2024, "转出", 1, 2025, 1, 1, None))
    done = _forecast(growing(), rows, 2024, "440100", POLICY)
    assert done["land_demand"].schema == tables.DEMAND and done["land_balance"].schema == tables.BALANCE
    assert done["land_supply"].schema == tables.SUPPLY and done["backtest"].schema == tables.BACKTEST
    both = (
        done["land_balance"]
        .to_pandas()
        .merge(
            done["land_demand"].to_pandas().query("method == 'combination'"),
            on=["scenario", "year"],
            suffixes=("", "_d"),
        )
    )
    assert len(both) == 30 and (both["demand_ha"] == both["demand_ha_d"]).all()
    assert (both["balance_ha"] == both["supply_ha"] - both["demand_ha"]).all()
    assert both.groupby("scenario")["first_shortage_year"].nunique().eq(1).all()
    assert done["land_demand"].column("rejected_reason").null_count == done["land_demand"].num_rows


def test_without_a_series_there_are_no_rows_and_no_error():
    done = _forecast(series([]), supply_rows(), 2024, "440100", POLICY)
    assert {name: table.num_rows for name, table in done.items()} == dict.fromkeys(done, 0)


def test_one_shortage_and_one_surplus_scenario_keep_their_years():
    rows = supply_rows(("a", 2024, "新增指标", 300, 2025, 1, 1, None))
    years = (
        _forecast(growing(), rows, 2024, "c", POLICY)["land_balance"]
        .to_pandas()
        .groupby("scenario")["first_shortage_year"]
    )
    assert years.first().to_dict()["high"] < years.first().to_dict()["base"]


@pytest.mark.parametrize(
    ("seed", "column", "value"),
    [
        ("forecast_setting", "value", "viele"),
        ("forecast_method", "weight", ""),
        ("forecast_setting", "setting", "other"),
    ],
)
def test_a_seed_that_cannot_be_read_is_named(seed, column, value):
    seeds = SHIPPED | {seed: [dict(SHIPPED[seed][0], **{column: value}), *SHIPPED[seed][1:]]}
    with pytest.raises(PolicyError, match=seed):
        read(seeds)
