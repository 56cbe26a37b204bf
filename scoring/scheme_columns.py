"""The columns of the seeds that make up a scheme, as their headers must have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scoring.scheme_cells import Row, SchemeError, with_places

_OF_SCALE = ("scheme_code", "scheme_version", "scale")
_CONDITION = ("name_zh", "column_name", "operator", "threshold")
_STATED = ("source", "illustrative")

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "scheme": (
        *("scheme_code", "scheme_version", "name_zh", "name_en", "scales", "valid_from_year", "valid_to_year"),
        *("applied_back_to_year", "approved_by", "document", "illustrative", "note"),
    ),
    "scheme_scale": (
        *(*_OF_SCALE, "group_by", "missing_rule", "min_present_weight", "ties", "grade_rule", "full_marks", "note"),
    ),
    "scheme_indicator": (
        *(*_OF_SCALE, "indicator_order", "indicator_code", "layer", "weight", "standardisation", "direction"),
        *("cap", "floor", "low", "high", "floor_share", "weight_method", "weight_source", "illustrative"),
    ),
    "scheme_ideal_value": (
        *(*_OF_SCALE, "indicator_code", "scope_column", "scope_code", "precedence", "ideal_value", "method", *_STATED),
    ),
    "scheme_grade": (*_OF_SCALE, "grade_order", "grade", "name_zh", "min_score", "max_share", *_STATED),
    "scheme_ratio": (
        *(*_OF_SCALE, "indicator_code", "name_zh", "unit", "direction"),
        *("numerator_column", "denominator_column", "factor", "source"),
    ),
    "scheme_adjustment": (*_OF_SCALE, "rule_order", "adjustment_code", *_CONDITION, "points", *_STATED),
    "scheme_adjustment_limit": (*_OF_SCALE, "limit_code", "name_zh", "points_kind", "most_points", *_STATED),
    "scheme_veto": (*_OF_SCALE, "rule_order", "veto_code", *_CONDITION, "grade", *_STATED),
    "scheme_not_rated": (*_OF_SCALE, "rule_order", "not_rated_reason", *_CONDITION, *_STATED),
    "scheme_district_weight": (
        *(*_OF_SCALE, "district_code", "indicator_code", "weight", "weight_source", "illustrative"),
    ),
}
SEEDS = tuple(COLUMNS)


def placed(seeds: Mapping[str, Sequence[Row]]) -> dict[str, list[dict[str, str]]]:
    """Return the rows of SEEDS, each with the file and line where it stands; a seed that is left out has no rows.

    Raises SchemeError for a header with other columns, and a row with more or fewer cells than its header.
    """
    for name, columns in COLUMNS.items():
        there = set().union(*(row.keys() for row in seeds.get(name, ()))) - {None}
        found = next(iter(sorted(there - set(columns))), None) if there else None
        lacking = next((c for c in columns if any(c not in row for row in seeds.get(name, ()))), None)
        if found or lacking:
            faults = [f"has no column {lacking!r}"] * bool(lacking) + [f"has an unknown column {found!r}"] * bool(found)
            raise SchemeError(f"seeds/policy/{name}.csv line 1: its header {' and '.join(faults)}")
    return with_places(seeds, SEEDS)
