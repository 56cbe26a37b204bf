"""Random agreements over thirty years, full of what goes wrong: seeded, so the same seed gives the same lives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from . import policy
from .days import add_months
from .records import Agreement, Built, Change, Event, Facts, SelfReport, Target, Value, Verdict

FIRST_YEAR, LAST_YEAR = 1995, 2025
MODES = ("出让", "先租后让", "租赁", "弹性年期出让", "划拨", "作价出资")
DEPARTMENTS = ("市工信局", "市应急局", "市生态环境局")
ELSEWHERE = (*DEPARTMENTS, "区工信局", "区税务局", "区应急局", "某办公室")
OUTPUT, TAX, RATIO = "land_output_cny10k_per_ha", "land_tax_cny10k_per_ha", "plot_ratio"
MEASURED = (OUTPUT, TAX, RATIO)
SAID = ("安全生产", "环境治理")
HOSTILE_DAYS = ((2, 29), (2, 28), (3, 31), (8, 31), (12, 31), (1, 1), (1, 31))


@dataclass
class _Pen:
    """Draws the facts of one agreement."""

    random: Random
    number: int

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def day(self, first: int, last: int) -> date:
        """Return a day of these years, often one on which calendars go wrong."""
        year = self.random.randint(first, max(first, last))
        if self.chance(0.3):
            month, day = self.random.choice(HOSTILE_DAYS)
            if (month, day) != (2, 29):
                return date(year, month, day)
            year += -year % 4
            return date(year, 2, 29)
        return date(year, 1, 1) + timedelta(days=self.random.randrange(365))

    def near(self, day: date, days: int = 400) -> date:
        """Return a day near another: the same, the next, the one before, or some days off."""
        return day + timedelta(days=self.random.choice((0, 0, 1, -1, self.random.randint(-days, days))))

    def maybe(self, value: date, share: float = 0.85) -> date | None:
        return value if self.chance(share) else None


def agreements(seed: int, count: int) -> list[Facts]:
    """Return the facts of many agreements; every fifth enterprise has two, whose credit is one list."""
    return [one(seed, number) for number in range(count)]


def one(seed: int, number: int) -> Facts:
    """Return the facts of one agreement."""
    pen = _Pen(Random(f"{seed}-{number}"), number)
    row = _agreement(pen)
    facts = Facts([row], district_code=pen.random.choice(("440112", "440113", "440106")))
    if pen.chance(0.05):
        later = {**row.__dict__, "capacity_due": pen.maybe(pen.day(2000, 2020)), "data_year": row.data_year + 5}
        facts.agreements.append(Agreement(**later))
    facts.targets = _targets(pen, row)
    facts.events = _unique(_milestones(pen, row) + _troubles(pen, row) + _endings(pen, row))
    facts.verdicts = _verdicts(pen, row, facts.targets)
    facts.self_reports = _reports(pen, row, facts.targets)
    facts.changes = _changes(pen, row)
    _evidence(pen, facts)
    return facts


def _agreement(pen: _Pen) -> Agreement:
    signed = pen.day(FIRST_YEAR, 2012)
    start = pen.near(add_months(signed, 12), 200)
    completion = pen.near(add_months(start, 24), 200)
    production = pen.near(add_months(completion, 6), 100)
    term = add_months(signed, 12 * pen.random.choice((3, 8, 12, 20, 20, 30)))
    lease = pen.near(add_months(signed, 12 * pen.random.choice((4, 5, 5, 25))), 40)
    mode = pen.random.choice((*MODES, "先租后让"))
    return Agreement(
        agreement_no=f"T{pen.number:06d}",
        parcel_code=f"P{pen.number:06d}",
        uscc=f"U{pen.number - (pen.number % 5 == 4):06d}",
        signed_date=signed,
        term_end_date=term,
        supply_mode=mode,
        start_due=pen.maybe(start),
        completion_due=pen.maybe(completion),
        production_due=pen.maybe(production),
        capacity_due=pen.maybe(pen.near(add_months(production, 12), 100)),
        lease_end_date=lease if mode == "先租后让" or pen.chance(0.1) else None,
        process_interval_years=pen.random.choice((None, 3.0, 4.0, 5.0)),
        agreed_investment_cny10k=pen.random.choice((None, 10000.0)),
        agreed_floor_area_m2=pen.random.choice((None, 30000.0)),
        start_penalty="按日万分之一" if pen.chance(0.7) else None,
        completion_penalty="按日万分之二" if pen.chance(0.7) else None,
        data_year=signed.year,
    )


def _targets(pen: _Pen, row: Agreement) -> list[Target]:
    targets = []
    for stage in policy.STAGES:
        if pen.chance(0.15):
            continue
        for indicator in pen.random.sample(MEASURED, pen.random.choice((1, 1, 2))):
            for comparison in sorted(
                set(pen.random.sample((">=", ">=", ">=", "<=", "="), pen.random.choice((1, 1, 1, 2))))
            ):
                value = float(pen.random.choice((50, 100, 100, 150)))
                targets.append(Target(stage, indicator, comparison, value, _raiser(pen), row.data_year))
        if pen.chance(0.4):
            targets.append(Target(stage, pen.random.choice(SAID), "符合", None, _raiser(pen), row.data_year))
    return targets


def _raiser(pen: _Pen) -> str:
    return pen.random.choice(DEPARTMENTS)


def _event(pen: _Pen, row: Agreement, name: str, day: date, **more: object) -> Event:
    known = max(row.data_year, day.year) + pen.random.choice((0, 0, 0, 1, 3))
    return Event(name, day, data_year=known, **more)  # type: ignore[arg-type]


def _milestones(pen: _Pen, row: Agreement) -> list[Event]:
    """Give steps around their days, some never, some out of order, some before signing."""
    dues = (row.start_due, row.completion_due, row.production_due, row.capacity_due)
    events = []
    for name, due in zip(policy.MILESTONES, dues, strict=True):
        if pen.chance(0.25):
            continue
        day = pen.near(due or pen.day(row.signed_date.year, 2015))
        if pen.chance(0.04):
            day = row.signed_date - timedelta(days=pen.random.choice((0, 1, 30)))
        events.append(_event(pen, row, name, day))
        if pen.chance(0.1):
            events.append(_event(pen, row, name, pen.near(day)))
    return events


def _troubles(pen: _Pen, row: Agreement) -> list[Event]:
    """Stops, time of the government, notices with their completions, and what the committee says."""
    events: list[Event] = []
    clock = row.start_due or row.signed_date
    for _ in range(pen.random.choice((0, 0, 1, 2, 3))):
        day = pen.near(clock, 700)
        deadline = pen.maybe(day + timedelta(days=pen.random.choice((0, 1, 30, 200, 500))), 0.8)
        events.append(_event(pen, row, "政府原因", day, deadline=deadline))
    for name in ("停工", "复工", "停工", "复工"):
        if pen.chance(0.2):
            events.append(_event(pen, row, name, pen.day(clock.year, LAST_YEAR)))
    events += _notices(pen, row)
    for name in ("委员会决定", "失信列入", "信用修复", "违约金缴纳"):
        for _ in range(pen.random.choice((0, 0, 1, 2))):
            stage = pen.random.choice((None, "开竣工", "达产"))
            events.append(_event(pen, row, name, pen.day(row.signed_date.year, LAST_YEAR), stage=stage))
    return events


def _notices(pen: _Pen, row: Agreement) -> list[Event]:
    events: list[Event] = []
    day = pen.day(row.signed_date.year + 1, 2022)
    for _ in range(pen.random.choice((0, 1, 1, 2, 3, 4))):
        stage = pen.random.choice((None, "达产", "达产", "过程", "到期"))
        indicator = pen.random.choice((None, None, OUTPUT, TAX))
        length = pen.random.choice((1, 30, 90, 180, 365, 366, 400))
        deadline = pen.maybe(day + timedelta(days=length), 0.85)
        notice = {"stage": stage, "indicator_code": indicator, "department": pen.random.choice((None, "市工信局"))}
        events.append(_event(pen, row, "整改通知", day, deadline=deadline, **notice))
        if pen.chance(0.6):
            of = {"stage": pen.random.choice((None, stage)), "indicator_code": pen.random.choice((None, OUTPUT))}
            events.append(_event(pen, row, "整改完成", pen.near(deadline or add_months(day, 12), 300), **of))
        day = max(pen.near(day + timedelta(days=length), 200), row.signed_date)
    return events


def _endings(pen: _Pen, row: Agreement) -> list[Event]:
    events: list[Event] = []
    if row.lease_end_date:
        asked = add_months(row.lease_end_date, -12)
        events += [_event(pen, row, "先租后让申请", pen.near(asked, 200))] if pen.chance(0.7) else []
        events += [_event(pen, row, "出让签订", pen.near(row.lease_end_date, 200))] if pen.chance(0.5) else []
    asked = add_months(row.term_end_date, -6)
    if pen.chance(0.5):
        events.append(_event(pen, row, "续期受理", asked))
        events += [_event(pen, row, "续期决定", pen.near(add_months(asked, 1), 40))] if pen.chance(0.6) else []
    if pen.chance(0.15):
        leaving = pen.day(row.signed_date.year + 2, LAST_YEAR)
        events.append(_event(pen, row, "终止申请", leaving))
        events += [_event(pen, row, "终止同意", pen.near(add_months(leaving, 6), 60))] if pen.chance(0.7) else []
    if pen.chance(0.08):
        events.append(_event(pen, row, "收回决定", pen.day(row.signed_date.year + 2, LAST_YEAR)))
    return events


def _unique(events: list[Event]) -> list[Event]:
    """Keep one of each key and file year: what stands twice in one year does not pass ingestion."""
    kept = {(e.event, e.event_date, e.stage, e.indicator_code, e.data_year): e for e in events}
    return list(kept.values())


def _verdicts(pen: _Pen, row: Agreement, targets: list[Target]) -> list[Verdict]:
    """Verdicts of the right and of other departments, with and without opinion, early, late, and twice."""
    kept: dict[tuple, Verdict] = {}
    willing = pen.random.choice((0.0, 0.15, 0.15, 0.4))
    for target in targets:
        for year in range(row.signed_date.year - 1, LAST_YEAR + 1):
            if not pen.chance(willing):
                continue
            verdict = _verdict(pen, target, year)
            kept[verdict.stage, year, verdict.indicator_code, verdict.data_year] = verdict
            if pen.chance(0.1):
                other = _verdict(pen, target, year)
                kept[other.stage, year, other.indicator_code, other.data_year] = other
    return list(kept.values())


def _verdict(pen: _Pen, target: Target, year: int) -> Verdict:
    right = pen.chance(0.85)
    day = pen.day(year, year + 1)
    return Verdict(
        stage=target.stage if pen.chance(0.98) else "准入",
        evaluation_year=year,
        indicator_code=target.indicator_code,
        department=target.department if right and target.department else pen.random.choice(ELSEWHERE),
        verdict=pen.random.choice(("达标", "不达标", "不达标", "不适用")),
        verdict_date=day,
        opinion=pen.random.choice((None, "现场核查")),
        data_year=max(day.year, year) + pen.random.choice((0, 0, 0, 1, 2, 4)),
    )


def _reports(pen: _Pen, row: Agreement, targets: list[Target]) -> list[SelfReport]:
    kept: dict[tuple, SelfReport] = {}
    for target in targets:
        if target.indicator_code in SAID:
            continue
        for year in range(row.signed_date.year, LAST_YEAR + 1):
            if pen.chance(0.08):
                known = year + pen.random.choice((0, 1, 1, 3))
                value = pen.random.choice((None, 50.0, 99.0, 100.0, 200.0))
                kept[target.stage, year, target.indicator_code, known] = SelfReport(
                    target.stage, year, target.indicator_code, value, known
                )
    return list(kept.values())


def _changes(pen: _Pen, row: Agreement) -> list[Change]:
    """Renumber, split, merge the parts again, or merge with a neighbour's land."""
    land, day, changes = [row.parcel_code], row.signed_date, []
    for step in range(pen.random.choice((0, 0, 0, 1, 2, 3))):
        day = day + timedelta(days=pen.random.randint(200, 2500))
        names = [f"{row.parcel_code}-{step}-{part}" for part in range(2)]
        kind = pen.random.choice(("换号", "分割", "合并", "合并"))
        if kind == "换号" and len(land) == 1:
            pairs = [(land[0], names[0])]
        elif kind == "分割":
            pairs = [(land[0], name) for name in names]
        else:
            kind, parents = "合并", land[:2] if len(land) > 1 and pen.chance(0.6) else [land[0], f"N{pen.number:06d}"]
            pairs = [(parent, names[0]) for parent in parents]
        changes += [Change(old, new, kind, day, day.year + pen.random.choice((0, 0, 2))) for old, new in pairs]
        land = [p for p in land if p not in {old for old, _ in pairs}] + sorted({new for _, new in pairs})
    return [Change(**{**c.__dict__, "data_year": changes[0].data_year}) for c in changes] if changes else []


def _evidence(pen: _Pen, facts: Facts) -> None:
    """Give the parcels values for most years; some numbers stand exactly on a target, some parts are missing."""
    row = facts.agreements[0]
    codes = {row.parcel_code} | {c.new_parcel_code for c in facts.changes}
    share = pen.random.choice((0.0, 0.5, 0.9, 1.0))
    for year in range(row.signed_date.year - 1, LAST_YEAR + 1):
        for code in sorted(codes):
            if pen.chance(0.7):
                floor = pen.random.choice((None, 0.0, 9999.0, 10000.0, 10001.0))
                money = pen.random.choice((None, 0.0, 2499.0, 2500.0, 2501.0))
                facts.built.append(Built(code, year, floor, money))
            for indicator in MEASURED:
                if pen.chance(share):
                    numerator = pen.random.choice((None, 100.0, 200.0, 300.0, 200.0 * (1 - 1e-10), 0.0, 250.0))
                    facts.values.append(Value(code, year, indicator, numerator, 2.0))
