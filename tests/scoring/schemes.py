"""Small schemes for tests."""

from scoring.scheme import Grade, IdealValue, IndicatorRule, Scheme


def make_scheme(items, *, missing_rule="reweight", minimum=0.0, grade_rule="bands", grades=(), full_marks=100.0):
    """A scheme of (code, weight, ideal value, direction, cap) items, or with a sixth: the standardisation."""
    rules = [
        IndicatorRule(i[0], "", i[1], i[5] if len(i) > 5 else "target_ratio", i[3], i[4], 0.0, "given", "test", True)
        for i in items
    ]
    ideals = [IdealValue(i[0], "", "", 0, i[2], "target", "test", True) for i in items]
    return Scheme(
        code="test",
        version="1",
        scale="enterprise",
        group_by="",
        missing_rule=missing_rule,
        min_present_weight=minimum,
        ties="min",
        grade_rule=grade_rule,
        full_marks=full_marks,
        indicators=tuple(rules),
        ideals=tuple(ideals),
        grades=tuple(Grade(*g) for g in grades),
    )
