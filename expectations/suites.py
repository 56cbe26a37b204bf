"""The suites of a year: what is expected, held against which frame. Order and names are those of `run.gate`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import duckdb
import pandas as pd

from expectations import frames, industries, profiles, shares, telling
from expectations.checks import Batch, Check, between, figure
from expectations.contract import Contract
from expectations.limits import Bound, Limits
from expectations.profiles import Profile
from expectations.rules import key_check, row_rules
from expectations.shares import RuleShare, Share

PARCELS = "accepted_rows:parcels"


def stop_name(dataset: str) -> str:
    """Return the name of the expectation that stops the run when a dataset's quarantined share is too high."""
    return f"stop_share:{dataset}"


def tolerated_name(dataset: str) -> str:
    """Return the name of the expectation whose failure is a complaint about a dataset."""
    return f"tolerated_share:{dataset}"


def rule_name(share: RuleShare) -> str:
    """Return the name of the expectation whose failure is a complaint about one rule in a dataset."""
    return f"tolerated_rule:{share.dataset}:{share.rule}"


def build(
    con: duckdb.DuckDBPyConnection,
    year: int,
    contracts: Mapping[str, Contract],
    read: tuple[Share, ...],
    allowed: shares.Limits,
    limits: Limits,
) -> list[Batch]:
    """Return the batches of a year: the gate itself, then the figures, then the rows of small datasets.

    A suite whose figures do not exist (no year before, a dataset not loaded) is left out rather than passed.
    """
    found = profiles.read_profiles(con, year, contracts, limits)
    names = telling.read_names(con, year, contracts)
    rules = shares.read_rule_shares(con, year, contracts, read, allowed)
    batches = [
        gate_batch(read, allowed, _accepted(found, "parcels"), rules),
        replace(dataset_batch(found, limits), tell=telling.datasets(names)),
        replace(column_batch(found, limits), tell=telling.columns(names)),
        replace(district_batch(con, year, found, limits), tell=telling.districts(names)),
        replace(
            industry_batch(industries.industry_frame(con, year, found, limits), limits), tell=telling.industries(names)
        ),
        replace(
            quarantine_batch(frames.quarantine_frame(con, year, read, contracts, limits), limits),
            tell=telling.rules(names),
        ),
        distribution_batch(found, limits),
        rule_batch(found),
        *(row_batch(con, year, profile, limits) for profile in found.values() if not profile.large),
    ]
    return [batch for batch in batches if batch.checks]


def gate_batch(read: Sequence[Share], allowed: shares.Limits, parcels: int, rules: Sequence[RuleShare] = ()) -> Batch:
    """Return the conditions that stop the run, and those that make it complain: one row, one column a condition."""
    values: dict[str, float] = {PARCELS: float(parcels)}
    text = ("本年度至少有一行宗地通过入库检查", "At least one parcel row of the year was accepted")
    checks = [figure(PARCELS, 1, None, text, "stop")]
    for share in read:
        if share.stop_share is not None:
            values[stop_name(share.dataset)] = share.stop_share
            checks.append(_stop(share, allowed.stop))
        if share.complaint_share is not None:
            values[tolerated_name(share.dataset)] = share.complaint_share
            checks.append(_tolerated(share, allowed.tolerated))
    for rule in rules:
        values[rule_name(rule)] = rule.share
        checks.append(_tolerated_rule(rule))
    return Batch("gate", pd.DataFrame([values]), (), tuple(checks))


def _stop(share: Share, limit: float) -> Check:
    text = (
        f"{share.name_zh}的隔离行占比(整份退回的文件除外)不超过停止界限 {limit:.6g}",
        f"Quarantined share of {share.dataset}, files rejected whole left out, is at most {limit:.6g}",
    )
    return figure(stop_name(share.dataset), None, limit, text, "stop")


def _tolerated(share: Share, limit: float) -> Check:
    text = (
        f"{share.name_zh}的隔离行占比不超过容许界限 {limit:.6g}",
        f"Quarantined share of {share.dataset} is at most {limit:.6g}",
    )
    return figure(tolerated_name(share.dataset), None, limit, text)


def _tolerated_rule(rule: RuleShare) -> Check:
    text = (
        f"{rule.name_zh}中未通过规则 {rule.rule} 的行占比不超过该规则的容许界限 {rule.tolerated:.6g}",
        f"Share of {rule.dataset} rows that break {rule.rule} is at most {rule.tolerated:.6g}",
    )
    return figure(rule_name(rule), None, rule.tolerated, text)


def dataset_batch(found: Mapping[str, Profile], limits: Limits) -> Batch:
    """Return the expectation on row counts against last year's."""
    frame = frames.dataset_frame(found)
    text = ("各数据集行数与上年相比没有突变", "No dataset's row count jumps against last year")
    checks = _bounded(frame, [("rows_ratio", limits.history.rows_ratio, text)])
    return Batch("datasets", frame, ("dataset",), checks)


def column_batch(found: Mapping[str, Profile], limits: Limits) -> Batch:
    """Return the expectations on columns: not empty where handed in, and no jump against last year."""
    frame, history = frames.column_frame(found, limits), limits.history
    wanted = [
        ("null_share_rise", history.null_share_rise, ("空值占比没有突增", "No column loses values against last year")),
        ("zero_share_rise", history.zero_share_rise, ("零值占比没有突增", "No column gains zeros against last year")),
        ("total_ratio", history.total_ratio, ("合计与上年相比没有突变", "No column's total jumps against last year")),
        (
            "median_ratio",
            history.median_ratio,
            ("中位数与上年相比没有突变", "No column's median jumps against last year"),
        ),
    ]
    text = ("文件中出现的列至少有一个值", "A column that stands in a file has at least one value")
    filled = Check(
        "delivered_filled_share",
        "ExpectColumnValuesToBeBetween",
        {"column": "delivered_filled_share", "min_value": 0, "strict_min": True},
        *text,
    )
    checks = (filled,) if _has_values(frame, "delivered_filled_share") else ()
    return Batch("columns", frame, ("dataset", "column"), (*checks, *_bounded(frame, wanted)))


def district_batch(con: duckdb.DuckDBPyConnection, year: int, found: Mapping[str, Profile], limits: Limits) -> Batch:
    """Return the expectations on districts: each hands in parcels, and none jumps against last year."""
    valid, following = profiles.valid_districts(con, year), profiles.successors(con, year)
    frame = frames.district_frame(found, limits, valid, following)
    text = ("各区行数与合计同上年相比没有突变", "No district's rows or totals jump against last year")
    checks = list(_bounded(frame, [("ratio", limits.history.district_ratio, text)]))
    if _has_values(frame, "parcel_rows"):
        text = ("本年度有效的各区都有宗地入库", "Every district that is valid in the year has accepted parcels")
        checks.append(between("parcel_rows", "parcel_rows", 1, None, text))
    return Batch("districts", frame, ("dataset", "district_code", "figure"), tuple(checks))


def industry_batch(frame: pd.DataFrame, limits: Limits) -> Batch:
    """Return the expectations on the medians of industries: within their bounds, and no jump against last year."""
    checks = []
    for number, figures in enumerate(limits.industries.figures):
        column = f"median_{number}"
        text = (
            f"各行业{figures.name_zh}的中位数在界限内",
            f"Median {figures.name} of each industry lies in its bounds",
        )
        if _has_values(frame, column):
            check = between(figures.name, column, figures.low, figures.high, _explained(text, figures))
            checks.append(check)
    text = ("各行业中位数与上年相比没有突变", "No industry's median jumps against last year")
    checks += _bounded(frame, [("median_ratio", limits.industries.median_ratio, text)])
    return Batch("industries", frame, ("industry_edition", "division", "figure"), tuple(checks))


def quarantine_batch(frame: pd.DataFrame, limits: Limits) -> Batch:
    """Return the expectations on rules: none strikes so many rows that the source itself must be at fault."""
    wanted = [
        (
            "error_share",
            limits.quarantine.rule_share,
            ("单条规则隔离的行不集中", "No single rule quarantines many rows"),
        ),
        (
            "error_share_rise",
            limits.quarantine.rule_share_rise,
            ("单条规则隔离的行占比没有比上年突增", "No single rule quarantines many more rows than last year"),
        ),
        (
            "warning_share",
            limits.quarantine.warning_share,
            ("单条提示涉及的行不集中", "No single warning strikes many rows"),
        ),
    ]
    return Batch("quarantine", frame, ("dataset", "rule_code"), _bounded(frame, wanted))


def distribution_batch(found: Mapping[str, Profile], limits: Limits) -> Batch:
    """Return the named figures of the whole city, each with its own bounds and reason: one row, one column a figure."""
    values = frames.metric_values(found, limits)
    own = {f"total_ratio:{b.dataset}.{b.column}": b for b in limits.history.own_total_ratio}
    bounds: dict[str, Bound] = {r.name: r for r in limits.ratios} | {q.name: q for q in limits.quantiles} | own
    checks = tuple(
        figure(name, bounds[name].low, bounds[name].high, _explained((name, name), bounds[name])) for name in values
    )
    return Batch("distribution", pd.DataFrame([values]), (), checks)


def rule_batch(found: Mapping[str, Profile]) -> Batch:
    """Return the expectation that no accepted row of a large dataset breaks its contract."""
    frame = frames.rule_frame(found)
    text = ("通过入库检查的行符合数据契约", "No accepted row breaks the source contract")
    checks = (between("broken", "broken", None, 0, text),) if _has_values(frame, "broken") else ()
    return Batch("rules", frame, ("dataset", "rule"), checks)


def row_batch(con: duckdb.DuckDBPyConnection, year: int, profile: Profile, limits: Limits) -> Batch:
    """Return the contract's own rules on the accepted rows of a small dataset."""
    contract = profile.contract
    columns = ["data_year", *(c.name for c in profile.columns if c.type != "geometry")]
    selected = ", ".join(f'"{name}"' for name in columns)
    frame = con.execute(
        f"select {selected} from accepted.{contract.dataset} "
        f"where {profiles.rows_sql(contract, year, limits)} order by load_id, row_no"
    ).df()
    present = set(columns)
    checks = [rule.check for rule in row_rules(contract) if rule.columns <= present]
    checks += [key_check(contract)] if present >= set(contract.key) else []
    return Batch(f"rows_{contract.dataset}", frame, tuple(dict.fromkeys(["data_year", *contract.key])), tuple(checks))


def _bounded(frame: pd.DataFrame, wanted: Sequence[tuple[str, Bound, tuple[str, str]]]) -> tuple[Check, ...]:
    """Expectations on columns of a frame; a column without a single value is left out, not passed."""
    return tuple(
        between(column, column, bound.low, bound.high, _explained(text, bound))
        for column, bound, text in wanted
        if _has_values(frame, column)
    )


def _explained(text: tuple[str, str], bound: Bound) -> tuple[str, str]:
    low, high = ("-" if value is None else f"{value:.6g}" for value in (bound.low, bound.high))
    mark_zh, mark_en = ("(示例值)", " (illustrative)") if bound.illustrative else ("", "")
    return (
        f"{text[0]}:界限 {low} 至 {high}{mark_zh},{bound.since} 起",
        f"{text[1]}: {low} to {high}{mark_en} since {bound.since}. {bound.reason} [{bound.source}]",
    )


def _has_values(frame: pd.DataFrame, column: str) -> bool:
    return column in frame and bool(frame[column].notna().any())


def _accepted(found: Mapping[str, Profile], dataset: str) -> int:
    return int(found[dataset].sum(profiles.THIS, "rows")) if dataset in found else 0
