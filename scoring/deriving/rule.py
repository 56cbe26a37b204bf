"""How the weights of a scheme come about, as data: seed rows in, weights and a record of what was done out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.deriving import combine, judgement, objective
from scoring.deriving.refusal import Undefined
from scoring.scheme import Scheme, Seeds
from scoring.scheme_cells import Row, SchemeError
from scoring.standardise import NEGATIVE

Floats = NDArray[np.float64]

SEEDS = ("scheme_weighting", "judgement_matrix", "delphi_points", "random_index")
GIVEN, AHP, DELPHI, PAIRWISE, LINEAR, MULTIPLICATIVE = "given", "ahp", "delphi", "pairwise", "linear", "multiplicative"
JUDGED, COMBINED = (GIVEN, AHP, DELPHI, PAIRWISE), (LINEAR, MULTIPLICATIVE)
METHODS = (*JUDGED, *objective.METHODS, *COMBINED)
REFUSED = "refuse"
UNDEFINED = (GIVEN, REFUSED)
WHOLE, LAYERS = "indicators", "layers"


@dataclass(frozen=True)
class Rule:
    """One row of scheme_weighting; `judged` and `measured` are the two sides of the method, empty where it has none.

    `undefined` says what becomes of a group whose data give no weights: the scheme's given ones, or no run at all.
    """

    method: str
    judged: str
    measured: str
    ahp_method: str
    random_index: str
    consistency_limit: float | None
    alpha: float | None
    shift: float
    missing: str
    group_by: str
    undefined: str
    source: str
    illustrative: bool

    @property
    def name(self) -> str:
        """The method as a table shows it, such as linear(ahp, entropy)."""
        return f"{self.method}({self.judged}, {self.measured})" if self.method in COMBINED else self.method


@dataclass(frozen=True)
class Weights:
    """Weights (k) of the sum 1 in the order of the scheme's indicators, the method, and what there is to know of it."""

    weights: Floats
    method: str
    record: Mapping[str, Any] = field(default_factory=dict)


def rule_of(seeds: Seeds, scheme: Scheme) -> Rule | None:
    """Return the rule of a scheme and scale, None where its weights are given. Raises SchemeError for a wrong row."""
    rows = _of(seeds["scheme_weighting"], scheme)
    name = f"scheme_weighting: scheme {scheme.code} {scheme.version}, scale {scheme.scale}"
    if len(rows) > 1:
        raise SchemeError(f"{name}: stands {len(rows)} times")
    if not rows or rows[0]["method"] == GIVEN:
        return None
    row = rows[0]
    method = _one_of(row, "method", METHODS, name)
    combined = method in COMBINED
    judged = _one_of(row, "judged", JUDGED, name) if combined else method if method in JUDGED else ""
    measured = _one_of(row, "measured", tuple(objective.METHODS), name) if combined else "" if judged else method
    return Rule(
        method=method,
        judged=judged,
        measured=measured,
        ahp_method=_one_of(row, "ahp_method", tuple(judgement.METHODS), name) if judged == AHP else "",
        random_index=row["random_index"],
        consistency_limit=_number(row, "consistency_limit", name) if row["consistency_limit"] else None,
        alpha=_number(row, "alpha", name) if method == LINEAR else None,
        shift=_number(row, "shift", name) if row["shift"] else 0.0,
        missing=_one_of(row, "missing", objective.MISSING, name) if measured else "",
        group_by=row["group_by"] if measured else "",
        undefined=_one_of(row, "undefined", UNDEFINED, name) if measured else REFUSED,
        source=row["source"],
        illustrative=_one_of(row, "illustrative", ("true", "false"), name) == "true",
    )


def judged_weights(seeds: Seeds, scheme: Scheme, rule: Rule) -> Weights:
    """Return the weights of the judged side of a rule, with its test of consistency or agreement.

    Raises SchemeError where the judgements are incomplete or contradict each other: no data can make good for that.
    """
    if rule.judged == GIVEN:
        return Weights(np.array([i.weight for i in scheme.indicators]), GIVEN)
    try:
        if rule.judged == DELPHI:
            weights, record = _delphi(_of(seeds["delphi_points"], scheme), scheme)
        else:
            solve, mirror = _solver(seeds, rule)
            weights, record = _compared(_of(seeds["judgement_matrix"], scheme), scheme, solve, mirror)
    except Undefined as refusal:
        raise SchemeError(f"scheme {scheme.code} {scheme.version}, scale {scheme.scale}: {refusal}") from refusal
    return Weights(weights, rule.judged, record)


def measured_weights(
    scheme: Scheme, rule: Rule, values: Floats, group: NDArray[np.int64], groups: int
) -> list[Weights | Undefined]:
    """Return the weights that values (n, k) give in each group (n, from 0; below 0 none), or why they give none."""
    reverse = [i.direction == NEGATIVE for i in scheme.indicators]
    options: dict[str, object] = {"negative": reverse, "missing": rule.missing}
    if rule.measured == "entropy":
        options["shift"] = rule.shift
    found = objective.grouped(values, group, groups, rule.measured, **options)
    return [f if isinstance(f, Undefined) else _measured(scheme, rule, f) for f in found]


def combined_weights(rule: Rule, judged: Weights | None, measured: Weights | Undefined | None) -> Weights | Undefined:
    """Return what a rule makes of its two sides; a side that it does not have is None."""
    if isinstance(measured, Undefined):
        return measured
    if measured is None or judged is None:
        return judged or measured or Undefined("the rule has neither judgement nor data")
    record = {"judged": {"method": judged.method, **judged.record}}
    record["measured"] = {"method": measured.method, **measured.record}
    try:
        if rule.method == LINEAR:
            weights = combine.linear(judged.weights, measured.weights, float(rule.alpha or 0.0))
            return Weights(weights, rule.name, {"alpha": rule.alpha, **record})
        return Weights(combine.multiplicative(judged.weights, measured.weights), rule.name, record)
    except Undefined as refusal:
        return refusal


def _measured(scheme: Scheme, rule: Rule, found: objective.Derived) -> Weights:
    record: dict[str, Any] = {
        "missing": rule.missing,
        "rows": dict(zip([i.code for i in scheme.indicators], found.rows.tolist(), strict=True)),
    }
    if rule.measured == "entropy":
        record["shift"] = found.shift
    return Weights(found.weights, found.method, record)


def _delphi(rows: Sequence[Row], scheme: Scheme) -> tuple[Floats, dict[str, Any]]:
    """The last round counts; the agreement of every round shows whether the experts came closer."""
    rounds = sorted({r["round"] for r in rows}, key=int)
    if not rounds:
        raise Undefined("delphi_points has no rows of the scheme")
    found = [judgement.delphi(_points([r for r in rows if r["round"] == number], scheme)) for number in rounds]
    last = found[-1]
    return last.weights, {
        "rounds": len(rounds),
        "kendall_w": [f.kendall_w for f in found],
        "chi_square": last.chi_square,
        "standard_deviation": last.standard_deviation.tolist(),
    }


def _points(rows: Sequence[Row], scheme: Scheme) -> Floats:
    experts = sorted({r["expert"] for r in rows})
    cells = {(r["expert"], r["indicator_code"]): _cell(r, "points") for r in rows}
    wanted = [(expert, i.code) for expert in experts for i in scheme.indicators]
    if len(cells) != len(rows) or set(cells) != set(wanted):
        raise Undefined("delphi_points needs each expert's points of each indicator once, and of no other")
    return np.array([cells[key] for key in wanted]).reshape(len(experts), len(scheme.indicators))


_Solve = Callable[[Floats], tuple[Floats, dict[str, Any]]]


def _solver(seeds: Seeds, rule: Rule) -> tuple[_Solve, Callable[[float], float]]:
    """How one matrix is solved, and what the mirror image of a judgement is."""
    if rule.judged == PAIRWISE:
        return lambda matrix: (judgement.pairwise(matrix), {}), lambda x: 1.0 - x
    table = {int(r["size"]): float(r["value"]) for r in seeds["random_index"] if r["random_index"] == rule.random_index}
    if not table:
        raise SchemeError(f"scheme_weighting: unknown random index {rule.random_index!r}")

    def solve(matrix: Floats) -> tuple[Floats, dict[str, Any]]:
        found = judgement.ahp(matrix, rule.ahp_method, table, rule.random_index, rule.consistency_limit)
        return found.weights, {
            "ahp_method": found.method,
            "random_index": found.random_index,
            "lambda_max": found.lambda_max,
            "consistency_index": found.consistency_index,
            "consistency_ratio": found.consistency_ratio,
            "consistency_limit": rule.consistency_limit,
        }

    return solve, lambda x: 1.0 / x if x else math.inf


def _compared(
    rows: Sequence[Row], scheme: Scheme, solve: _Solve, mirror: Callable[[float], float]
) -> tuple[Floats, dict[str, Any]]:
    """One matrix over all indicators, or one over the layers and one over the indicators of each layer."""
    codes = [i.code for i in scheme.indicators]
    layers = list(dict.fromkeys(i.layer for i in scheme.indicators))
    if {r["matrix"] for r in rows} == {WHOLE}:
        weights, record = solve(_matrix(rows, WHOLE, codes, mirror))
        return weights, {"matrices": {WHOLE: record}}
    known = {LAYERS, *layers}
    if strange := sorted({r["matrix"] for r in rows} - known):
        raise Undefined(f"judgement_matrix: {strange[0]!r} is neither {WHOLE}, {LAYERS} nor a layer of the scheme")
    outer, record = solve(_matrix(rows, LAYERS, layers, mirror)) if len(layers) > 1 else (np.ones(1), {})
    records, weights = {LAYERS: record}, np.zeros(len(codes))
    for share, layer in zip(outer, layers, strict=True):
        own = [j for j, i in enumerate(scheme.indicators) if i.layer == layer]
        weights[own] = share
        if len(own) > 1:
            inner, records[layer] = solve(_matrix(rows, layer, [codes[j] for j in own], mirror))
            weights[own] = share * inner
    return weights, {"matrices": records}


def _matrix(rows: Sequence[Row], matrix: str, names: Sequence[str], mirror: Callable[[float], float]) -> Floats:
    """The square of judgements; what stands on one side of the diagonal only is mirrored."""
    place = {name: number for number, name in enumerate(names)}
    result = np.full((len(names), len(names)), np.nan)
    for row in (r for r in rows if r["matrix"] == matrix):
        pair = row["row_code"], row["column_code"]
        if not set(pair) <= set(place) or not np.isnan(result[place[pair[0]], place[pair[1]]]):
            raise Undefined(f"judgement_matrix, {matrix}: {pair[0]} against {pair[1]} is unknown or stands twice")
        result[place[pair[0]], place[pair[1]]] = _cell(row, "judgement")
    np.fill_diagonal(result, mirror(1.0) or 1.0)
    for i, j in zip(*np.nonzero(np.isnan(result)), strict=True):
        if np.isnan(result[j, i]):
            raise Undefined(f"judgement_matrix, {matrix}: {names[i]} against {names[j]} is missing")
        result[i, j] = mirror(float(result[j, i]))
    return result


def _of(rows: Sequence[Row], scheme: Scheme) -> list[Row]:
    key = (scheme.code, scheme.version, scheme.scale)
    return [r for r in rows if (r["scheme_code"], r["scheme_version"], r["scale"]) == key]


def _cell(row: Row, column: str) -> float:
    try:
        return float(row[column])
    except ValueError as error:
        raise Undefined(f"{column} must be a number, found {row[column]!r}") from error


def _number(row: Row, column: str, name: str) -> float:
    try:
        value = float(row[column])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise SchemeError(f"{name}: {column} must be a number, found {row[column]!r}")
    return value


def _one_of(row: Row, column: str, allowed: Sequence[str], name: str) -> str:
    if row[column] not in allowed:
        raise SchemeError(f"{name}: {column} must be one of {', '.join(allowed)}, found {row[column]!r}")
    return row[column]
