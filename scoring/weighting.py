"""The weights that a scheme is scored with: its given ones, or derived from judgement and the year's values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from landgauge.errors import ConfigurationError
from scoring import districts, tables
from scoring.deriving import rule as rules
from scoring.deriving.refusal import Undefined
from scoring.ideal import Codes, one_group
from scoring.scheme import Columns, Scheme, Seeds
from scoring.scheme_cells import SchemeError
from scoring.score import Beside, Block, score_block

Floats = NDArray[np.float64]
DISTRICT = "district_code"
_CHOOSE = "Take the rows out of seeds/policy/scheme_district_weight.csv or scheme_weighting.csv."
_ADVICE = "Correct seeds/policy/scheme_weighting.csv, judgement_matrix.csv or delphi_points.csv."


@dataclass(frozen=True)
class Weighting:
    """The scheme with the weights of each group: `schemes[index[i]]` holds for unit i of n.

    `groups` are the group codes of fct_weight, `records` what is known of how the weights came about; the first entry
    is the whole scale, which also holds for units without a group.
    """

    schemes: tuple[Scheme, ...]
    groups: tuple[str, ...]
    records: tuple[Mapping[str, Any], ...]
    index: NDArray[np.int64]

    @property
    def scheme(self) -> Scheme:
        """The scheme with the weights of the whole scale."""
        return self.schemes[0]

    def score(
        self, start: int, values: Floats, ideals: Floats, fill: Floats | None = None, beside: Beside | None = None
    ) -> Block:
        """Score the units from `start` on as `score_block` does, each with the weights of its group."""
        own = self.index[start : start + len(values)]
        present = np.unique(own)
        if len(present) < 2:
            return score_block(self.schemes[int(present[0]) if len(present) else 0], values, ideals, fill, beside)
        blocks = []
        for number in present.tolist():
            rows = own == number
            part = None if fill is None else fill[rows]
            scheme = self.schemes[number]
            blocks.append((rows, score_block(scheme, values[rows], ideals[rows], part, _only(beside, rows))))
        return _together(len(values), blocks)

    def weights(self) -> Floats:
        """Return the nominal weights (n, k) of each unit."""
        return np.array([[i.weight for i in s.indicators] for s in self.schemes])[self.index]

    def table(self, year: int) -> pa.Table:
        """Return the rows of scored.weight."""
        parts = []
        for scheme, group, record in zip(self.schemes, self.groups, self.records, strict=True):
            part = tables.weight_table((scheme,), year)
            parameters = [json.dumps(json.loads(p) | record, ensure_ascii=False, sort_keys=True) for p in _texts(part)]
            part = _with(part, "parameters", parameters if record else _texts(part))
            parts.append(_with(part, "group_code", [group] * part.num_rows))
        return pa.concat_tables(parts)


def attributes(scheme: Scheme, known: Mapping[str, Columns], seeds: Seeds) -> tuple[str, ...]:
    """Return the columns of the unit that the scheme and its weighting need.

    Raises ConfigurationError for a wrong rule, or one that groups by a column that is not `known`.
    """
    rule = _rule(scheme, seeds)
    if rule is None or not rule.group_by:
        return scheme.attributes
    if scheme.scale in known and rule.group_by not in known[scheme.scale].all:
        name = f"scheme_weighting: scheme {scheme.code} {scheme.version}, scale {scheme.scale}"
        raise ConfigurationError(f"{name}: units have no column {rule.group_by!r} to group by", _ADVICE)
    return tuple(sorted({*scheme.attributes, rule.group_by}))


def derive(
    scheme: Scheme, seeds: Seeds, values: Floats, codes: Mapping[str, Codes], counted: NDArray[np.bool_] | None = None
) -> Weighting:
    """Return the weights for units with values (n, k) and the codes of their attributes, as the scheme's seed says.

    `counted` (n) says which units the data are taken from; without it all.
    Raises ConfigurationError for judgements that cannot be used, and for a group without weights where the seed
    refuses it.
    """
    rule = _rule(scheme, seeds)
    nobody = np.zeros(len(values), dtype=np.int64)
    if rule is None:
        return _given(scheme, codes.get(DISTRICT), nobody)
    if scheme.district_weights:
        name = f"scheme {scheme.code} {scheme.version}, scale {scheme.scale}"
        raise ConfigurationError(f"{name}: has weights of districts and a rule to derive weights", _CHOOSE)
    judged = _judged(scheme, rule, seeds) if rule.judged else None
    if not rule.group_by:
        found = _each(scheme, rule, judged, values, one_group(len(values), ""), counted)[0]
        one, record = _use(scheme, rule, found, scheme.scale)
        return Weighting((one,), (scheme.scale,), (record,), nobody)
    group = codes[rule.group_by]
    names = [f"{scheme.scale}:{rule.group_by}={name}" for name in group.names]
    found = _each(scheme, rule, judged, values, group, counted)
    used = [_use(scheme, rule, f, name) for f, name in zip(found, names, strict=True)]
    rest = {"undefined": f"units without {rule.group_by}"}
    return Weighting(
        (scheme, *(s for s, _ in used)), (scheme.scale, *names), (rest, *(r for _, r in used)), group.index + 1
    )


def _given(scheme: Scheme, district: Codes | None, nobody: NDArray[np.int64]) -> Weighting:
    """The scheme's own weights, and those of the districts that have others."""
    own = districts.districts(scheme)
    if not own or district is None:
        return Weighting((scheme,), (scheme.scale,), ({},), nobody)
    place = {code: number for number, code in enumerate(own, 1)}
    index = np.array([*(place.get(name, 0) for name in district.names), 0], dtype=np.int64)[district.index]
    names = [f"{scheme.scale}:{DISTRICT}={code}" for code in own]
    changed = [districts.of_district(scheme, code) for code in own]
    return Weighting((scheme, *changed), (scheme.scale, *names), ({},) * (len(own) + 1), index)


def _each(
    scheme: Scheme,
    rule: rules.Rule,
    judged: rules.Weights | None,
    values: Floats,
    group: Codes,
    counted: NDArray[np.bool_] | None,
) -> list[rules.Weights | Undefined]:
    measured: list[Any] = [None] * len(group.names)
    if rule.measured:
        index = group.index if counted is None else np.where(counted, group.index, -1)
        measured = rules.measured_weights(scheme, rule, values, index, len(group.names))
    return [rules.combined_weights(rule, judged, m) for m in measured]


def _use(
    scheme: Scheme, rule: rules.Rule, found: rules.Weights | Undefined, group: str
) -> tuple[Scheme, Mapping[str, Any]]:
    """The scheme with these weights and their record, or with its given ones and the reason."""
    shared = {"weighting": rule.name, **({"group_by": rule.group_by} if rule.group_by else {})}
    if isinstance(found, Undefined):
        if rule.undefined == rules.REFUSED:
            name = f"scheme {scheme.code} {scheme.version}, weights of {group}"
            raise ConfigurationError(
                f"{name}: {found}", "Change the rule `undefined` in scheme_weighting, or the group."
            )
        return scheme, {**shared, "undefined": str(found)}
    indicators = tuple(
        replace(
            i,
            weight=float(weight),
            weight_method=found.method,
            weight_source=rule.source,
            illustrative=rule.illustrative,
        )
        for i, weight in zip(scheme.indicators, found.weights, strict=True)
    )
    return replace(scheme, indicators=indicators), {**shared, **found.record}


def _rule(scheme: Scheme, seeds: Seeds) -> rules.Rule | None:
    try:
        return rules.rule_of(seeds, scheme)
    except SchemeError as error:
        raise ConfigurationError(str(error), _ADVICE) from error


def _judged(scheme: Scheme, rule: rules.Rule, seeds: Seeds) -> rules.Weights:
    try:
        return rules.judged_weights(seeds, scheme, rule)
    except SchemeError as error:
        raise ConfigurationError(str(error), _ADVICE) from error


def _only(beside: Beside | None, rows: NDArray[np.bool_]) -> Beside | None:
    if beside is None:
        return None
    parts = {f.name: getattr(beside, f.name) for f in fields(Beside)}
    return Beside(**{name: None if part is None else part[rows] for name, part in parts.items()})


def _together(units: int, parts: list[tuple[NDArray[np.bool_], Block]]) -> Block:
    """One block of the parts, each of which holds the units marked."""
    merged: dict[str, Any] = {}
    for name in (f.name for f in fields(Block)):
        first = getattr(parts[0][1], name)
        if not isinstance(first, np.ndarray):
            merged[name] = first
            continue
        merged[name] = np.empty((units, *first.shape[1:]), dtype=first.dtype)
        for rows, block in parts:
            merged[name][rows] = getattr(block, name)
    return Block(**merged)


def _texts(table: pa.Table) -> list[str]:
    return table.column("parameters").to_pylist()


def _with(table: pa.Table, column: str, values: list[str]) -> pa.Table:
    place = table.schema.get_field_index(column)
    return table.set_column(place, table.schema.field(column), pa.array(values, pa.string()))
