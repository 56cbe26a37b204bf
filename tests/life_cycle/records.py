"""The facts of one agreement as the twin reads them: what stands in the files, with the year of its file."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class Agreement:
    """A row of the dataset agreements; the contract's columns that the rules read."""

    agreement_no: str
    parcel_code: str
    uscc: str
    signed_date: date
    term_end_date: date
    supply_mode: str = "出让"
    start_due: date | None = None
    completion_due: date | None = None
    production_due: date | None = None
    capacity_due: date | None = None
    lease_end_date: date | None = None
    process_interval_years: float | None = None
    agreed_investment_cny10k: float | None = None
    agreed_floor_area_m2: float | None = None
    start_penalty: str | None = None
    completion_penalty: str | None = None
    data_year: int = 0


@dataclass(frozen=True)
class Target:
    """A row of agreement_targets."""

    stage: str
    indicator_code: str
    comparison: str
    target_value: float | None
    department: str | None
    data_year: int = 0


@dataclass(frozen=True)
class Event:
    """A row of agreement_events."""

    event: str
    event_date: date
    stage: str | None = None
    indicator_code: str | None = None
    deadline: date | None = None
    department: str | None = None
    data_year: int = 0


@dataclass(frozen=True)
class Verdict:
    """A row of verdicts."""

    stage: str
    evaluation_year: int
    indicator_code: str
    department: str
    verdict: str
    verdict_date: date
    opinion: str | None = None
    data_year: int = 0


@dataclass(frozen=True)
class SelfReport:
    """A row of self_reports."""

    stage: str
    evaluation_year: int
    indicator_code: str
    value: float | None
    data_year: int = 0


@dataclass(frozen=True)
class Change:
    """A row of parcel_changes."""

    old_parcel_code: str
    new_parcel_code: str
    kind: str
    change_date: date
    data_year: int = 0


@dataclass(frozen=True)
class Value:
    """An indicator of one parcel in one year: numerator over denominator, or neither."""

    parcel_code: str
    year: int
    indicator_code: str
    numerator: float | None
    denominator: float | None


@dataclass(frozen=True)
class Built:
    """What stands on a parcel in one year: floor area (m2) and investment (万元, plant and land price)."""

    parcel_code: str
    year: int
    floor_area_m2: float | None
    investment_cny10k: float | None


@dataclass
class Facts:
    """Everything known of one agreement; several rows of one key differ in data_year."""

    agreements: list[Agreement]
    targets: list[Target] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    self_reports: list[SelfReport] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    built: list[Built] = field(default_factory=list)
    district_code: str = "440112"
    zone_code: str | None = None

    @property
    def agreement_no(self) -> str:
        return self.agreements[0].agreement_no
