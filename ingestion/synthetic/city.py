"""The generated city: a landing area as the input contract says, labelled as generated, its defects listed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion import contract
from ingestion.synthetic import agreements as deals
from ingestion.synthetic import figures, firms, land, notices, parameters, regional, seeding, world, writers
from ingestion.synthetic.codes import Integers, text
from ingestion.synthetic.world import Call, Frame, World
from landgauge import log, profile

_LOG = log.get("demo")
_BY_HAND = 24  # rows of a GB18030 file that are written as people type them
_DIGITS = 8  # of figures that are divided into another unit
_LARGEST_WORKBOOK = 200_000  # rows; more go to csv
_AFTER_NOTICE = ("objections", "corrections")
_LABEL = "# Everything below this folder is generated; no row describes a real parcel or enterprise.\ngenerated: true\n"


@dataclass(frozen=True)
class Finding:
    """A seeded defect or warning in truth.json; row_no counts data rows from 1 in file order."""

    file_name: str
    dataset: str
    year: int
    row_no: int
    rule_code: str
    column: str | None
    value: str | None
    severity: str


@dataclass(frozen=True)
class City:
    """What all years are written from."""

    world: World
    plots: land.Plots
    firms: firms.Firms
    agreements: deals.Agreements
    evaluations: deals.Evaluations
    value_added_share: float


def write_city(
    folder: Path, parcels: int, enterprises: int, years: int, last_year: int, seed: int, objected: bool = True
) -> None:
    """Write the landing area of a generated city below `folder`, with city.yml and truth.json; same call, same bytes.

    `parcels` and `enterprises` are the good rows of each of the `years` evaluated years that end with `last_year`;
    district_series goes fifteen years further back. Without `objected` the last year's objections and corrections are
    not there yet, as before its result was shown. Raises ConfigurationError where such a city cannot be made.
    """
    call = Call(parcels, enterprises, years, last_year, seed)
    city = _city(world.build(call, profile.load(None)))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "city.yml").write_text(_LABEL, encoding="utf-8")
    writer = _Writer(folder, city)
    for year in range(call.first_year - city.world.shape.series.earlier_years, call.first_year):
        writer.write("district_series", year, regional.district_series(city.world, year), seeded=False)
    for place, year in enumerate(call.evaluated):
        writer.year(place, year, () if objected or year < last_year else _AFTER_NOTICE)
        _LOG.info("generated %s: %s rows so far", year, f"{sum(writer.rows.values()):,}")
    writer.truth()


def _city(built: World) -> City:
    plots = land.plots_of(built)
    everyone = firms.firms_of(built, plots)
    agreed = deals.agreements_of(built, everyone)
    hectares = float(land.industrial_site_areas(built, plots).sum() / 10_000)
    share = figures.stated_share(built, hectares)
    return City(built, plots, everyone, agreed, deals.evaluations_of(built, agreed), share)


def _frames(city: City, place: int, year: int) -> Iterator[tuple[str, Frame]]:
    """Yield each dataset of a year after those that it refers to, one at a time: not all need be kept."""
    w, f = city.world, city.firms
    yield "zones", regional.zones(w, city.plots, year)
    yield "parcels", land.parcels(w, city.plots, year)
    yield "buildings", land.buildings(w, city.plots, year)
    yield "enterprises", firms.register(w, f, place)
    yield "occupancy", firms.occupancy(w, city.plots, f, place)
    drawn = figures.year_figures(w, f, place, city.value_added_share)
    corrected = {"operations": figures.operations(w, f, drawn, year), "taxes": figures.taxes(w, f, drawn, year)}
    yield from corrected.items()
    yield "energy", figures.energy(w, f, drawn, year)
    yield "emissions", figures.emissions(w, f, drawn, year)
    yield "agreements", deals.agreement_table(w, f, city.agreements, year)
    yield "agreement_targets", deals.target_table(w, city.agreements, year)
    yield "agreement_events", deals.event_table(w, city.agreements, year)
    yield "verdicts", deals.verdict_table(w, city.agreements, city.evaluations, year)
    yield "self_reports", deals.self_report_table(w, city.agreements, city.evaluations, year)
    yield "admission_controls", deals.admission_table(w, city.agreements, year)
    yield "district_series", regional.district_series(w, year)
    yield "land_supply", regional.land_supply(w, city.plots, year)
    yield "parcel_changes", regional.parcel_changes(w, year)
    objections, corrections = notices.objections_and_corrections(w, year, corrected, _bulk_areas(w))
    yield "public_notices", notices.public_notices(year)
    yield "objections", objections
    yield "corrections", corrections


def _bulk_areas(w: World) -> Integers:
    own = {d for forms in parameters.files().formats.values() for d in forms}
    return np.array([i for i, a in enumerate(w.shape.areas) if a.district not in own])


class _Writer:
    """Writes datasets to files and keeps count of rows and seeded defects."""

    def __init__(self, folder: Path, city: City) -> None:
        self.folder = folder
        self.city = city
        self.rows: dict[str, int] = {}
        self.findings: list[Finding] = []
        spare = text(city.firms.uscc[city.firms.working :]).to_pylist()
        self._seeder = seeding.Seeder(city.world.call.seed, spare)

    def year(self, place: int, year: int, but: tuple[str, ...]) -> None:
        """Write every dataset of an evaluated year `but` these."""
        self._seeder.start_year()
        for dataset, frame in _frames(self.city, place, year):
            if dataset not in but:
                self.write(dataset, year, frame)

    def write(self, dataset: str, year: int, frame: Frame, seeded: bool = True) -> None:
        """Write one dataset and year to its files, with defects where `seeded`."""
        frame = Frame(
            _in_contract_order(dataset, frame.table), frame.area, frame.marks, _ordered(dataset, frame.templates)
        )
        outputs = [(d, form, rows) for d, form, rows in self._outputs(dataset, frame) if len(rows)]
        targets = [seeding.Target(form, rows) for _, form, rows in outputs]
        bad = self._seeder.seed(dataset, year, frame, targets) if seeded else [[] for _ in targets]
        for (district, form, rows), own in zip(outputs, bad, strict=True):
            self._write_file(dataset, year, frame, district, form, rows, own)

    def truth(self) -> None:
        """Write truth.json: the call, the rows of each file, every seeded defect and warning."""
        call = self.city.world.call
        head = {
            "generated": True,
            "seed": call.seed,
            "arguments": asdict(call),
            "value_added_share": self.city.value_added_share,
            "value_added_source": parameters.statistics().source,
            "rows": dict(sorted(self.rows.items())),
        }
        lines = ",\n".join(json.dumps(vars(f), ensure_ascii=False) for f in sorted(self.findings, key=_order))
        opening = json.dumps(head, ensure_ascii=False, indent=1)[:-2]
        (self.folder / "truth.json").write_text(f'{opening},\n "defects": [\n{lines}\n]}}\n', encoding="utf-8")

    def _outputs(self, dataset: str, frame: Frame) -> Iterator[tuple[str, str, Integers]]:
        """Yield which district's file (or `rest`), its format, and which rows of the frame it takes."""
        forms = parameters.files().formats[dataset]
        district = np.array([a.district for a in self.city.world.shape.areas])[frame.area]
        for own, form in forms.items():
            mine = ~np.isin(district, list(forms)) if own == "rest" else district == own
            rows = np.flatnonzero(mine)
            yield own, "csv" if form == "xlsx" and len(rows) > _LARGEST_WORKBOOK else form, rows

    def _write_file(
        self, dataset: str, year: int, frame: Frame, own: str, form: str, rows: Integers, bad: list[seeding.BadRow]
    ) -> None:
        table = frame.table if len(rows) == len(frame.table) else frame.table.take(pa.array(rows))
        rng = self.city.world.rng("places", dataset, year, own)
        whole = seeding.merged(table, bad, rng)
        name = f"{dataset}/{year}/{dataset}_{self._label(own, year)}.{writers.EXTENSIONS[form]}"
        headers, divided = _headers(dataset, own, form), _in_given_units(whole.table, dataset, own)
        places = list(zip(whole.bad.tolist(), bad, strict=True))
        cells = {at: b.cells for at, b in places if b.cells}
        surplus = {at: b.surplus for at, b in places if b.surplus is not None}
        crs = self.city.world.profile.projected_crs
        by_hand = tuple(whole.good[:_BY_HAND].tolist())
        sheet = writers.Sheet(divided, headers, crs, cells, surplus, by_hand)
        writers.write(sheet, form, self.folder / name)
        self.rows[name] = len(whole.table)
        for at, b in places:
            shown = _shown(divided, at, b, form)
            self.findings.append(Finding(name, dataset, year, at + 1, b.rule, b.column, shown, "error"))
        self._note_marks(name, dataset, year, frame, rows, whole)

    def _note_marks(
        self, name: str, dataset: str, year: int, frame: Frame, rows: Integers, whole: seeding.Merged
    ) -> None:
        for mark in frame.marks:
            for at in whole.good[np.isin(rows, mark.rows)].tolist():
                value = None if mark.column == "geometry" else str(whole.table[mark.column][at].as_py())
                self.findings.append(Finding(name, dataset, year, at + 1, mark.rule, mark.column, value, "warning"))

    def _label(self, own: str, year: int) -> str:
        areas = [a.district for a in self.city.world.shape.areas]
        return "city" if own == "rest" else self.city.world.district_codes(year)[areas.index(own)]


def _order(finding: Finding) -> tuple[bytes, int, str]:
    return finding.file_name.encode(), finding.row_no, finding.rule_code


def _ordered(dataset: str, table: pa.Table | None) -> pa.Table | None:
    return None if table is None else _in_contract_order(dataset, table)


def _in_contract_order(dataset: str, table: pa.Table) -> pa.Table:
    """Return the table's columns in the contract's order; KeyError where one is missing."""
    return table.select([c.name for c in contract.load(dataset).columns])


def _headers(dataset: str, own: str, form: str) -> dict[str, str]:
    """Return each column's header: canonical in Parquet and projected GeoPackage files, else Chinese."""
    files = parameters.files()
    columns = contract.load(dataset).columns
    kept = {c.name for c in columns} if form in ("parquet", "gpkg") else {*files.canonical.get(dataset, ()), "geometry"}
    headers = {c.name: c.name if c.name in kept else c.header_zh for c in columns}
    return headers | {name: unit.header for name, unit in _units(dataset, own).items()}


def _units(dataset: str, own: str) -> Mapping[str, parameters.GivenUnit]:
    return parameters.files().units.get(dataset, {}).get(own, {})


def _in_given_units(table: pa.Table, dataset: str, own: str) -> pa.Table:
    for name, unit in _units(dataset, own).items():
        if unit.factor != 1:
            place = table.column_names.index(name)
            given = pc.round(pc.divide(table[name], pa.scalar(float(unit.factor))), ndigits=_DIGITS)
            table = table.set_column(place, name, given)
    return table


def _shown(table: pa.Table, at: int, bad: seeding.BadRow, form: str) -> str | None:
    """Return the offending value as it stands in the file."""
    if "+" in (bad.column or ""):
        return "+".join("" if (v := table[name][at].as_py()) is None else str(v) for name in str(bad.column).split("+"))
    plain = bad.column in table.column_names and bad.column not in bad.cells and bad.column != "geometry"
    value: Any = table[bad.column][at].as_py() if plain else bad.shown
    if isinstance(value, float) and value.is_integer() and form in writers.TEXT_FORMATS:
        value = int(value)
    return None if value is None else str(value)
