"""Coupling coordination against the published rows of R package zhjx19/mathmodels, in both forms."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.coupling import CORRECTED, STANDARD, coupling_coordination

UNITS = [
    (0.0162, 0.2720, 0.2655),
    (0.1782, 0.6824, 0.3721),
    (0.5490, 0.0593, 0.5729),
    (0.6730, 0.4812, 0.9082),
    (0.0207, 0.8891, 0.2017),
    (0.9875, 0.5573, 0.8984),
]


def test_standard_form_gives_the_published_rows():
    """Published to three digits, reproduced to six (published_examples 16)."""
    found = coupling_coordination(UNITS, STANDARD)
    assert found.coupling == pytest.approx([0.570904, 0.867227, 0.673545, 0.967362, 0.417914, 0.970944], abs=5e-7)
    assert found.comprehensive_index == pytest.approx([0.185, 0.411, 0.394, 0.687, 0.370, 0.814], abs=6e-4)
    assert found.coordination == pytest.approx([0.324607, 0.596945, 0.514973, 0.815493, 0.393494, 0.889234], abs=5e-7)


def test_corrected_form_gives_the_published_rows():
    """Weights .4 .3 .3 (published_examples 16)."""
    found = coupling_coordination(UNITS, CORRECTED, weights=(0.4, 0.3, 0.3))
    assert found.coupling == pytest.approx([0.447, 0.501, 0.455, 0.669, 0.175, 0.715], abs=6e-4)
    assert found.comprehensive_index == pytest.approx([0.168, 0.388, 0.409, 0.686, 0.336, 0.832], abs=6e-4)
    assert found.coordination == pytest.approx([0.273880, 0.440469, 0.431568, 0.677708, 0.242267, 0.771080], abs=5e-7)


@pytest.mark.parametrize("form", [STANDARD, CORRECTED])
def test_edges(form):
    """Equal systems are fully coupled; one at 0 uncouples; all at 0, or one missing, gives no number."""
    found = coupling_coordination([(0.5, 0.5), (0.0, 0.7), (0.0, 0.0), (np.nan, 0.4)], form)
    assert found.coupling[:2] == pytest.approx([1, 0])
    assert found.coordination[:2] == pytest.approx([np.sqrt(0.5), 0])
    assert np.isnan(found.coupling[2:]).all()
    assert found.comprehensive_index[2] == 0
    assert np.isnan(found.comprehensive_index[3])


@pytest.mark.parametrize(
    ("indices", "form", "weights", "message"),
    [
        ([(0.1, 0.2)], "improved", None, "improved"),
        ([(0.1,)], STANDARD, None, "two or more"),
        ([(0.1, 1.2)], STANDARD, None, "1.2"),
        ([(0.1, 0.2)], CORRECTED, (1.0,), "one for each"),
        ([(0.1, 0.2)], CORRECTED, (0.0, 0.0), "not all 0"),
    ],
)
def test_wrong_calls_are_refused(indices, form, weights, message):
    with pytest.raises(ValueError, match=message):
        coupling_coordination(indices, form, weights)
