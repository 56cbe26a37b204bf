"""What the shipped schemes are: held against their rules, shown, and compared version by version, as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from landgauge import policy, yaml_file
from landgauge.errors import ConfigurationError
from landgauge.settings import DBT_PROJECT, POLICY
from scoring import scheme_reading, scheme_versions, units
from scoring.deriving import rule as weighting
from scoring.scheme import BONUS, Columns, DistrictWeight, Grade, IdealValue, IndicatorRule, Limit, Rule, Scheme
from scoring.scheme_cells import PLACE, SchemeError
from scoring.scheme_columns import SEEDS, placed

Rows = Mapping[str, list[dict[str, str]]]

KEYS = {  # what names a row within a version
    "scheme": (),
    "scheme_scale": ("scale",),
    "scheme_indicator": ("scale", "indicator_code"),
    "scheme_ideal_value": ("scale", "indicator_code", "scope_column", "scope_code"),
    "scheme_grade": ("scale", "grade"),
    "scheme_ratio": ("scale", "indicator_code"),
    "scheme_adjustment": ("scale", "adjustment_code"),
    "scheme_veto": ("scale", "veto_code"),
    "scheme_not_rated": ("scale", "not_rated_reason"),
    "scheme_adjustment_limit": ("scale", "limit_code"),
    "scheme_district_weight": ("scale", "district_code", "indicator_code"),
}
_SOURCES = dict.fromkeys(("scheme_indicator", "scheme_district_weight"), "weight_source") | dict.fromkeys(
    (
        *("scheme_ideal_value", "scheme_grade", "scheme_ratio", "scheme_adjustment", "scheme_adjustment_limit"),
        *("scheme_veto", "scheme_not_rated"),
    ),
    "source",
)
_ADVICE = "Correct the lines named in seeds/policy/scheme*.csv; docs/schemes.md says what each column means."


def check(folder: Path = POLICY) -> str:
    """Return a sentence that every scheme in a folder of seeds can be scored with.

    Raises ConfigurationError with one line for each fault, which names the seed file and the line in it.
    """
    seeds = _seeds(folder)
    if not seeds["scheme"]:
        raise ConfigurationError("seeds/policy/scheme.csv has no row, so there is no scheme", _ADVICE)
    faults = sorted({*_faults(seeds, _directions(folder), folder), *_measures(seeds, folder)})
    if faults:
        raise ConfigurationError("\n".join(faults), _ADVICE)
    codes = {row["scheme_code"] for row in seeds["scheme"]}
    return f"{len(codes)} schemes in {len(seeds['scheme'])} versions can be scored with.\n"


def show(code: str, year: int, folder: Path = POLICY) -> str:
    """Return the version of a scheme for the year: rules, indicators, ideal values, adjustments, grades, sources.

    Raises ConfigurationError for a scheme that is unknown, has no version for the year or cannot be scored with.
    """
    try:
        seeds = _seeds(folder)
        version = scheme_versions.version_of(seeds["scheme"], code, year)
        found = [
            scheme_reading.build(seeds, version, s, _directions(folder), _columns())
            for s in scheme_versions.scales(version)
        ]
    except SchemeError as error:
        raise ConfigurationError(str(error), _ADVICE) from error
    head = [f"{code} {version['scheme_version']} {version['name_zh']}{_mark(version['illustrative'] == 'true')}"]
    head += [f"依据: {version['document']}", f"批准: {version['approved_by'] or '未批准'}", f"说明: {version['note']}"]
    return "\n".join([*head, *(line for scheme in found for line in _shown(scheme))]) + "\n"


def diff(code: str, before: str, after: str, folder: Path = POLICY) -> str:
    """Return what differs between two versions of a scheme, a line for each cell, row added or row taken out.

    Raises ConfigurationError for a scheme or a version that is not there.
    """
    seeds = {name: policy.rows(name, folder) for name in SEEDS}
    versions = [r["scheme_version"] for r in seeds["scheme"] if r["scheme_code"] == code]
    for version in (before, after):
        if version not in versions:
            shipped = ", ".join(versions) or "none"
            raise ConfigurationError(f"scheme {code!r} has no version {version!r}; its versions: {shipped}", _ADVICE)
    lines = [line for name in SEEDS for line in _differences(name, seeds[name], code, before, after)]
    return "".join(f"{line}\n" for line in lines) or f"{code}: versions {before} and {after} are the same.\n"


def _seeds(folder: Path) -> dict[str, list[dict[str, str]]]:
    try:
        return placed({name: policy.rows(name, folder) for name in SEEDS})
    except SchemeError as error:
        raise ConfigurationError(str(error), _ADVICE) from error


def _directions(folder: Path) -> dict[str, str]:
    return {row["indicator_code"]: row["direction"] for row in policy.rows("indicator", folder)}


def _columns() -> dict[str, Columns]:
    """The columns of each scale, as the contracts of the marts have them."""
    contracts: dict[str, set[str]] = {}
    for path in sorted((DBT_PROJECT / "models" / "marts").glob("*/*.yml")):
        for model in (yaml_file.read(path, path.name) or {}).get("models", ()):
            contracts.setdefault(model["name"], set()).update(c["name"] for c in model.get("columns", ()))
    return units.known(contracts.__getitem__)


def _faults(seeds: Rows, directions: Mapping[str, str], folder: Path) -> Iterator[str]:
    columns = _columns()
    beside = {name: policy.rows(name, folder) for name in weighting.SEEDS}
    for code in sorted({row["scheme_code"] for row in seeds["scheme"]}):
        try:
            scheme_versions.check_validity([r for r in seeds["scheme"] if r["scheme_code"] == code])
        except SchemeError as error:
            yield str(error)
    for version in seeds["scheme"]:
        if not scheme_versions.scales(version):
            yield f"{version[PLACE]}: scheme {version['scheme_code']} names no scale"
        for scale in scheme_versions.scales(version):
            try:
                _check_weighting(beside, scheme_reading.build(seeds, version, scale, directions, columns))
            except SchemeError as error:
                yield str(error)
    yield from _strays(seeds)
    yield from _without_source(seeds)


def _check_weighting(seeds: Rows, scheme: Scheme) -> None:
    """Raise SchemeError for a rule of scheme_weighting, or for judgements, that give no weights."""
    rule = weighting.rule_of(seeds, scheme)
    if rule is not None and scheme.district_weights:
        name = f"scheme_weighting: scheme {scheme.code} {scheme.version}, scale {scheme.scale}"
        raise SchemeError(f"{name}: scheme_district_weight gives weights too; only one of them can")
    if rule is not None and rule.judged:
        weighting.judged_weights(seeds, scheme, rule)


def _measures(seeds: Rows, folder: Path) -> Iterator[str]:
    """Measures that follow from a grade which the scheme does not have."""
    columns = ("scheme_code", "scheme_version", "scale", "grade")
    there = {tuple(row[c] for c in columns) for row in seeds["scheme_grade"]}
    for line, row in enumerate(policy.rows("scheme_measure", folder), 2):
        key = tuple(row[c] for c in columns)
        if key not in there:
            yield f"seeds/policy/scheme_measure.csv line {line}: seed scheme_grade has no {' '.join(key)}"


def _strays(seeds: Rows) -> Iterator[str]:
    """Rows that belong to no scheme, version and scale, and rows that stand twice."""
    there = {
        (r["scheme_code"], r["scheme_version"], scale) for r in seeds["scheme"] for scale in scheme_versions.scales(r)
    }
    for name, rows in seeds.items():
        seen: set[tuple[str, ...]] = set()
        for row in rows:
            key = tuple(row[c] for c in ("scheme_code", "scheme_version", *KEYS[name]))
            if key in seen:
                yield f"{row[PLACE]}: {' '.join(filter(None, key))} stands twice"
            seen.add(key)
            if "scale" in row and key[:3] not in there:
                yield f"{row[PLACE]}: seed scheme has no {' '.join(key[:3])}"


def _without_source(seeds: Rows) -> Iterator[str]:
    for name, column in _SOURCES.items():
        for row in seeds[name]:
            if not row[column]:
                yield f"{row[PLACE]}: {column} is missing; say where the value is from, or that nothing gives it"


def _shown(scheme: Scheme) -> Iterator[str]:
    yield f"\n尺度 {scheme.scale}: 分组 {scheme.group_by or '不分组'}, 缺项 {scheme.missing_rule}"
    yield f"  有值权重至少 {scheme.min_present_weight:g}, 满分 {scheme.full_marks:g}, 同分 {scheme.ties}"
    for indicator in scheme.indicators:
        yield _indicator_line(indicator)
        yield from (_ideal_line(i) for i in scheme.ideals if i.indicator_code == indicator.code)
    for title, rules in (("加减分", scheme.adjustments), ("否决", scheme.vetoes), ("不参评", scheme.not_rated)):
        yield from (_rule_line(title, rule) for rule in rules)
    yield from map(_limit_line, scheme.limits)
    yield from map(_weight_line, scheme.district_weights)
    yield from (_grade_line(scheme, grade) for grade in scheme.grades)


def _indicator_line(rule: IndicatorRule) -> str:
    bounds = {"cap": rule.cap, "floor": rule.floor, "low": rule.low, "high": rule.high}
    given = "".join(f", {name} {value:g}" for name, value in bounds.items() if value is not None)
    share = f", floor_share {rule.floor_share:g}" if rule.floor_share else ""
    text = f"{rule.code} 权重 {rule.weight:.6g} ({rule.layer}), {rule.standardisation} {rule.direction}{given}{share}"
    return f"  {text}; {rule.weight_source}{_mark(rule.illustrative)}"


def _ideal_line(ideal: IdealValue) -> str:
    scope = f" {ideal.scope_column}={ideal.scope_code}" if ideal.scope_column else ""
    value = "取自数据" if ideal.value != ideal.value else f"{ideal.value:.10g}"
    return f"    理想值{scope} {value} ({ideal.method}); {ideal.source}{_mark(ideal.illustrative)}"


def _rule_line(title: str, rule: Rule) -> str:
    condition = " ".join(filter(None, (rule.column, rule.operator, rule.threshold)))
    effect = f" {rule.points:+g}分" if rule.points else f" → {rule.grade}" if rule.grade else ""
    return f"  {title} {rule.code} {rule.name_zh}: {condition}{effect}; {rule.source}{_mark(rule.illustrative)}"


def _limit_line(limit: Limit) -> str:
    title = "加分上限" if limit.kind == BONUS else "扣分上限"
    text = f"  {title} {limit.code} {limit.name_zh}: 合计至多 {limit.most_points:g}分"
    return f"{text}; {limit.source}{_mark(limit.illustrative)}"


def _weight_line(own: DistrictWeight) -> str:
    text = f"  县区权重 {own.district_code} {own.indicator_code}: {own.weight:.6g}"
    return f"{text}; {own.source}{_mark(own.illustrative)}"


def _grade_line(scheme: Scheme, grade: Grade) -> str:
    if scheme.grade_rule != "bands":
        return f"  等级 {grade.code} {grade.name_zh}: 名次累计至 {grade.max_share:.0%} ({scheme.grade_rule})"
    return (
        f"  等级 {grade.code} {grade.name_zh}: 得分{f' ≥ {grade.min_score:g}' if grade.min_score > -1e300 else '其余'}"
    )


def _mark(illustrative: bool) -> str:
    return " [示意]" if illustrative else ""


def _differences(name: str, rows: list[dict[str, str]], code: str, before: str, after: str) -> Iterator[str]:
    old, new = (
        {tuple(r[c] for c in KEYS[name]): r for r in rows if (r["scheme_code"], r["scheme_version"]) == (code, version)}
        for version in (before, after)
    )
    for key in dict.fromkeys((*old, *new)):
        what = " ".join((name, *filter(None, key)))
        if key not in new or key not in old:
            yield f"{'+' if key in new else '-'} {what}"
            continue
        for column, value in old[key].items():
            if column != "scheme_version" and new[key][column] != value:
                yield f"~ {what}: {column} {value or '(empty)'} → {new[key][column] or '(empty)'}"
