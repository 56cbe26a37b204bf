"""Weights that a scheme's seeds derive: what is stored with them, what falls back, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from landgauge import policy
from landgauge.errors import ConfigurationError
from scoring import weighting as stage
from scoring.deriving import combine, entropy_sums, judgement, objective
from scoring.deriving import rule as rules
from scoring.deriving.refusal import Undefined
from scoring.ideal import Codes
from scoring.scheme import Columns
from scoring.scheme_cells import SchemeError
from scoring.scheme_columns import SEEDS
from scoring.scheme_reading import select
from scoring.score import score_block
from tests.scoring.schemes import make_scheme

RULE = {
    "scheme_code": "test",
    "scheme_version": "1",
    "scale": "enterprise",
    "method": "linear",
    "judged": "ahp",
    "measured": "entropy",
    "ahp_method": "eigenvector",
    "random_index": "saaty_1980",
    "consistency_limit": "0.1",
    "alpha": "0.25",
    "shift": "0",
    "missing": "available",
    "group_by": "",
    "undefined": "given",
    "source": "test",
    "illustrative": "true",
}
KEY = {name: RULE[name] for name in ("scheme_code", "scheme_version", "scale")}
PAIRS = [("a", "b", "2"), ("a", "c", "4"), ("b", "c", "2")]
SCHEME = make_scheme([(code, 1 / 3, 1.0, "positive", 1.0) for code in "abc"])
VALUES = np.random.default_rng(5).random((40, 3)) * [1.0, 10.0, 0.2]


def judgements(pairs=PAIRS, matrix="indicators"):
    return [
        {
            **KEY,
            "matrix": matrix,
            "row_code": i,
            "column_code": j,
            "judgement": x,
            "source": "t",
            "illustrative": "true",
        }
        for i, j, x in pairs
    ]


def points(rows):
    return [
        {**KEY, "round": str(r), "expert": e, "indicator_code": c, "points": str(p)}
        for r, e, given in rows
        for c, p in zip("abc", given, strict=True)
    ]


@pytest.fixture
def seeds():
    """The seeds that weights are derived by; a test changes them in place."""
    return {
        "scheme_weighting": [dict(RULE)],
        "judgement_matrix": judgements(),
        "delphi_points": points([(1, "x", (5, 3, 2)), (1, "y", (2, 3, 5)), (2, "x", (4, 3, 2)), (2, "y", (4, 3, 1))]),
        "random_index": policy.rows("random_index"),
    }


def table(weighting):
    return weighting.table(2024).to_pylist()


def test_linear_weights_of_ahp_and_entropy_and_their_record(seeds):
    weighting = stage.derive(SCHEME, seeds, VALUES, {})
    judged, measured = np.array([4, 2, 1]) / 7, objective.entropy(VALUES).weights
    assert [r["weight"] for r in table(weighting)] == pytest.approx(combine.linear(judged, measured, 0.25), abs=1e-12)
    assert {(r["method"], r["group_code"], r["source"]) for r in table(weighting)} == {
        ("linear(ahp, entropy)", "enterprise", "test")
    }
    record = json.loads(table(weighting)[0]["parameters"])
    assert record["alpha"] == 0.25 and record["missing_rule"] == "reweight"
    matrix = record["judged"]["matrices"]["indicators"]
    assert (matrix["random_index"], matrix["ahp_method"]) == ("saaty_1980", "eigenvector")
    assert matrix["consistency_ratio"] == pytest.approx(0, abs=1e-12) and matrix["lambda_max"] == pytest.approx(3)
    assert record["measured"] == {
        "method": "entropy", "missing": "available", "rows": {"a": 40, "b": 40, "c": 40}, "shift": 0.0
    }  # fmt: skip


def test_the_last_round_of_a_delphi_counts_and_each_round_shows_its_agreement(seeds):
    seeds["scheme_weighting"][0]["method"] = "delphi"
    weighting = stage.derive(SCHEME, seeds, VALUES, {})
    expected = judgement.delphi(np.array([[4.0, 3, 2], [4, 3, 1]]))
    assert [r["weight"] for r in table(weighting)] == pytest.approx(expected.weights)
    record = json.loads(table(weighting)[0]["parameters"])
    assert record["kendall_w"] == [pytest.approx(0.0), pytest.approx(1.0)] and record["rounds"] == 2
    del seeds["delphi_points"][-1]
    with pytest.raises(ConfigurationError, match="each expert's points"):
        stage.derive(SCHEME, seeds, VALUES, {})


def test_layers_share_their_weight_among_their_indicators(seeds):
    scheme = make_scheme([(code, 1 / 3, 1.0, "positive", 1.0) for code in "abc"])
    layered = tuple(replace(i, layer=layer) for i, layer in zip(scheme.indicators, "PPQ", strict=True))
    scheme = replace(scheme, indicators=layered)
    seeds["scheme_weighting"][0]["method"] = "ahp"
    seeds["judgement_matrix"] = judgements([("P", "Q", "3")], "layers") + judgements([("a", "b", "4")], "P")
    found = [r["weight"] for r in table(stage.derive(scheme, seeds, VALUES, {}))]
    assert found == pytest.approx([0.75 * 0.8, 0.75 * 0.2, 0.25])
    seeds["judgement_matrix"] = judgements([("P", "Q", "3")], "layers")
    with pytest.raises(ConfigurationError, match="P: a against b is missing"):
        stage.derive(scheme, seeds, VALUES, {})


def test_each_group_has_its_own_weights_and_scores(seeds):
    seeds["scheme_weighting"][0] |= {"method": "entropy", "group_by": "g"}
    group = Codes(np.array([0] * 20 + [1] * 18 + [2, -1]), ("A", "B", "C"))
    weighting = stage.derive(SCHEME, seeds, VALUES, {"g": group})
    rows = table(weighting)
    by_group = {g: [r for r in rows if r["group_code"] == g] for g in dict.fromkeys(r["group_code"] for r in rows)}
    assert list(by_group) == ["enterprise", "enterprise:g=A", "enterprise:g=B", "enterprise:g=C"]
    for name, part in (("A", VALUES[:20]), ("B", VALUES[20:38])):
        assert [r["weight"] for r in by_group[f"enterprise:g={name}"]] == pytest.approx(objective.entropy(part).weights)
    alone = by_group["enterprise:g=C"]
    assert {r["method"] for r in alone} == {"given"} and "at least 2 units" in json.loads(alone[0]["parameters"])[
        "undefined"
    ]
    block = weighting.score(0, VALUES, np.ones_like(VALUES))
    assert np.array_equal(block.score[:20], score_block(weighting.schemes[1], VALUES, np.ones_like(VALUES)).score[:20])
    assert np.array_equal(block.score[38:], score_block(SCHEME, VALUES, np.ones_like(VALUES)).score[38:])
    assert block.contributions.sum(axis=1) == pytest.approx(block.score, abs=1e-9)
    part = weighting.score(15, VALUES[15:25], np.ones((10, 3)))
    assert np.array_equal(part.score, block.score[15:25])
    assert weighting.weights()[39] == pytest.approx([1 / 3] * 3)


def test_a_group_without_weights_is_refused_where_the_seed_says_so(seeds):
    seeds["scheme_weighting"][0] |= {"method": "critic", "undefined": "refuse"}
    with pytest.raises(ConfigurationError, match=r"weights of enterprise: CRITIC needs at least 2 units"):
        stage.derive(SCHEME, seeds, VALUES[:1], {})
    seeds["scheme_weighting"][0]["undefined"] = "given"
    assert stage.derive(SCHEME, seeds, VALUES[:0], {}).scheme == SCHEME


@pytest.mark.parametrize(
    ("seed", "row", "change", "message"),
    [
        ("scheme_weighting", 0, {"method": "guess"}, "method must be one of"),
        ("scheme_weighting", 0, {"alpha": "half"}, "alpha must be a number"),
        ("scheme_weighting", 0, {"random_index": "mine"}, "unknown random index 'mine'"),
        ("judgement_matrix", 1, {"judgement": "0.25"}, "contradict each other"),
        ("judgement_matrix", 1, {"judgement": "0"}, "positive numbers only"),
        ("judgement_matrix", 1, {"judgement": "x"}, "judgement must be a number"),
        ("judgement_matrix", 1, {"column_code": "z"}, "a against z is unknown"),
        ("judgement_matrix", 1, {"matrix": "elsewhere"}, "neither indicators, layers nor a layer"),
    ],
)
def test_wrong_seeds_are_refused(seeds, seed, row, change, message):
    seeds[seed][row] |= change
    with pytest.raises(ConfigurationError, match=message):
        stage.derive(SCHEME, seeds, VALUES, {})


def test_units_that_are_not_counted_do_not_shape_the_weights(seeds):
    seeds["scheme_weighting"][0]["method"] = "entropy"
    counted = np.arange(40) < 30
    found = stage.derive(SCHEME, seeds, VALUES, {}, counted)
    assert [r["weight"] for r in table(found)] == pytest.approx(objective.entropy(VALUES[:30]).weights)
    assert len(found.index) == 40


def test_a_group_that_units_do_not_have_is_refused(seeds):
    seeds["scheme_weighting"][0]["group_by"] = "colour"
    known = {"enterprise": Columns({"a"}, {"a", "section_code"})}
    with pytest.raises(ConfigurationError, match="no column 'colour' to group by"):
        stage.attributes(SCHEME, known, seeds)
    seeds["scheme_weighting"][0]["group_by"] = "section_code"
    assert stage.attributes(SCHEME, known, seeds) == ("section_code",)


@pytest.mark.parametrize("row", policy.rows("scheme_weighting"), ids=lambda r: f"{r['scheme_code']} {r['scale']}")
def test_shipped_weights_can_be_derived(row):
    directions = {r["indicator_code"]: r["direction"] for r in policy.rows("indicator")}
    all_seeds = {name: policy.rows(name) for name in (*SEEDS, *rules.SEEDS)}
    scheme = next(s for s in select(all_seeds, [row["scheme_code"]], 2024, directions) if s.scale == row["scale"])
    values = np.random.default_rng(1).random((30, len(scheme.indicators)))
    codes = {row["group_by"]: Codes(np.zeros(30, dtype=np.int64), ("A",))}
    derived = stage.derive(scheme, all_seeds, values, codes).schemes[-1]
    assert sum(i.weight for i in derived.indicators) == pytest.approx(1, abs=1e-12)
    assert {i.weight_method for i in derived.indicators} == {f"{row['method']}({row['judged']}, {row['measured']})"}


def test_a_scheme_without_a_row_keeps_its_weights(seeds):
    seeds["scheme_weighting"].clear()
    weighting = stage.derive(SCHEME, seeds, VALUES, {})
    assert weighting.scheme is SCHEME and {r["method"] for r in table(weighting)} == {"given"}
    with pytest.raises(SchemeError, match="stands 2 times"):
        rules.rule_of({"scheme_weighting": [RULE, RULE]}, SCHEME)


@pytest.mark.parametrize("missing", objective.MISSING)
def test_entropy_by_group_is_entropy_of_each_group(monkeypatch, missing):
    """Chunks and groups change nothing; what a group refuses, its neighbours do not feel."""
    monkeypatch.setattr(entropy_sums, "CHUNK", 7)
    rng = np.random.default_rng(2)
    values = rng.random((60, 3))
    values[rng.random(values.shape) < 0.1] = np.nan
    values[57, 1] = np.inf
    group = rng.integers(-1, 4, 60)
    group[57] = 3
    for shift in (0.0, 0.5):
        options = {"negative": [False, True, False], "missing": missing, "shift": shift}
        found = objective.grouped(values, group, 5, "entropy", **options)
        for number, one in enumerate(found):
            try:
                alone = objective.entropy(values[group == number], **options)
            except Undefined as refusal:
                assert isinstance(one, Undefined) and str(one) == str(refusal)
                continue
            assert one.weights == pytest.approx(alone.weights, abs=1e-12) and one.rows.tolist() == alone.rows.tolist()


def test_entropy_with_a_shift_is_that_of_the_normalised_values():
    values = np.random.default_rng(3).random((30, 4)) * [1, 5, 1e-3, 1e6]
    z = objective.normalise(values, [False, True, False, False]) + 0.01
    p = z / z.sum(axis=0)
    lack = 1 + (p * np.log(p)).sum(axis=0) / np.log(30)
    found = objective.entropy(values, [False, True, False, False], shift=0.01)
    assert found.weights == pytest.approx(lack / lack.sum(), rel=1e-9)


@pytest.mark.filterwarnings("error")
def test_infinities_warn_nobody_and_weigh_nothing():
    values = np.vstack([np.full((3, 2), np.inf), VALUES[:5, :2], [[1.0, -np.inf], [2.0, 3.0]]])
    found = objective.grouped(values, np.array([0, 0, 0, 1, 1, 1, 1, 1, 2, 2]), 4, "entropy")
    assert found[1].weights == pytest.approx(objective.entropy(VALUES[:5, :2]).weights)
    assert ["infinite" in str(found[g]) for g in (0, 2)] == [True, True] and "found 0" in str(found[3])


def test_weighted_is_the_sum_of_each_units_own_weights():
    weights, group = np.array([[0.5, 0.3, 0.2], [1.0, 0.0, 0.0]]), np.arange(40) % 2
    assert combine.weighted(VALUES, weights, group) == pytest.approx((VALUES * weights[group]).sum(axis=1), abs=1e-12)
