"""`landgauge balance`: the workbook 供需平衡.xlsx and the simulators' demand files, from the published marts."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyproj
import shapely

from landgauge import policy
from landgauge.settings import StageResult
from reporting.balance import simulator
from reporting.balance.accuracy import COMBINATION
from reporting.balance.book import FILE, write_book
from reporting.balance.simulator import Known, LandClass, NotWritten
from reporting.contracts.folder import replaced
from reporting.land import ALL_INDUSTRIES, scenario_order
from reporting.marts import Marts
from reporting.returns.cells import plain
from warehouse.published import open_snapshot

_SIGN = ".landgauge-balance"
_UNSAFE = re.compile(r"[^\w-]")


@dataclass(frozen=True)
class Asked:
    """What a city gives beside the marts: a csv of class areas, the extent (ha), the simulator's cell (m)."""

    classes: Path | None = None
    total_ha: float | None = None
    cell_m: float | None = None


def write_outputs(warehouse: Path, year: int, target: Path, asked: Asked) -> StageResult:
    """Write the outputs of a published base year to a folder, which is replaced at once.

    Rows: lines of each sheet and demand files. Complaints: why a demand file was not written.
    Raises StageFailed where the year is not published, ConfigurationError where `target` holds other files.
    """
    some = simulator.classes(policy.rows("simulator_class"))
    given = simulator.read_given(asked.classes)
    unknown = sorted(set(given) - {c.code for c in some})
    complaints = [f"{code}: not a class of seeds/policy/simulator_class.csv" for code in unknown]
    with open_snapshot(warehouse / "published" / "current.duckdb") as con:
        marts = Marts(con, year)
        known = Known(year, _construction(marts), _total(marts, asked), given)
        with replaced(target, _SIGN) as building:
            lines = write_book(building / FILE, marts)
            files, why = _demand_files(building, marts, some, known, asked.cell_m)
    return StageResult(rows={**lines, "demand_files": files}, complaints=tuple(complaints + why))


def _demand_files(
    folder: Path, marts: Marts, some: Sequence[LandClass], known: Known, cell_m: float | None
) -> tuple[int, list[str]]:
    """Write the files of every scenario; return how many, and why others were not written."""
    found = _land(marts)
    written, complaints = 0, [] if found else ["no demand files: no combined demand of the city is published"]
    for scenario in sorted(found, key=scenario_order):
        try:
            written += _scenario_files(folder, scenario, some, found[scenario], known, cell_m)
        except NotWritten as reason:
            complaints.append(f"no demand files of scenario {scenario}: {reason}")
    if written:
        base = next(iter(found.values()))[known.base_year]
        _class_list(folder / "classes.csv", some, simulator.base_areas(some, base, known))
    return written, complaints


def _scenario_files(
    folder: Path, scenario: str, some: Sequence[LandClass], land: dict[int, float], known: Known, cell_m: float | None
) -> int:
    name = _UNSAFE.sub("_", scenario) or "_"
    table = simulator.demand(some, land, known)
    texts = {
        f"CLUE-S/{name}/demand.in1": simulator.clue_s(table),
        f"PLUS/{name}.csv": simulator.plus(table, some, True),
    }
    if cell_m:
        cells = simulator.demand(some, land, known, cell_m**2)
        texts[f"PLUS/{name}_cells.csv"] = simulator.plus(cells, some, False)
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8", newline="\n")
    return len(texts)


def _class_list(path: Path, some: Sequence[LandClass], base: dict[str, float]) -> None:
    """What stands in which column, and where the area of the base year comes from."""
    with path.open("w", encoding="utf-8-sig", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["class_order", "class_code", "name_zh", "area_basis", "gives_share", "base_area_ha"])
        for place, one in enumerate(some):
            name = plain(one.name) or ""
            safe = f"'{name}" if name[:1] in set("=+-@\t") else name
            writer.writerow([place, one.code, safe, one.basis, one.gives_share, f"{base[one.code]:.4f}"])


def _land(marts: Marts) -> dict[str, dict[int, float]]:
    """Industrial land of the city by scenario and year, the base year first; only years without a gap."""
    rows = marts.rows(
        "select scenario, year, land_ha, land_ha - demand_ha as base_ha from fct_land_demand "
        "where method = ? and district_code = ? and industry_code = ? and land_ha is not null "
        "and demand_ha is not null order by scenario, year",
        [COMBINATION, marts.city_code, ALL_INDUSTRIES],
    )
    found: dict[str, dict[int, float]] = {}
    for row in rows:
        land = found.setdefault(row["scenario"], {marts.year: row["base_ha"]})
        if row["year"] == max(land) + 1:
            land[row["year"]] = row["land_ha"]
    return found


def _construction(marts: Marts) -> float | None:
    """The city's construction land in the base year, in hectares."""
    return marts.one(
        "select value from fct_region_history where year = ? and scale = 'city' "
        "and measure_code = 'construction_land_ha' order by unit_code",
        [marts.year],
    ).get("value")


def _total(marts: Marts, asked: Asked) -> float | None:
    """The extent in hectares: as asked, else the area inside the district outlines on the ellipsoid; None without."""
    if asked.total_ha is not None:
        return asked.total_ha
    rows = marts.rows("select geometry from dim_district_outline where geometry is not null order by district_code")
    shapes = shapely.from_wkb([bytes(r["geometry"]) for r in rows], on_invalid="ignore")
    earth = pyproj.Geod(ellps="GRS80")
    area = sum(abs(earth.geometry_area_perimeter(s)[0]) for s in shapes if s is not None and not s.is_empty)
    return area / simulator.M2_OF_HA or None
