"""Supervision agreements in every stage, with targets, events, verdicts, self-reports and admission controls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ingestion.synthetic import codes
from ingestion.synthetic.codes import Bytes, Integers
from ingestion.synthetic.firms import Days, Firms, owners
from ingestion.synthetic.land import Flags, Texts, drawn_days, later, main_codes, number, zone_code_rows
from ingestion.synthetic.layout import Floats
from ingestion.synthetic.parameters import EventRule, Target
from ingestion.synthetic.world import Frame, World

_LEAST_AGE_OF_FAILURE = 8
_REACH_YEARS = 5
_FAILED_YEARS = {"passed": 0, "rectified": 1, "three_failed": 3, "repaired": 2, "listed": 2}
_NEVER_PASSED = ("three_failed", "listed")
_COMPENSATION = ["残值补偿", "无偿收回", "恢复原状", "市场评估价"]
_NONE = np.datetime64("NaT", "D")


@dataclass(frozen=True)
class Agreements:
    """One entry an agreement; `folder` is the evaluated year in whose files it stands, `course` how 达产 went."""

    no: Bytes
    slot: Integers
    firm: Integers
    area: Integers
    kind: Texts
    course: Texts
    mode: Texts
    folder: Integers
    interval: Integers
    dates: dict[str, Days]

    def __len__(self) -> int:
        """Return the number of agreements."""
        return len(self.slot)


@dataclass(frozen=True)
class Evaluations:
    """One entry a stage evaluation: the agreement, the stage, its year, and whether it was failed."""

    agreement: Integers
    stage: Texts
    year: Integers
    failed: Flags


def agreements_of(world: World, firms: Firms) -> Agreements:
    """Draw all agreements: each between the city and an owner that stays through all years."""
    p, rng = world.shape.agreements, world.rng("agreements")
    slots, parties = owners(firms)
    keep = np.flatnonzero(world.change[slots] == 0)
    wanted = min(len(keep), max(p.at_least, round(world.call.parcels * p.share_of_parcels)))
    chosen = np.sort(rng.choice(keep, wanted, replace=False))
    slot, firm = slots[chosen], parties[chosen]
    counts = codes.allot(wanted, [k.share for k in p.kinds])
    kind_no = rng.permutation(np.repeat(np.arange(len(p.kinds)), counts))
    low, high = (np.array([k.age[i] for k in p.kinds])[kind_no] for i in (0, 1))
    age = low + rng.integers(0, 1_000_000, wanted) % (high - low + 1)
    signed = drawn_days(rng, 2001, 2001, wanted)
    signed = later(signed, 12 * (world.call.last_year - age - 2001))
    terms = np.array([k.term for k in p.kinds])[kind_no]
    kind = np.array([k.kind for k in p.kinds])[kind_no]
    may_fail = (age >= _LEAST_AGE_OF_FAILURE) & (kind != "expiry")
    return Agreements(
        no=codes.joined(
            "XY-",
            codes.digits(signed.astype("datetime64[Y]").astype(int) + 1970, 4),
            "-",
            codes.digits(np.arange(wanted) + 1, 7),
        ),
        slot=slot,
        firm=firm,
        area=firms.area[firm],
        kind=kind,
        course=np.where(may_fail, codes.choose(rng, p.courses, wanted), "passed"),
        mode=np.array([k.mode for k in p.kinds])[kind_no],
        folder=np.maximum(world.call.last_year - age, world.call.first_year),
        interval=rng.integers(3, 6, wanted),
        dates=_dates(world, signed, terms, kind == "lease"),
    )


def agreement_table(world: World, firms: Firms, deals: Agreements, year: int) -> Frame:
    """Return the agreements in the files of the year: those signed in it, in the first year all older ones."""
    rows = np.flatnonzero(deals.folder == year)
    rng = world.rng("terms")
    factor, luck = rng.uniform(0.8, 1.6, len(deals)), rng.random(len(deals))
    site = np.round(world.layout.areas_m2()[deals.slot], 2)
    granted = np.where(luck < 0.04, site * 0.9, site)[rows]
    day = {name: pa.array(values[rows]) for name, values in deals.dates.items() if name != "evaluated"}
    table = pa.table(
        {
            "agreement_no": codes.text(deals.no[rows]),
            "parcel_code": codes.text(main_codes(world, year)[deals.slot[rows]]),
            "uscc": codes.text(firms.uscc[deals.firm[rows]]),
            **day,
            "supply_mode": pa.array(deals.mode[rows]),
            "process_interval_years": pa.array(deals.interval[rows]),
            "agreed_investment_cny10k": number(granted / 10_000 * 3_000 * factor[rows]),
            "agreed_floor_area_m2": number(granted * factor[rows]),
            "granted_area_m2": number(granted),
            "granted_use": codes.constant("工业用地", len(rows)),
            "start_penalty": codes.constant("每逾期一日按土地出让价款万分之五支付违约金(示例)", len(rows)),
            "completion_penalty": codes.constant("每逾期一日按土地出让价款万分之五支付违约金(示例)", len(rows)),
            "building_compensation": pa.array(np.array(_COMPENSATION)[deals.slot[rows] % len(_COMPENSATION)]),
            "penalty_free_text": codes.constant(world.shape.agreements.tenure_note, len(rows)),
        }
    )
    return Frame(table, deals.area[rows])


def target_table(world: World, deals: Agreements, year: int) -> Frame:
    """Return the targets of the year's agreements: one row an agreement and target, values around the usual."""
    rows = np.flatnonzero(deals.folder == year)
    targets = world.shape.agreements.targets
    ease = world.rng("ease").uniform(0.5, 1.3, len(deals))[rows]
    pieces = [_target_rows(t, deals.no[rows], ease) for t in targets]
    order = np.arange(len(rows) * len(targets)).reshape(len(targets), -1).T.ravel()
    return Frame(pa.concat_tables(pieces).take(pa.array(order)), np.repeat(deals.area[rows], len(targets)))


def evaluations_of(world: World, deals: Agreements) -> Evaluations:
    """Return which stages were evaluated up to the last year; 达产 again each year while it is failed."""
    last = world.call.last_year
    due = {name: years_of(deals.dates[name]) for name in ("completion_due", "capacity_due", "term_end_date")}
    failed_years = np.array([_FAILED_YEARS[str(c)] for c in deals.course])
    never = np.isin(deals.course, _NEVER_PASSED)
    everyone = np.arange(len(deals))
    found = [(everyone, "准入", years_of(deals.dates["signed_date"]), False)]
    found.append((everyone, "开竣工", due["completion_due"], False))
    for again in range(4):
        who = everyone[np.where(never, again < failed_years, again <= failed_years)]
        found.append((who, "达产", due["capacity_due"][who] + again, again < failed_years[who]))
    for period in range(1, 8):
        who = everyone[~never & (deals.kind != "expiry")]
        found.append((who, "过程", due["capacity_due"][who] + failed_years[who] + period * deals.interval[who], False))
    found.append((everyone[deals.kind == "expiry"], "到期", due["term_end_date"][deals.kind == "expiry"] - 1, False))
    parts = [Evaluations(a, np.full(len(a), s), y, np.broadcast_to(f, len(a))) for a, s, y, f in found]
    joined = Evaluations(*(np.concatenate([getattr(p, f) for p in parts]) for f in Evaluations.__dataclass_fields__))
    keep = joined.year <= last
    return Evaluations(*(getattr(joined, f)[keep] for f in Evaluations.__dataclass_fields__))


def verdict_table(world: World, deals: Agreements, held: Evaluations, year: int) -> Frame:
    """Return the departments' verdicts in the files of the year, one row an evaluation and target of its stage."""
    rows, targets = _with_targets(world, deals, held, year)
    failed = held.failed[rows] & np.array([t.indicator.startswith("land_output") for t in targets], dtype=bool)
    lenient = world.rng("lenient", year).random(len(rows)) < 0.03
    verdict = np.where(failed, "不达标", np.where(lenient & ~held.failed[rows], "不适用", "达标"))
    new_year = (held.year[rows] - 1970).astype("datetime64[Y]").astype("datetime64[D]")
    table = pa.table(
        {
            **_evaluation_key(deals, held, rows, targets),
            "department": pa.array([t.department for t in targets], pa.string()),
            "verdict": pa.array(verdict),
            "opinion": pa.array(np.where(failed, "未达到协议约定,限期整改(示例)", "同意(示例)")),
            "verdict_date": pa.array(new_year + 304 + held.agreement[rows] % 28),
        }
    )
    return Frame(table, deals.area[held.agreement[rows]])


def self_report_table(world: World, deals: Agreements, held: Evaluations, year: int) -> Frame:
    """Return the self-reports in the files of the year, of a part of the evaluations, numbers only."""
    rows, targets = _with_targets(world, deals, held, year)
    chance = world.rng("self_reports").random(len(held.agreement))
    keep = (chance[rows] < world.shape.agreements.self_report_share) & np.array(
        [t.value is not None for t in targets], dtype=bool
    )
    rows, targets = rows[keep], [t for t, k in zip(targets, keep, strict=True) if k]
    usual = np.array([t.value for t in targets], dtype=np.float64)
    value = usual * world.rng("self_values", year).uniform(0.6, 1.5, len(rows))
    table = pa.table(
        {
            **_evaluation_key(deals, held, rows, targets),
            "value": number(value, 4),
            "document_no": codes.text(codes.joined("ZP-", codes.digits(rows, 8), rows=len(rows))),
        }
    )
    return Frame(table, deals.area[held.agreement[rows]])


def event_table(world: World, deals: Agreements, year: int) -> Frame:
    """Return the events in the files of the year: those that happened in it, in the first year all older ones."""
    pieces, areas = [], []
    for place, rule in enumerate(world.shape.agreements.events):
        who, day = _happened(world, deals, rule, place)
        keep = _folder(world, years_of(day)) == year
        keep &= deals.folder[who] <= year
        pieces.append(_event_rows(deals, rule, who[keep], day[keep]))
        areas.append(deals.area[who[keep]])
    return Frame(pa.concat_tables(pieces).combine_chunks(), np.concatenate(areas))


def admission_table(world: World, deals: Agreements, year: int) -> Frame:
    """Return the admission controls of the projects of the year, agreed ones and a few that were refused."""
    rows = np.flatnonzero(deals.folder == year)
    targets = [t for t in world.shape.agreements.targets if t.value is not None][:6]
    refused = world.rng("refused", year).random(len(rows)) < 0.1
    serial = np.concatenate([rows, rows[refused]]) + 1
    is_refused = np.arange(len(serial)) >= len(rows)
    every = np.repeat(np.arange(len(serial)), len(targets))
    values = np.tile([t.value for t in targets], len(serial))
    deal = serial[every] - 1
    day = later(deals.dates["signed_date"][deal], -2)
    zone = world.layout.zone[deals.slot[deal]]
    table = pa.table(
        {
            "project_no": codes.text(codes.joined("XM-", codes.digits(serial * 10 + is_refused, 8))[every]),
            "district_code": codes.text(world.district_rows(year)[deals.area[deal]]),
            "zone_code": codes.text(zone_code_rows(world, zone), mask=zone < 0),
            "indicator_code": pa.array(np.tile([t.indicator for t in targets], len(serial))),
            "comparison": pa.array(np.tile([t.comparison for t in targets], len(serial))),
            "control_value": number(values, 4),
            "guide_value": number(values * 0.9, 4),
            "department": pa.array(np.tile([t.department for t in targets], len(serial))),
            "industry_code": pa.array(np.array(["3911", "3670", "2710", "2641"])[deal % 4]),
            "restricted": pa.array(np.where(deal % 17 == 0, "是", "否")),
            "decision": pa.array(np.where(is_refused[every], "不同意准入(示例)", "同意准入(示例)")),
            "decision_date": pa.array(day),
            "agreement_no": codes.text(deals.no[deal], mask=is_refused[every]),
        }
    )
    return Frame(table, deals.area[deal])


def years_of(days: Days) -> Integers:
    """Return the calendar year of each date; 9999 where there is none."""
    years = days.astype("datetime64[Y]").astype(np.int64) + 1970
    return np.where(np.isnat(days), 9999, years)


def _dates(world: World, signed: Days, terms: Integers, leased: Flags) -> dict[str, Days]:
    capacity = later(signed, 12 * _REACH_YEARS)
    sooner = np.arange(len(signed)) % 3 == 0
    lease_end = later(signed, 12 * (world.call.last_year + 1 - sooner - years_of(signed)))
    autumn = (years_of(capacity) - 1970).astype("datetime64[Y]").astype("datetime64[D]") + 305
    return {
        "signed_date": signed,
        "start_due": later(signed, 10),
        "completion_due": later(signed, 34),
        "production_due": later(signed, 42),
        "capacity_due": capacity,
        "term_end_date": later(signed, 12 * terms),
        "lease_end_date": np.where(leased, lease_end, _NONE),
        "evaluated": autumn,
    }


def _target_rows(target: Target, numbers: Bytes, ease: Floats) -> pa.Table:
    count = len(numbers)
    value = np.full(count, np.nan) if target.value is None else target.value * ease
    if target.comparison == "<=":
        value = value / ease**2
    return pa.table(
        {
            "agreement_no": codes.text(numbers),
            "stage": codes.constant(target.stage, count),
            "indicator_code": codes.constant(target.indicator, count),
            "comparison": codes.constant(target.comparison, count),
            "target_value": number(value, 4),
            "target_text": codes.constant(target.text, count),
            "department": codes.constant(target.department, count),
        }
    )


def _folder(world: World, years: Integers) -> Integers:
    """Return in which year's files something stands: its own, but not before the first evaluated year."""
    return np.maximum(years, world.call.first_year)


def _with_targets(world: World, deals: Agreements, held: Evaluations, year: int) -> tuple[Integers, list[Target]]:
    """Return each evaluation of the year's files once for each target of its stage, and that target."""
    here = np.flatnonzero(np.maximum(_folder(world, held.year), deals.folder[held.agreement]) == year)
    pieces, targets = [np.array([], dtype=np.int64)], []
    for target in world.shape.agreements.targets:
        rows = here[held.stage[here] == target.stage]
        pieces.append(rows)
        targets += [target] * len(rows)
    return np.concatenate(pieces), targets


def _evaluation_key(deals: Agreements, held: Evaluations, rows: Integers, targets: list[Target]) -> dict[str, pa.Array]:
    return {
        "agreement_no": codes.text(deals.no[held.agreement[rows]]),
        "stage": pa.array(held.stage[rows].astype(object), pa.string()),
        "evaluation_year": pa.array(held.year[rows]),
        "indicator_code": pa.array([t.indicator for t in targets], pa.string()),
    }


def _happened(world: World, deals: Agreements, rule: EventRule, place: int) -> tuple[Integers, Days]:
    """Return to which agreements the event has happened by the end of the last year, and when."""
    rng = world.rng("events", place)
    luck, months, days = (
        rng.random(len(deals)),
        rng.integers(rule.months[0], rule.months[1] + 1, len(deals)),
        rng.integers(0, 28, len(deals)),
    )
    anchor = deals.dates[rule.anchor]
    day = later(np.where(np.isnat(anchor), np.datetime64("9999-01-01"), anchor), months) + days
    chosen = (luck < rule.probability) & ~np.isnat(anchor) & (day <= np.datetime64(f"{world.call.last_year}-12-31"))
    chosen &= day >= deals.dates["signed_date"]
    if rule.kinds:
        chosen &= np.isin(deals.kind, rule.kinds)
    if rule.courses:
        chosen &= np.isin(deals.course, rule.courses)
    who = np.flatnonzero(chosen)
    return who, day[who]


def _event_rows(deals: Agreements, rule: EventRule, who: Integers, day: Days) -> pa.Table:
    count = len(who)
    deadline = pa.array(later(day, rule.deadline)) if rule.deadline else pa.nulls(count, pa.date32())
    amount = number(np.full(count, np.nan if rule.amount is None else rule.amount) * (1 + who % 7 / 10))
    return pa.table(
        {
            "agreement_no": codes.text(deals.no[who]),
            "event": codes.constant(rule.event, count),
            "event_date": pa.array(day, pa.date32()),
            "stage": codes.constant(rule.stage, count),
            "indicator_code": codes.constant(rule.indicator, count),
            "deadline": deadline,
            "amount_cny10k": amount,
            "department": codes.constant("工业和信息化部门", count),
            "document_no": codes.text(codes.joined("穗评(示例)", codes.digits(who, 7), rows=count)),
            "note": codes.constant("生成数据", count),
        }
    )
