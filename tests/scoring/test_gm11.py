"""GM(1,1) against published cases."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from landgauge import policy
from scoring.forecast import gm11
from scoring.forecast.policy import grades


def fit(series, variant=gm11.ALL_POINTS):
    """The model of one series, fitted as the second of three rows."""
    found = gm11.fit(np.array([series[::-1], series, np.sort(series)], dtype=float), variant)
    rows = {name: value[1] for name, value in vars(found).items() if isinstance(value, np.ndarray)}
    place = int(found.accuracy(GRADES)[1])
    return SimpleNamespace(
        **rows,
        band=found.band,
        variant=found.variant,
        level_ratios_pass=found.level_ratios_pass[1],
        grade=None if place == gm11.UNQUALIFIED else GRADES[place].name,
        forecast=lambda steps: found.forecast(steps)[1],
    )


NOISE = np.array([71.1, 72.4, 72.4, 72.1, 71.4, 72.0, 71.6])
GRADES = grades({"forecast_grade": policy.rows("forecast_grade")})


def test_city_traffic_noise_1986_1992():
    """coloradmin.cn/o/1047614.html and m.777doc.com/doc-6345592.html: level ratios, band, fit, C and P."""
    model = fit(NOISE)
    assert model.level_ratios == pytest.approx([0.9820, 1, 1.0042, 1.0098, 0.9917, 1.0056], abs=5e-5)
    assert model.band == pytest.approx((0.7788, 1.2840), abs=5e-5) and model.level_ratios_pass
    assert (model.a, model.b) == pytest.approx((0.0023437864785, 72.6572696037), rel=1e-9)
    assert model.fitted == pytest.approx([71.1, 72.4057, 72.2362, 72.0671, 71.8984, 71.7301, 71.5622], abs=5e-5)
    assert model.forecast(3) == pytest.approx([71.394646, 71.227508, 71.060761], abs=1e-6)
    assert model.posterior_ratio == pytest.approx(0.4807, abs=5e-5) and model.variant == gm11.ALL_POINTS
    assert model.small_error_probability == pytest.approx(0.857, abs=5e-4)
    assert fit(NOISE, gm11.FROM_SECOND).posterior_ratio == pytest.approx(0.519, abs=5e-4)


def test_printed_example_of_mathmodels():
    """R package zhjx19/mathmodels, printed output for 100 120 145 175 210."""
    model = fit(np.array([100, 120, 145, 175, 210]))
    assert model.level_ratios_pass
    assert model.fitted == pytest.approx([100, 119.9184, 144.3784, 173.8275, 209.2834], abs=5e-5)
    assert model.forecast(3) == pytest.approx([251.9713, 303.3663, 365.2444], abs=5e-5)
    assert (model.posterior_ratio, model.small_error_probability) == pytest.approx((0.01107, 1), abs=5e-6)
    assert model.mape == pytest.approx(0.0037700, abs=5e-8)


def test_dengs_series():
    """Deng's textbook series 2.874 3.278 3.337 3.390 3.679."""
    model = fit(np.array([2.874, 3.278, 3.337, 3.390, 3.679]))
    assert (model.a, model.b) == pytest.approx((-0.03720, 3.06536), abs=5e-6)
    assert model.fitted[1:] == pytest.approx([3.232, 3.354, 3.482, 3.614], abs=5.5e-4)


def test_accuracy_grades_are_the_published_ones():
    """m.777doc.com/doc-2886892.html: P and C together."""
    assert fit(np.array([100, 120, 145, 175, 210])).grade == "good"
    assert fit(NOISE).grade == "qualified"
    assert fit(np.array([5.0, 9, 5, 9, 5])).grade is None


def test_a_flat_series_stays_flat():
    model = fit(np.full(4, 5.0))
    assert model.forecast(2).tolist() == [5, 5] and model.posterior_ratio == 0
    nearly = fit(5 + 1e-9 * np.arange(6))
    assert nearly.forecast(1) == pytest.approx([5], rel=1e-8)


def test_exponential_growth_is_met_closely_with_negative_a():
    series = 100 * 1.03 ** np.arange(8)
    model = fit(series)
    assert model.a < 0 and model.forecast(2) == pytest.approx(100 * 1.03 ** np.arange(8, 10), rel=1e-3)


@pytest.mark.parametrize("series", [[1, 2, 3], [1, 2, 0, 4], [1, 2, -3, 4], [1, 2, math.nan, 4]])
def test_what_cannot_be_fitted_is_refused(series):
    with pytest.raises(ValueError, match=r"4 points|positive finite"):
        fit(np.array(series, dtype=float))


def test_level_ratios_outside_the_band_do_not_pass():
    low, high = gm11.level_ratio_band(4)
    assert (low, high) == pytest.approx((math.exp(-0.4), math.exp(0.4)))
    assert not fit(np.array([1.0, 1.6, 1.7, 1.8])).level_ratios_pass
