"""Mutations of mapping.yml and city.yml: a sentence and exit 2, or a run; never anything else."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

import yaml

from . import byte_mutations, formats
from .cases import Case
from .tables import YEAR, good

_SOURCE = "raw/lots.csv"
_MAPPING: list[dict[str, Any]] = [
    {
        "files": "raw/lots*.csv",
        "year": YEAR,
        "encoding": "utf-8",
        "delimiter": ",",
        "header_row": 1,
        "supersedes": ["raw/older.csv"],
        "datasets": {
            "parcels": {
                "crs": "EPSG:4547",
                "where": "宗地面积 <> '0'",
                "columns": {
                    "parcel_code": {"column": "宗地代码"},
                    "district_code": {"column": "行政区代码", "codes": {"1": "440112"}, "default": "440112"},
                    "land_use_code": {"constant": "M1"},
                    "site_area_m2": {"column": "宗地面积", "unit": "m2"},
                    "parcel_name": {"columns": ["宗地名称", "产业区块代码"], "separator": "-"},
                    "supply_date": "供应日期",
                },
            },
            "buildings": {
                "columns": {
                    "building_code": {"column": "宗地代码", "prefix": "B", "suffix": "-1"},
                    "parcel_code": "宗地代码",
                    "building_use": {"constant": "生产"},
                    "floor_area_m2": {"column": "绿地面积", "unit": "m2"},
                }
            },
        },
    }
]
_CITY: dict[str, Any] = {
    "city_code": "440100",
    "name_zh": "广州市",
    "parcel_code_pattern": r"^\d{12}[GJZ][A-HSXWY]\d{5}$",
    "enterprise_code_pattern": "^[0-9A-Z]{18}$",
    "projected_crs": "EPSG:4547",
    "extent": [112.9, 22.4, 114.1, 24.0],
    "districts": "districts.csv",
    "land_use": [{"code": "M1", "name_zh": "一类工业用地", "is_industrial": True}],
    "area_tolerance": {"warn": 0.05, "error": 0.2},
    "gate": {"tolerated_share": 0.05, "stop_share": 0.5},
    "schemes": ["gz_performance"],
    "checks": [
        {
            "code": "odd",
            "dataset": "parcels",
            "when": "宗地面积 = '0'",
            "message_zh": "面积为零",
            "message_en": "no area",
        }
    ],
}
_DISTRICTS = "code,name_zh,valid_from_year,valid_to_year,successor_code\n440112,黄埔区,1949,,\n"
_BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [{','.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
_TEXTS = (
    "", "\0", "- ", "[]", "{}", "null", "---\n---\n", "!!python/object/apply:os.system ['touch /tmp/escaped']",
    _BOMB, "[" * 3000, "{a: " * 3000, "a" * 100_000, "? [a, b] : c", "&x *x", "<<: 1", "2024-02-30", "a: b: c", "\t- a",
    "files: raw/*", "- files: raw/*", "- {files: '**', datasets: {parcels: {}}}", "%YAML 9.9\n---\na: 1", "\x85\u2028",
    "- {files: 'raw/*', year: 2024, datasets: {parcels: {columns: {parcel_code: *a}}}}", "1e999", "~: ~",
    "x: 0o99999999999",
)  # fmt: skip
_VALUES: tuple[Any, ...] = (
    None, "", [], {}, 0, -1, 2**70, 1e308, float("inf"), float("nan"), True, "x" * 900, "nonsense", "'", '"', ";",
    "\n", "\0",
    "1; drop table ledger.load", "'; drop table ledger.load; --", "1 = 1) or (1 = 1", "(", "select 1",
    "宗地面积 / 0 > 1",
    "cast(宗地代码 as double) > 0", "nothing > 1", "row_no > 2", "[", "(?<=a)b", "^(a+)+$", "*", "**/*", "../x",
    "/etc/passwd",
    "EPSG:0", "EPSG:4326", "EPSG:99999999", "utf-99", "utf-16", "rot13", "hex", "ft2", "kg", "亩", "%", 2024,
    "二〇二四", [1, 2],
    {"column": "宗地代码"}, {"column": "没有"}, {"constant": None}, {"within": "parcels"}, {"codes": {}}, [[[[]]]],
    ["a"] * 50,
    {"column": "宗地面积", "unit": "ft2"}, {1: 2}, "2024-01-01", "\ufeff", "😀", "parcels", "=1+1",
)  # fmt: skip


def generate(seed: int, number: int, slot: int) -> Case:
    """Return a case whose files are a landing area's mapping.yml and city.yml, one of them mutated."""
    rng = Random(f"{seed}/config/{number}")
    which = rng.choice(("mapping.yml", "mapping.yml", "city.yml"))
    document = copy.deepcopy(_MAPPING if which == "mapping.yml" else _CITY)
    kind = rng.choices(("node", "nodes", "bytes", "text"), (6, 3, 3, 1))[0]
    text = _yaml(_changed(document, rng, 1 if kind == "node" else 4 if kind == "nodes" else 0))
    content = text.encode("utf-8", "surrogatepass")
    if kind == "bytes":
        name = rng.choice(sorted(byte_mutations.MUTATIONS))
        content, kind = byte_mutations.MUTATIONS[name][0](content, rng), f"bytes: {name}"
    elif kind == "text":
        content = rng.choice(_TEXTS).encode("utf-8", "surrogatepass")
    files = _landing(slot) | {which.encode(): content}
    return Case(number, which, f"config: {kind}", "parcels", which.encode(), files)


def _landing(slot: int) -> dict[bytes, bytes]:
    table = formats.csv_text(good("parcels", slot))
    files = {_SOURCE: table, "mapping.yml": _yaml(_MAPPING), "city.yml": _yaml(_CITY), "districts.csv": _DISTRICTS}
    return {name.encode(): content.encode() for name, content in files.items()}


def _yaml(document: Any) -> str:
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False)


def _changed(document: Any, rng: Random, times: int) -> Any:
    """Change that many nodes anywhere in the document: other values, missing, renamed or additional keys."""
    for _ in range(times):
        nodes = list(_nodes(document))
        holder, key = rng.choice(nodes)
        if isinstance(holder, list):
            holder[key] = rng.choice(_VALUES)
            continue
        match rng.choices(("value", "missing", "renamed", "more"), (6, 2, 1, 1))[0]:
            case "value":
                holder[key] = rng.choice(_VALUES)
            case "missing":
                del holder[key]
            case "renamed":
                holder[str(rng.choice(_VALUES))] = holder.pop(key)
            case "more":
                holder[str(rng.choice(_VALUES))] = rng.choice(_VALUES)
        if not document:
            return document
    return document


def _nodes(node: Any) -> Any:
    pairs = list(node.items()) if isinstance(node, dict) else list(enumerate(node))
    for key, value in pairs:
        yield node, key
        if isinstance(value, dict | list) and value:
            yield from _nodes(value)
