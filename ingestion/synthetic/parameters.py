"""The parameter files of the generated city, read into strict models. Their values are illustrative and say so."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

_FOLDER = Path(__file__).parent


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Area(_Strict):
    """A part of the city: an outline (its code today), maybe cut at a latitude, maybe with a former code."""

    district: str
    name: str
    parcels: float
    enterprises: float
    value_added: float
    industries: dict[str, float]
    former: str | None = None
    before: str | None = None
    north_of: float | None = None
    south_of: float | None = None


class Spread(_Strict):
    """A lognormal spread; `smallest` cuts it off."""

    median: float
    sigma: float
    smallest: float = 0.0


class LayoutParameters(_Strict):
    """Blocks on a grid, and parcels within a block."""

    pitch_m: float
    block_side_m: Spread
    side_of_pitch: float
    rotation_degrees: float
    grid: int
    split_sigma: float
    gap_m: float
    jitter: float
    zones_per_area: int
    in_zone_share: float


class ParcelParameters(_Strict):
    """Shares of land uses, states and supply modes."""

    land_use: dict[str, float]
    use_state: dict[str, float]
    supply_mode: dict[str, float]
    without_polygon: float
    renumbered_share: float
    price_cny10k_per_ha: Spread


class BuildingParameters(_Strict):
    """How many buildings, of which use."""

    none_share: float
    most: int
    use: dict[str, float]


class EnterpriseParameters(_Strict):
    """Who comes and goes, where they sit, and who reports what."""

    yearly_change: float
    spare_share: float
    without_occupancy: float
    without_point: float
    two_parcels: float
    three_parcels: float
    size_sigma: float
    above_scale_share: float
    report_share: dict[str, float]


class DivisionFigures(_Strict):
    """Rates of an industry: value added per output, output per worker, tce per output, R&D per revenue."""

    value_added: float
    productivity: float
    energy: float
    rd: float


class EnergyUse(_Strict):
    """One energy type: who uses it, how much of the tce, and the units in which it is declared."""

    type: str
    users: float
    weight: float
    tce: float
    units: dict[str, float]


class Pollutant(_Strict):
    """One pollutant: share of emitters, and t per tce."""

    users: float
    per_tce: float


class Band(_Strict):
    """A uniform band."""

    low: float
    high: float


class FigureParameters(_Strict):
    """Economic, energy and emission figures."""

    value_added_cny10k_per_ha: float
    fixed_investment_ratio: Spread
    tax_ratio: Band
    negative_value_added: float
    negative_tax: float
    zero_output: float
    missing: float
    rd_share: float
    default: DivisionFigures
    divisions: dict[str, DivisionFigures]
    energy: tuple[EnergyUse, ...]
    pollutants: dict[str, Pollutant]


class Trend(_Strict):
    """A value in a year and its yearly growth."""

    value: float
    year: int
    growth: float


class SeriesParameters(_Strict):
    """The district series."""

    earlier_years: int
    section_shares: dict[str, float]
    division_shares: dict[str, float]
    output_per_value_added: float
    investment_per_value_added: float
    employees_per_value_added: float
    tce_per_value_added: dict[str, float]
    industrial_land_ha: Trend
    construction_land_ha: Trend
    population: Trend
    land_weight_exponent: float


class AgreementKind(_Strict):
    """A kind of agreement by the stage that it has reached."""

    kind: str
    share: float
    age: tuple[int, int]
    term: int
    mode: str


class Target(_Strict):
    """A target of every agreement."""

    stage: str
    indicator: str
    comparison: str
    department: str
    value: float | None = None
    text: str | None = None


class EventRule(_Strict):
    """When an event happens, to whom, and how often."""

    event: str
    anchor: str
    months: tuple[int, int]
    probability: float
    kinds: tuple[str, ...] = ()
    courses: tuple[str, ...] = ()
    stage: str | None = None
    indicator: str | None = None
    deadline: int | None = None
    amount: float | None = None


class AgreementParameters(_Strict):
    """Agreements and what became of them."""

    share_of_parcels: float
    at_least: int
    kinds: tuple[AgreementKind, ...]
    courses: dict[str, float]
    self_report_share: float
    tenure_note: str
    targets: tuple[Target, ...]
    events: tuple[EventRule, ...]


class SupplySource(_Strict):
    """A source of land: mean area of a row, share kept industrial, realisation rate."""

    area: float
    share: float
    rate: float


class ObjectionParameters(_Strict):
    """Objections and how many are adopted."""

    share_of_parcels: float
    at_least: int
    at_most: int
    adopted: float


class Parameters(_Strict):
    """Everything in parameters.yml."""

    illustrative: bool
    areas: tuple[Area, ...]
    first_evaluated_year: int
    layout: LayoutParameters
    parcels: ParcelParameters
    buildings: BuildingParameters
    enterprises: EnterpriseParameters
    figures: FigureParameters
    series: SeriesParameters
    agreements: AgreementParameters
    supply: dict[str, SupplySource]
    objections: ObjectionParameters


class Slump(_Strict):
    """A year from which value added is lower by `depth`, which wears off by the part `wears_off` each year."""

    year: int
    depth: float
    wears_off: float


class Variation(_Strict):
    """What makes the yearly series less smooth: noises as sd of logarithms, cell_shift a year."""

    slump: Slump
    land_noise: float
    cell_noise: float
    cell_shift: float
    follower_noise: float

    def slump_factor(self, year: int, last_official: int) -> float:
        """Return what the slump leaves of a year's value added; official years have none."""
        since = year - self.slump.year
        return 1.0 if since < 0 or year <= last_official else 1 - self.slump.depth * self.slump.wears_off**since


class Statistics(_Strict):
    """series.yml: the official figures of Guangzhou (亿元) and the growth beyond them."""

    source: str
    gdp: dict[int, float]
    secondary_value_added: dict[int, float]
    illustrative: bool
    growth_after: dict[str, float]
    growth_before: dict[str, float]
    variation: Variation

    @property
    def last_official(self) -> int:
        """The last year with an official value added."""
        return max(self.secondary_value_added)

    def cny10k(self, name: str, year: int) -> float:
        """Return `gdp` or `secondary_value_added` of a year in 万元; beyond the official years by the stated growth."""
        known: dict[int, float] = getattr(self, name)
        nearest = min(max(year, min(known)), max(known))
        growth = self.growth_after[name] if year > nearest else self.growth_before[name]
        return round(known[nearest] * (1 + growth) ** (year - nearest) * 10_000, 2)


class DefectKind(_Strict):
    """One kind of defect; see the head of defects.yml."""

    rule: str
    set: dict[str, Any] = {}
    scale: dict[str, tuple[str, float]] = {}
    edit: dict[str, str] = {}
    vary: str | None = None
    refer: str | None = None
    text: bool | str = False


class DatasetDefects(_Strict):
    """The kinds of one dataset and how its rows come by a key of their own."""

    kinds: tuple[DefectKind, ...]
    fresh: dict[str, str] = {}
    spare: str | None = None


class DefectParameters(_Strict):
    """Everything in defects.yml."""

    share: float
    most: float
    datasets: dict[str, DatasetDefects]


class GivenUnit(_Strict):
    """A header that names a unit, and how many base units make one of it."""

    header: str
    factor: float


class FileParameters(_Strict):
    """Everything in files.yml: formats by dataset and district, headers kept canonical, units given."""

    formats: dict[str, dict[str, str]]
    canonical: dict[str, tuple[str, ...]]
    units: dict[str, dict[str, dict[str, GivenUnit]]]


@cache
def parameters() -> Parameters:
    """Return the shape of the city."""
    return Parameters.model_validate(_yaml("parameters.yml"))


@cache
def statistics() -> Statistics:
    """Return the official series and the stated growth beyond it."""
    return Statistics.model_validate(_yaml("series.yml"))


@cache
def defects() -> DefectParameters:
    """Return the kinds of defects."""
    return DefectParameters.model_validate(_yaml("defects.yml"))


@cache
def files() -> FileParameters:
    """Return in which files the datasets are written."""
    return FileParameters.model_validate(_yaml("files.yml"))


def _yaml(name: str) -> Any:
    return yaml.safe_load((_FOLDER / name).read_text(encoding="utf-8"))
