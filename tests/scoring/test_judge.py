"""What follows from scores: needed values reach the grade, effects add up, stability and bounds keep their promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from schemes import make_scheme
from test_stages import MARTS

from landgauge.errors import ConfigurationError
from landgauge.settings import Settings, StageResult
from landgauge.stages import places
from landgauge.stages import score as score_stage
from scoring import rank, score, tables
from scoring.judging import change, next_grade, ranking, stability, sureness, uncertainty
from scoring.judging.scored import COMPONENTS, Named, Scored
from scoring.judging.uncertainty import StabilitySettings
from warehouse import db

BANDS = (("A", "", 75.0, 1.0), ("B", "", 60.0, 1.0), ("C", "", 45.0, 1.0), ("D", "", -np.inf, 1.0))
SHARES = (("A", "", -np.inf, 0.2), ("B", "", -np.inf, 0.6), ("C", "", -np.inf, 0.95), ("D", "", -np.inf, 1.0))
SETTINGS = StabilitySettings(60, 200, 20, 100_000, 5, 0.05, 0.95, 0.8, 100)


def grades_of(scheme, scores):
    ranks = rank.rank(scores, ties=scheme.ties)
    if scheme.grade_rule == "bands":
        return rank.grade_by_bands(scores, [g.min_score for g in scheme.grades])
    return rank.grade_by_shares(ranks, rank.group_size(scores), [g.max_share for g in scheme.grades])


def scored(scheme, values, ideals, vetoed=None, block=None):
    block = block or score.score_block(scheme, values, ideals)
    n = len(values)
    return Scored(
        codes=pa.array([f"U{i}" for i in range(n)]),
        score=block.score,
        grade=grades_of(scheme, block.score),
        group=np.zeros(n, dtype=np.int64),
        vetoed=np.zeros(n, dtype=bool) if vetoed is None else vetoed,
        values=values,
        ideals=ideals,
        standardised=block.standardised,
        weights=block.weights,
        contributions=block.contributions,
        imputed=block.imputed,
    )


def nominal_of(scheme, n):
    return np.tile([i.weight for i in scheme.indicators], (n, 1))


def next_of(scheme, units):
    return next_grade.next_grade(
        scheme, units, nominal_of(scheme, len(units.score)), *next_grade.next_score(scheme, units)
    )


def random_scheme(rng, rule, grade_rule, ties="min"):
    weights = rng.dirichlet(np.ones(4))
    caps = rng.choice([1.0, 1.2, 2.0], 4)
    items = [
        ("a", weights[0], 5.0, "positive", None if rule == "score_0" else caps[0]),
        ("b", weights[1], 3.0, "negative", caps[1]),
        ("c", weights[2], 4.0, "negative", 1.0, "reverse_linear"),
        ("d", weights[3], 2.0, "positive", 1.0, "limit"),
    ]
    grades = BANDS if grade_rule == "bands" else SHARES
    return replace(make_scheme(items, missing_rule=rule, grade_rule=grade_rule, grades=grades), ties=ties)


def random_units(rng, scheme, n=30):
    """Values with gaps and, by rounding, ties; ideal values of the scheme."""
    values = np.round(rng.uniform(0, 8, (n, 4)), 1)
    values[rng.random((n, 4)) < 0.15] = np.nan
    return values, np.tile([i.value for i in scheme.ideals], (n, 1))


@pytest.mark.parametrize("grade_rule", ["bands", "shares_in_city"])
@pytest.mark.parametrize("rule", ["reweight", "score_0", "not_rated"])
@pytest.mark.parametrize("ties", ["min", "dense"])
def test_a_needed_value_scored_again_gives_the_next_grade(rule, grade_rule, ties):
    """On random schemes each needed value is put in alone; a little less of it does not reach the grade."""
    rng = np.random.default_rng(11)
    reached = short = 0
    for _ in range(4):
        scheme = random_scheme(rng, rule, grade_rule, ties)
        values, ideals = random_units(rng, scheme)
        units = scored(scheme, values, ideals)
        found = next_of(scheme, units)
        assert ((found.reason == 0) == ~np.isnan(found.value))[found.grade >= 0].all()
        for i, j in zip(*np.nonzero(~np.isnan(found.value)), strict=True):
            again = values.copy()
            again[i, j] = found.value[i, j]
            got = grades_of(scheme, score.score_block(scheme, again, ideals).score)[i]
            reached += 1
            if scheme.indicators[j].standardisation == "limit":  # met or not: it may give more than is needed
                assert 0 <= got <= found.grade[i]
            else:
                assert got == found.grade[i]
                again[i, j] += (values[i, j] - found.value[i, j]) * 1e-6
                short += grades_of(scheme, score.score_block(scheme, again, ideals).score)[i] != found.grade[i]
    assert reached > 20 and short > 0.9 * reached * 0.5


def test_a_needed_value_between_given_ends():
    """min_max from 2 to 8 with a floor share of 0.2, one unit below the ends: scored again each reaches its grade."""
    scheme = make_scheme([(c, 0.5, 8.0, "positive", 1.0, "min_max") for c in "ab"], grades=BANDS)
    rules = tuple(replace(i, low=2.0, high=8.0, floor_share=0.2) for i in scheme.indicators)
    scheme, ideals = replace(scheme, indicators=rules), np.full((3, 2), 8.0)
    beside = score.Beside(worsts=np.full((3, 2), 2.0))
    values = np.array([[1.0, 7.0], [5.0, 5.0], [7.5, 3.0]])
    block = score.score_block(scheme, values, ideals, None, beside)
    units = scored(scheme, values, ideals, block=block)
    found = next_of(scheme, units)
    assert found.value[0, 0] == pytest.approx(2 + 6 * (0.6 * 2 - 0.2 - (0.2 + 0.8 * 5 / 6)) / 0.8)
    for i, j in zip(*np.nonzero(~np.isnan(found.value)), strict=True):
        again = values.copy()
        again[i, j] = found.value[i, j]
        assert grades_of(scheme, score.score_block(scheme, again, ideals, None, beside).score)[i] == found.grade[i]


def test_reasons_why_no_value_is_enough():
    """By hand: weights 0.6, 0.3, 0.1, 0; unit 0 has 51 marks, 1 lacks a value, 2 is under a veto, 3 is the best."""
    items = [(c, w, 1.0, "positive", 1.0) for c, w in (("a", 0.6), ("b", 0.3), ("c", 0.1), ("d", 0.0))]
    scheme = make_scheme(items, grades=BANDS)
    values = np.array([[0.6, 0.4, 0.3, 1], [0.5, np.nan, 0.5, 1], [0.5, 0.5, 0.5, 1], [1, 1, 1, 1]], dtype=float)
    units = scored(scheme, values, np.ones((4, 4)), vetoed=np.array([False, False, True, False]))
    found = next_of(scheme, units)
    assert found.grade.tolist() == [1, 1, 1, -1]
    assert found.value[0, 0] == pytest.approx(0.75) and found.value[0, 1] == pytest.approx(0.7)
    named = [[next_grade.NEXT_REASONS[r - 1] if r else "" for r in row] for row in found.reason]
    assert named[0] == ["", "", "cap", "no_weight"]
    assert named[1][1] == "value_missing" and named[2] == ["veto"] * 4


def test_a_value_at_the_cap_that_just_reaches_the_band_counts():
    scheme = make_scheme([("a", 0.5, 2.0, "positive", 1.0), ("b", 0.5, 2.0, "positive", 1.0)], grades=BANDS)
    found = next_of(scheme, scored(scheme, np.array([[1.0, 1.0]]), np.full((1, 2), 2.0)))
    assert (found.grade[0], found.value[0, 0]) == (1, pytest.approx(1.4))
    found = next_of(scheme, scored(scheme, np.array([[1.2, 1.0]]), np.full((1, 2), 2.0)))
    assert found.value[0].tolist() == pytest.approx([1.4, 1.2])
    exact = replace(scheme, grades=make_scheme([], grades=(("A", "", 75.0, 1.0), ("D", "", -np.inf, 1.0))).grades)
    found = next_of(exact, scored(exact, np.array([[1.0, 1.0]]), np.full((1, 2), 2.0)))
    assert found.value[0].tolist() == [2.0, 2.0]


def test_a_group_without_a_place_above():
    """Three units and shares 0.2, 0.6: nobody can be A, one place is B; the second needs the first one's score."""
    scheme = make_scheme([("a", 1.0, 1.0, "positive", None)], grade_rule="shares_in_city", grades=SHARES)
    units = scored(scheme, np.array([[0.9], [0.5], [0.1]]), np.ones((3, 1)))
    found = next_of(scheme, units)
    assert [scheme.grades[g].code for g in units.grade] == ["B", "C", "D"]
    assert [scheme.grades[g].code for g in found.grade] == ["A", "B", "C"]
    assert next_grade.NEXT_REASONS[found.reason[0, 0] - 1] == "group_too_small"
    assert found.value[1:, 0].tolist() == pytest.approx([0.9, 0.5])


@pytest.mark.parametrize("rule", ["reweight", "score_0"])
def test_effects_sum_to_the_change_and_none_is_left_to_rounding(rule):
    """Two years of other data, ideal values and weights: what the rules leave over is below 1e-9, and so is the sum."""
    rng = np.random.default_rng(3)
    scheme = random_scheme(rng, rule, "bands")
    before, now = random_scheme(rng, rule, "bands"), scheme
    pairs = zip(now.indicators, before.indicators, strict=True)
    before = replace(now, indicators=tuple(replace(i, weight=b.weight) for i, b in pairs))
    (old, ideals), (new, _) = random_units(rng, before), random_units(rng, now)
    years = scored(before, old, ideals * 1.3), scored(now, new, ideals)
    weights = nominal_of(before, 30), nominal_of(now, 30)
    found = change.changes(now, years[1], years[0], weights[1], weights[0])
    there = found.reason == 0
    total = found.data + found.ideal + found.weight
    assert there.sum() > 20
    assert total[there] == pytest.approx((years[1].score - years[0].score)[there], abs=1e-9)
    same = change.changes(now, years[1], replace(years[1], ideals=ideals), weights[1], weights[1])
    assert np.nanmax(np.abs([same.data, same.ideal, same.weight])) < 1e-9
    only = change.changes(now, years[1], scored(now, old, ideals), weights[1], weights[1])
    assert np.nanmax(np.abs([only.ideal, only.weight])) < 1e-9 and np.nanmax(np.abs(only.data)) > 1


def test_an_indicator_dropped_and_one_added_are_effects_of_the_weights():
    """Before: a and c, now a and b; the data stay, so the weights explain all."""
    scheme = make_scheme([("a", 0.5, 1.0, "positive", 1.0), ("b", 0.5, 1.0, "positive", 1.0)])
    nan = np.nan
    now = scored(scheme, np.array([[0.4, 0.8]]), np.ones((1, 2)))
    wide = {"values": [0.4, 0.8, nan], "ideals": [1, 1, nan], "standardised": [0.4, 0.8, nan]}
    wide |= {"weights": [0.5, 0.5, nan], "contributions": [20, 40, nan]}
    now = replace(now, **{k: np.array([v], float) for k, v in wide.items()}, imputed=np.zeros((1, 3), bool))
    past = {"values": [0.4, 0.8, 0.2], "ideals": [1, nan, 1], "standardised": [0.4, nan, 0.2]}
    past |= {"weights": [0.5, nan, 0.5], "contributions": [20, nan, 10]}
    before = replace(now, score=np.array([30.0]), **{k: np.array([v], float) for k, v in past.items()})
    found = change.changes(scheme, now, before, np.array([[0.5, 0.5, 0]]), np.array([[0.5, 0, 0.5]]))
    assert (found.data[0], found.ideal[0], found.weight[0]) == pytest.approx((0, 0, 30))


def test_units_of_their_own_weights_are_drawn_around_those():
    """Two groups of weights that each look at one indicator: nothing moves, whatever is drawn."""
    scheme = make_scheme([("a", 0.5, 1.0, "positive", 1.0), ("b", 0.5, 1.0, "positive", 1.0)], grades=BANDS)
    units = scored(scheme, np.array([[0.9, 0.1], [0.1, 0.8]]), np.ones((2, 2)))
    units = replace(units, grade=np.array([0, 0]))
    sets, index = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0, 1])
    found, draws = uncertainty.under_weights(scheme, units, sets, index, SETTINGS)
    assert draws == 200 and found.grade_probability.tolist() == [1, 1]
    assert (found.rank_low.tolist(), found.rank_high.tolist()) == ([1, 2], [1, 2])


def test_draws_get_fewer_with_many_units():
    assert [SETTINGS.draws_for(n) for n in (0, 1, 500, 1000, 10**9)] == [200, 200, 200, 100, 20]


def test_stability_does_not_depend_on_the_order_of_units():
    rng = np.random.default_rng(2)
    scheme = random_scheme(rng, "reweight", "shares_in_city")
    values, ideals = random_units(rng, scheme)
    order = rng.permutation(len(values))
    one, other = (
        uncertainty.under_weights(
            scheme, scored(scheme, v, ideals), nominal_of(scheme, 1), np.zeros(30, dtype=np.int64), SETTINGS
        )[0]
        for v in (values, values[order])
    )
    assert (one.rank_low[order] == other.rank_low).all() and (one.rank_high[order] == other.rank_high).all()
    assert np.array_equal(one.grade_probability[order], other.grade_probability, equal_nan=True)


def test_quantiles_of_ranks_are_those_of_all_draws():
    """The bounded memory of a stream against numpy on the whole."""
    rows = np.random.default_rng(4).integers(1, 99, (331, 7))
    tail = stability.Tail(16)
    for row in rows:
        tail.add(row)
    assert (tail.last() == np.sort(rows, axis=0)[16]).all()


def test_quick_ranks_are_the_ranks():
    values = np.round(np.random.default_rng(6).uniform(0, 1, 200), 2)
    values[::9] = np.nan
    assert (ranking.ranks_of(values) == rank.rank(values)).all()
    assert ranking.ranks_of(np.array([np.nan])).tolist() == [0] and len(ranking.ranks_of(np.array([]))) == 0


@pytest.mark.parametrize("apart", [0, 1, 40, 1000, 100_000])
def test_ranks_tell_scores_apart_by_their_last_bits(apart):
    """Few or many neighbours that differ less than the sort sees, ties, both zeros, both signs, infinities."""
    rng = np.random.default_rng(apart)
    near = 64.0 + rng.integers(0, apart + 1, 30_000) * 2.0**-46
    rest = np.round(rng.normal(0, 20, 30_000), 3)
    values = rng.permutation(np.concatenate([near, rest, [0.0, -0.0, np.inf, -np.inf, np.nan]]))
    assert (ranking.ranks_of(values) == rank.rank(values)).all()


@pytest.mark.parametrize("indicators", [1, 7, 8, 9, 20])
def test_what_is_there_weighs_the_same_for_all_that_lack_the_same(indicators):
    """Against each unit's own sum, with groups of weights and units that have nothing."""
    rng = np.random.default_rng(indicators)
    values = np.where(rng.random((500, indicators)) < 0.3, np.nan, rng.random((500, indicators)))
    index, weights = rng.integers(0, 3, 500), rng.random((3, indicators))
    got = stability.Means(values, np.full(500, -1), True, index)([weights, weights[:1]])
    for own, mean in zip((weights[index], weights[:1].repeat(500, axis=0)), got, strict=True):
        there = ~np.isnan(values)
        with np.errstate(invalid="ignore"):
            expected = (np.nan_to_num(values) * own).sum(axis=1) / (there * own).sum(axis=1)
        assert mean == pytest.approx(expected, rel=1e-14, nan_ok=True)


def test_the_bounds_hold_the_score_that_any_value_would_give():
    rng = np.random.default_rng(8)
    scheme = random_scheme(rng, "reweight", "bands")
    values, ideals = random_units(rng, scheme)
    units = scored(scheme, values, ideals)
    low, high = uncertainty.bounds_by_missing(scheme, units, nominal_of(scheme, 30))
    whole = ~np.isnan(values).any(axis=1)
    assert (low[whole] == units.score[whole]).all() and (high[whole] == units.score[whole]).all()
    for _ in range(20):
        filled = np.where(np.isnan(values), rng.uniform(0, 9, values.shape), values)
        got = score.score_block(scheme, filled, ideals).score
        assert (got[~whole] >= low[~whole] - 1e-9).all() and (got[~whole] <= high[~whole] + 1e-9).all()


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setattr(score_stage, "run_layer", lambda settings, layer: StageResult(rows={"models": 0}))
    made = Settings(warehouse=tmp_path, year=2024, as_of=date(2024, 12, 31), threads=1)
    with db.connect(made) as con:
        con.execute(MARTS)
    return made


def publish_year_before(settings):
    """The working scores as those of 2023, with P2 at half its plot ratio, P1 with 2 points beside, P5 not there."""
    settings.published.mkdir()
    with duckdb.connect(str(settings.snapshot)) as con:
        con.execute(f"attach '{settings.database}' as work (read_only); create schema marts")
        for name in ("score", "score_component", "weight"):
            con.execute(
                f"create table marts.fct_{name} as select * replace (2023 as year), 'run of 2023' as run_id"
                f" from work.scored.{name}"
            )
        con.execute("update marts.fct_score set score = 62.5, grade = 'B' where unit_code = 'P2'")
        con.execute(
            "update marts.fct_score_component set value = 0.245, standardised = 0.25, contribution = 12.5"
            " where unit_code = 'P2' and indicator_code = 'plot_ratio'"
        )
        con.execute("update marts.fct_score set score = 102 where unit_code = 'P1'")
        for name, rows in (("score_component", "unit_code = 'P1'"), ("weight", "true")):
            values = "'bonus' as indicator_code, 0.0 as weight"
            extra = ", 2.0 as contribution, null as standardised" if name == "score_component" else ""
            con.execute(
                f"insert into marts.fct_{name} select * replace ({values}{extra}) from marts.fct_{name}"
                f" where {rows} and indicator_code = 'plot_ratio'"
            )
        con.execute("delete from marts.fct_score where unit_code = 'P5'")


def rows_of(settings, table):
    return {r["unit_code"]: r for r in db.read_arrow(settings, f"select * from scored.{table}").to_pylist()}


def test_the_stage_says_why_a_score_changed(settings):
    """P2 was at a plot ratio of 0.245: 12.5 points come from the data; P1 has lost its bonus, which is data too."""
    score_stage.score(settings)
    alone = rows_of(settings, "change")
    assert {r["no_effect_reason"] for r in alone.values()} == {"year_not_published", "not_rated"}
    publish_year_before(settings)
    score_stage.score(settings)
    found = rows_of(settings, "change")
    assert [found["P2"][c] for c in ("data_effect", "ideal_effect", "weight_effect")] == pytest.approx([12.5, 0, 0])
    assert (found["P2"]["previous_grade"], found["P2"]["grade"]) == ("B", "A")
    assert [found["P1"][c] for c in ("score_change", "data_effect", "weight_effect")] == [-2, -2, 0]
    assert [found[u]["no_effect_reason"] for u in ("P1", "P4", "P5")] == [None, "not_rated", "no_previous_score"]
    assert {(r["compared"], r["published_run_id"]) for r in found.values()} == {(True, "run of 2023")}


def test_the_stage_writes_needed_values_and_stability(settings, monkeypatch):
    score_stage.score(settings)
    rows = db.read_arrow(settings, "select * from scored.next_grade order by unit_code, indicator_code").to_pylist()
    found = {(r["unit_code"], r["indicator_code"]): r for r in rows}
    assert {u for u, _ in found} == {"P3", "P5"}  # P1 and P2 are A, P4 is not rated
    assert found["P3", "plot_ratio"]["needed_value"] == pytest.approx(0.7 * 0.98)
    assert found["P5", "building_coefficient"]["not_reached_reason"] == "value_missing"
    stable = rows_of(settings, "stability")
    assert set(stable) == {"P1", "P2", "P3", "P5"} and stable["P1"]["rank_p95"] == 1
    assert (stable["P5"]["missing_low"], stable["P5"]["missing_high"]) == (25, 75)
    names = ("next_grade", "stability", "left_out", "change")
    whole = [db.read_arrow(settings, f"select * from scored.{t} order by all").to_pylist() for t in names]
    for module in (tables, sureness, score_stage.change):
        monkeypatch.setattr(module, "CHUNK", 1)
    score_stage.score(settings)
    assert whole == [db.read_arrow(settings, f"select * from scored.{t} order by all").to_pylist() for t in names]


def test_what_is_judged_is_what_stands_in_the_warehouse(settings, monkeypatch):
    """The scores go on without being read back; read, they are the same, whatever the units' order of loading."""
    judged = []
    monkeypatch.setattr(score_stage.change, "of_this_year", lambda *given: judged.append(given[2:4]))
    monkeypatch.setattr(tables, "CHUNK", 2)
    score_stage.score(settings)
    ((weighting, now),) = judged
    scheme, place = weighting.scheme, places.working(2024)
    with db.connect(settings) as con:
        named = Named(scheme.scale, scheme.code, scheme.version)
        read = places.scored(con, named, place, place, [i.code for i in scheme.indicators])
    assert now.codes == read.codes and len(now.codes) == 5
    for name in ("score", "vetoed", *COMPONENTS):
        assert np.array_equal(getattr(now, name), getattr(read, name), equal_nan=name != "vetoed"), name
    grades = {r["unit_code"]: r["grade"] for r in rows_of(settings, "score").values()}
    named_grades = [None if g < 0 else scheme.grades[g].code for g in now.grade.tolist()]
    assert dict(zip(now.codes.to_pylist(), named_grades, strict=True)) == grades


def test_a_year_without_any_rated_unit_has_nothing_to_judge(settings):
    with db.connect(settings) as con:
        con.execute("update marts.fct_parcel_year set plot_ratio = null, building_coefficient = null")
    score_stage.score(settings)
    assert {r["rated"] for r in rows_of(settings, "score").values()} == {False}
    assert [rows_of(settings, t) for t in ("stability", "left_out", "next_grade")] == [{}, {}, {}]
    assert len(rows_of(settings, "change")) == 5


def test_a_setting_that_is_missing_is_named():
    with pytest.raises(ConfigurationError, match="weight_concentration"):
        sureness.settings({name: [] for name in sureness.SEEDS})
