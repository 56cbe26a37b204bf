"""Weights of a scheme that single districts set in the place of its own."""

from __future__ import annotations

from dataclasses import replace

from scoring.scheme import IndicatorRule, Scheme

METHOD = "given"  # as all weights that a scheme names


def districts(scheme: Scheme) -> tuple[str, ...]:
    """Return the codes of the districts with weights of their own, in the order of the codes."""
    return tuple(sorted({w.district_code for w in scheme.district_weights}))


def of_district(scheme: Scheme, district_code: str) -> Scheme:
    """Return the scheme with the weights of a district; an indicator that it does not name keeps the scheme's."""
    own = {w.indicator_code: w for w in scheme.district_weights if w.district_code == district_code}

    def changed(rule: IndicatorRule) -> IndicatorRule:
        if rule.code not in own:
            return rule
        found = own[rule.code]
        return replace(
            rule,
            weight=found.weight,
            weight_method=METHOD,
            weight_source=found.source,
            illustrative=found.illustrative,
        )

    return replace(scheme, indicators=tuple(map(changed, scheme.indicators)))
