"""The gate between ingestion and the marts: pass, warn, complain or stop."""

from __future__ import annotations

from collections.abc import Sequence

from expectations import engine, record, shares, suites
from expectations.checks import Outcome
from expectations.contract import read_contracts
from expectations.limits import read_limits
from expectations.shares import Limits, RuleShare, Share
from landgauge import log
from landgauge.errors import GateStopped, StageFailed
from landgauge.settings import Settings, StageResult
from warehouse import db

_LOG = log.get("check")


def check(settings: Settings) -> StageResult:
    """Hold what the year reads against its expectations; record them in `run.gate` and as Data Docs.

    Returns the number of expectations and of those not met, with a complaint for each dataset whose quarantined
    share is above the tolerated one, and for each rule broken by more than its own share. Raises GateStopped when no
    parcel row was accepted or a dataset's quarantined share, files rejected whole left out, is above the stop share;
    ConfigurationError when the profile names a rule that there is not; StageFailed when nothing was ingested.
    """
    contracts, limits = read_contracts(), read_limits()
    _require_warehouse(settings)
    with db.connect(settings) as con:
        allowed = shares.read_limits(con)
        shares.require_known(allowed, contracts)
        read = shares.read_shares(con, settings.year, contracts)
        rules = shares.read_rule_shares(con, settings.year, contracts, read, allowed)
        batches = suites.build(con, settings.year, contracts, read, allowed, limits)
        outcomes = engine.validate(batches, settings)
        record.replace(con, settings.year, outcomes)
    _report(outcomes)
    stopped = stops(outcomes, read, allowed, settings.year)
    if stopped:
        raise GateStopped(" ".join(stopped), _advice(settings))
    not_met = sum(not outcome.success for outcome in outcomes)
    found = (*complaints(outcomes, read, allowed), *rule_complaints(outcomes, rules))
    return StageResult({"expectations": len(outcomes), "not_met": not_met}, found)


def stops(outcomes: Sequence[Outcome], read: Sequence[Share], allowed: Limits, year: int) -> tuple[str, ...]:
    """Return why the run must stop, a sentence in Chinese and English for each reason; empty when it goes on."""
    failed = _failed(outcomes)
    found = []
    if suites.PARCELS in failed:
        found.append(
            f"{year} 年没有一行宗地通过检查,无法评估。(No parcel row of {year} was accepted: nothing can be evaluated.)"
        )
    for share in read:
        if suites.stop_name(share.dataset) in failed:
            found.append(
                f"{share.name_zh}({share.dataset}):{share.stop_rows} 行中有 {share.quarantined} 行被隔离,"
                f"占 {_percent(share.stop_share)},超过停止界限 {_percent(allowed.stop)}。"
                f"({share.dataset}: {share.quarantined} of {share.stop_rows} rows are quarantined, "
                f"{_percent(share.stop_share)}, above the stop limit of {_percent(allowed.stop)}.)"
            )
    return tuple(found)


def complaints(outcomes: Sequence[Outcome], read: Sequence[Share], allowed: Limits) -> tuple[str, ...]:
    """Return a complaint for each dataset above the tolerated share; the year is published all the same."""
    failed = _failed(outcomes)
    return tuple(_complaint(s, allowed) for s in read if suites.tolerated_name(s.dataset) in failed)


def rule_complaints(outcomes: Sequence[Outcome], rules: Sequence[RuleShare]) -> tuple[str, ...]:
    """Return a complaint for each rule that is broken by more than its own tolerated share of a dataset's rows."""
    failed = _failed(outcomes)
    return tuple(
        f"{rule.name_zh}({rule.dataset}):{rule.rows} 行中有 {rule.broken} 行未通过规则 {rule.rule},占 "
        f"{_percent(rule.share)},超过该规则容许的 {_percent(rule.tolerated)}。"
        f"({rule.dataset}: {rule.broken} of {rule.rows} rows break {rule.rule}, {_percent(rule.share)}, "
        f"above the {_percent(rule.tolerated)} tolerated for it.)"
        for rule in rules
        if suites.rule_name(rule) in failed
    )


def _complaint(share: Share, allowed: Limits) -> str:
    bad = share.quarantined + share.rejected
    files_zh = f",其中 {share.rejected_files} 份文件整份退回" if share.rejected else ""
    files_en = f", {share.rejected_files} file(s) rejected whole" if share.rejected else ""
    return (
        f"{share.name_zh}({share.dataset}):{share.complaint_rows} 行中有 {bad} 行被隔离,占 "
        f"{_percent(share.complaint_share)},超过容许的 {_percent(allowed.tolerated)}{files_zh}。"
        f"({share.dataset}: {bad} of {share.complaint_rows} rows are quarantined, {_percent(share.complaint_share)}, "
        f"above the tolerated {_percent(allowed.tolerated)}{files_en}.)"
    )


def _failed(outcomes: Sequence[Outcome]) -> set[str]:
    return {outcome.expectation for outcome in outcomes if outcome.suite == "gate" and not outcome.success}


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.4g} %"


def _require_warehouse(settings: Settings) -> None:
    if not settings.database.is_file():
        raise StageFailed(
            f"{settings.warehouse} 中还没有入库数据 (nothing was ingested into this warehouse)",
            "Run `landgauge ingest` for this year first.",
        )


def _report(outcomes: Sequence[Outcome]) -> None:
    """Name what was not met, except what a complaint or the stop says in its own words."""
    for outcome in outcomes:
        if not outcome.success and outcome.suite != "gate":
            _LOG.warning("%s.%s: %s: %s", outcome.suite, outcome.expectation, outcome.message_zh, outcome.observed)


def _advice(settings: Settings) -> str:
    docs = settings.warehouse / "data_docs" / str(settings.year) / "index.html"
    return (
        "按隔离清单(quarantine.finding)更正后重新提交文件,再运行一次;什么也没有发布。"
        f"(Correct the rows listed in quarantine.finding, hand the files in again and repeat; nothing was published. "
        f"Data Docs: {docs})"
    )
