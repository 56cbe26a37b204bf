"""Opened scores as one JSON document that a page's script reads: names once, units short, every digit kept."""

from __future__ import annotations

import json
import math
from typing import Any

from markupsafe import Markup

from reporting import words
from reporting.marts import Row
from reporting.opened.read import Opened, methods
from reporting.opened.sources import Sources

# a page's script reads these by position (templates/opened.js)
_COMPONENT = ("value", "ideal_value", "standardised", "weight", "contribution", "obstacle_degree", "imputed",
              "numerator", "denominator", "null_reason", "needed_value", "not_reached_reason",
              "grade_without")  # fmt: skip
_STABILITY = (
    "rank_p05",
    "rank_p95",
    "grade_probability",
    "flag",
    "draws",
    "missing_low",
    "missing_high",
    "illustrative",
    "data_score_p05",
    "data_score_p95",
    "data_rank_p05",
    "data_rank_p95",
    "data_grade_probability",
    "joint_rank_p05",
    "joint_rank_p95",
    "joint_grade_probability",
    "grade_low",
    "grade_high",
    "hangs_on",
    "data_draws",
)
_CHANGE = ("previous_score", "previous_grade", "score_change", "data_effect", "ideal_effect", "weight_effect",
           "no_effect_reason")  # fmt: skip
_SHARE = ("parcel_code", "uscc", "enterprise_name", "share", "share_basis", "matched_by", "tenure")


def compact(opened: Opened, sources: Sources) -> dict[str, Any]:
    """Return what the page of a result shows; texts are raw, `embed` makes them safe."""
    codes = sorted({c["indicator_code"] for u in opened.units for c in u["components"]})
    files = sorted({_file(r) for rows in sources.rows.values() for r in rows})
    place = {code: n for n, code in enumerate(codes)}
    held = {(r["indicator_code"], r["ideal_value"]): n for n, r in enumerate(opened.ideals)}
    at = {file: n for n, file in enumerate(files)}
    return {
        "scale": opened.scale,
        "reasons": words.REASONS | words.NOT_REACHED | words.NO_EFFECT,
        "hangs_on": words.HANGS_ON,
        "indicators": [_indicator(opened, code) for code in codes],
        "ideals": [[r["source"], r["illustrative"]] for r in opened.ideals],
        "weights": _weights(opened),
        "marked": _marked(opened, place),
        "medians": {g: {place[c]: v for c, v in m.items() if c in place} for g, m in opened.medians.items()},
        "peers": {code: _peer(row) for code, row in opened.peers.items()},
        "files": [[words.word(dataset, words.DATASETS), name, sha] for dataset, name, sha in files],
        "missing": sources.missing,
        "units": [
            _unit(opened, u, place, held)
            | {
                "f": [
                    [at[_file(r)], r["count"], r["numbers"], r["later"]] for r in sources.rows.get(u["unit_code"], [])
                ]
            }
            for u in opened.units
        ],
    }


def embed(content: dict[str, Any]) -> Markup:
    """Return the document as JSON that stands safely in a script element: no text in it can end the element."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 nothing in it can end the element


def _file(row: Row) -> tuple[str, str, str]:
    return row["dataset"], row["file_name"], row["file_sha256"]


def _indicator(opened: Opened, code: str) -> Row:
    """Names, formula and units of an indicator, or the name of an adjustment."""
    row = opened.indicators.get(code, {})
    rule = opened.points(code)
    unit = row.get("unit") or ""
    return {
        "code": code,
        "name": row.get("name_zh") or rule.get("name_zh") or code,
        "name_en": row.get("name_en"),
        "unit": "" if unit == "1" else unit,
        "parts": row.get("parts") or (unit.split("/") if unit.count("/") == 1 else ["", ""]),
        "formula": row.get("formula_zh"),
        "formula_en": row.get("formula_en"),
        "illustrative": bool(rule.get("illustrative")),
    }


def _weights(opened: Opened) -> dict[str, list[Row]]:
    result: dict[str, list[Row]] = {}
    for row in methods(opened):
        kept = {k: row[k] for k in ("parameters", "illustrative", "source")}
        result.setdefault(row["group_code"], []).append({"method": words.word(row["method"], words.METHODS)} | kept)
    return result


def _marked(opened: Opened, place: dict[str, int]) -> dict[str, list[int]]:
    """Indicators whose weight is illustrative, by group of weights."""
    result: dict[str, list[int]] = {}
    for row in opened.weights:
        if row["illustrative"] and row["indicator_code"] in place:
            result.setdefault(row["group_code"], []).append(place[row["indicator_code"]])
    return result


def _peer(row: Row) -> list[Any]:
    return [row["unit_name"], row["rank_in_group"], _number(row["score"]), row["grade"], row["grade_name_zh"]]


def _unit(opened: Opened, unit: Row, place: dict[str, int], held: dict[tuple[str, float], int]) -> Row:
    parts = [c["contribution"] for c in unit["components"] if c["contribution"] is not None]
    total = math.fsum(parts) if parts else None
    following = next((c for c in unit["components"] if c["next_grade"]), {})
    result = {
        "c": unit["unit_code"],
        "n": unit["unit_name"],
        "s": _number(unit["score"]),
        "g": unit["grade"],
        "gn": unit["grade_name_zh"],
        "r": [unit["rank_in_city"], unit["rank_in_district"], unit["rank_in_group"], unit["group_size"]],
        "q": unit["group_code"],
        "no": _rule(opened, "not_rated", unit["not_rated_reason"]),
        "v": _rule(opened, "veto", unit["veto_code"]),
        "t": _number(total),
        "x": [following["next_grade"], _number(following["needed_score"])] if following else None,
        "w": unit["weight_group"],
        "k": [
            [place[c["indicator_code"]], held.get((c["indicator_code"], c["ideal_value"])), *_values(c, _COMPONENT)]
            for c in unit["components"]
        ],
        "st": _values(unit["stability"], _STABILITY) if unit["stability"] else None,
        "ch": _values(unit["change"], _CHANGE) if unit["change"] else None,
        "m": [_values(m, ("name_zh", "department", "reason", "illustrative")) for m in unit["measures"]],
        "p": unit["near"],
        "sh": [_values(s, _SHARE) for s in unit["shares"]],
        "sn": unit["share_count"],
    }
    return {key: value for key, value in result.items() if value not in (None, []) or key == "s"}


def _rule(opened: Opened, kind: str, code: str | None) -> list[Any] | None:
    """Return code, name and whether it is illustrative."""
    if not code:
        return None
    row = opened.rules.get((kind, code), {})
    return [code, row.get("name_zh") or words.REASONS.get(code), bool(row.get("illustrative"))]


def _values(row: Row, names: tuple[str, ...]) -> list[Any]:
    return [_number(row[name]) for name in names]


def _number(value: Any) -> Any:
    """Whole numbers without their point, which says nothing; all else as it is. A figure is never infinite."""
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    return value
