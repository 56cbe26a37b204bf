"""Published weight trees and the item scores that follow from unrounded weights."""

from __future__ import annotations

import math

import numpy as np
import pytest

from landgauge import policy
from scoring.deriving import objective
from scoring.scheme_cells import SchemeError
from scoring.scheme_reading import select
from scoring.standardise import standardise
from tests.scoring.test_deriving import HOSPITAL

DIRECTIONS = {row["indicator_code"]: row["direction"] for row in policy.rows("indicator")}
SCALED = [code for code, direction in DIRECTIONS.items() if direction in ("positive", "negative")]
KEY = {"scheme_code": "tree", "scheme_version": "1", "scale": "zone"}
HANSPUB = [0.1185, 0.0562, 0.1056, 0.0678, 0.0465, 0.0850, 0.0717, 0.0639, 0.0666, 0.1173, 0.1508, 0.0502]
# a parent and its children, as printed
WUHAN = {
    0.6308: [0.3273, 0.3035],
    0.3273: [0.1350, 0.1050, 0.0873],
    0.1350: [0.0809, 0.0542],
    0.1050: [0.0526, 0.0523],
    0.0873: [0.0265, 0.0213, 0.0206, 0.0189],
    0.3035: [0.0915, 0.0578, 0.0769, 0.0409, 0.0365],
    0.0915: [0.0791, 0.0124],
    0.0578: [0.0346, 0.0232],
    0.0769: [0.0460, 0.0309],
    0.0409: [0.0186, 0.0222],
    1.0: [0.6308, 0.3692],
}

OPENED = [0.0809, 0.0542, 0.1050, 0.0873, 0.3035, 0.3692]  # the tree with one of its branches opened


def leaves(parent):
    return [leaf for child in WUHAN[parent] for leaf in leaves(child)] if parent in WUHAN else [parent]


def scheme_of(weights, method):
    """The scheme that these weights make, as its seeds are read."""
    rows = [
        KEY
        | dict.fromkeys(("cap", "floor", "low", "high", "floor_share"), "")
        | {"indicator_order": str(n), "indicator_code": code, "layer": "", "weight": f"{weight}"}
        | {"standardisation": "min_max", "direction": "", "weight_method": method}
        | {"weight_source": "test", "illustrative": "false"}
        for n, (code, weight) in enumerate(zip(SCALED, weights, strict=False), 1)
    ]
    assert len(rows) == len(weights)
    version = {"scheme_code": "tree", "scheme_version": "1", "scales": "zone", "illustrative": "false"}
    empty = ("name_zh", "name_en", "valid_from_year", "valid_to_year", "applied_back_to_year")
    rule = {"group_by": "", "missing_rule": "score_0", "min_present_weight": "0", "ties": "min"}
    seeds = {
        "scheme": [version | dict.fromkeys((*empty, "approved_by", "document", "note"), "")],
        "scheme_scale": [KEY | rule | {"grade_rule": "bands", "full_marks": "100", "note": ""}],
        "scheme_indicator": rows,
    }
    return select(seeds, ["tree"], 2024, DIRECTIONS)[0]


def test_a_published_tree_adds_up_within_its_last_digit_only():
    """Wuhan, geoscien.neigae.ac.cn 2015 34(6) 696: children differ from their parents by up to 0.0001."""
    apart = [abs(math.fsum(children) - parent) for parent, children in WUHAN.items()]
    assert max(apart) == pytest.approx(1e-4, abs=1e-9) and min(apart) < 1e-12
    assert len(leaves(1.0)) == 18 and math.fsum(leaves(1.0)) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("weights", [HANSPUB, OPENED], ids=["hanspub 4-1151461", "wuhan"])
def test_published_weights_are_taken_and_given_ones_must_be_exact(weights):
    """hanspub.org 4-1151461: twelve entropy weights that sum to 1.0001; the score uses their shares."""
    total = math.fsum(weights)
    assert 1e-9 < abs(total - 1) < 1e-3
    found = [i.weight for i in scheme_of(weights, "published").indicators]
    assert found == pytest.approx([w / total for w in weights], abs=1e-15)
    assert math.fsum(found) == pytest.approx(1.0, abs=1e-12)
    with pytest.raises(SchemeError, match=r"scheme_indicator\.csv line 2 and on"):
        scheme_of(weights, "given")


def test_a_fault_beyond_the_last_digit_is_refused_though_published():
    with pytest.raises(SchemeError, match=r"weights sum to 1\.0021"):
        scheme_of([*HANSPUB[:-1], HANSPUB[-1] + 0.002], "published")


def test_entropies_of_the_hospital_example_and_the_trap_of_rounded_weights():
    """renrendoc.com 133129052: e = 0.95 0.87 0.84 0.96 0.94 0.96 ...; rounded weights sum to 1.03: above 100."""
    found = objective.entropy(HOSPITAL)
    printed = [0.954076, 0.867194, 0.835553, 0.960253, 0.936252, 0.960253, 0.959935, 0.960253, 0.960253]
    assert 1 - found.diversity == pytest.approx(printed, abs=5e-7)
    rounded = np.round(found.weights, 2)
    assert rounded.sum() == pytest.approx(1.03)
    assert (HOSPITAL @ rounded).max() > 100 > (HOSPITAL @ found.weights).max()


def test_item_scores_of_a_zone_by_ideal_values():
    """National mean rates beside the ideal values of a public zone programme; computed, not published."""
    value = np.array([89.46, 92.68, 0.98, 0.93, 48.52, 8984.3])
    ideal = np.array([93, 100, 1.14, 0.98, 55, 3344])
    items = 100 * standardise(value, ideal, "target_ratio", "positive", 1.0, 0.0)
    assert items == pytest.approx([96.193548, 92.68, 85.964912, 94.897959, 88.218182, 100.0], abs=5e-7)
