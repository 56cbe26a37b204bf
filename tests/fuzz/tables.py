"""Good rows of every dataset, made from the contracts: each slot has keys of its own, so that files do not clash."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ingestion.contract import Column, Contract, all_contracts
from ingestion.identifiers import organisation_check_character, uscc_check_character

YEAR = 2024
SLOTS = 64  # files of one batch that may have keys of their own
ROWS = 6
# Two multiples of 37 differ in more than one decimal digit, so that one damaged digit makes no other file's key.
_SPREAD = 37
_OWN_KEYS = 500  # added to the slot where a dataset's own rows must not be those of the pool
_DISTRICTS = tuple(f"4401{n}" for n in ("03", "04", "05", "06", "11", "12", "13", "14", "15", "17", "18"))
_INDUSTRIES = (*(f"C{n}" for n in range(13, 44) if n != 38), *"ABDEF")


@dataclass(frozen=True)
class Table:
    """A header and rows of text cells that feed a dataset."""

    dataset: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def with_rows(self, rows: list[list[str]]) -> Table:
        return replace(self, rows=tuple(map(tuple, rows)))

    def with_header(self, header: list[str]) -> Table:
        return replace(self, header=tuple(header))


def parcel_code(slot: int, row: int) -> str:
    return f"440112{slot * _SPREAD:06d}GB{row * _SPREAD:05d}"


def uscc(slot: int, row: int) -> str:
    first8 = f"{slot * _SPREAD:05d}{row * _SPREAD:03d}"
    first17 = "91440101" + first8 + organisation_check_character(first8)
    return first17 + uscc_check_character(first17)


def agreement_no(slot: int, row: int) -> str:
    return f"XY{slot * _SPREAD:05d}{row * _SPREAD:03d}"


def good(dataset: str, slot: int, rows: int = ROWS, chinese: bool = True) -> Table:
    """Return rows that are all accepted beside the pool; `slot` is below SLOTS."""
    contract = all_contracts()[dataset]
    columns = [c for c in contract.columns if c.type != "geometry"]
    header = tuple(c.header_zh if chinese else c.name for c in columns)
    return Table(dataset, header, tuple(tuple(_cells(contract, columns, slot, row)) for row in range(rows)))


def pool() -> Iterator[Table]:
    """The parcels, enterprises and agreements that rows of other datasets refer to."""
    for dataset in ("parcels", "enterprises", "agreements"):
        contract = all_contracts()[dataset]
        columns = [c for c in contract.columns if c.type != "geometry" and (c.required or c.name == "green_area_m2")]
        rows = [
            tuple(_cells(contract, columns, slot - _OWN_KEYS, row, pooled=True))
            for slot in range(SLOTS)
            for row in range(ROWS)
        ]
        yield Table(dataset, tuple(c.header_zh for c in columns), tuple(rows))


def _cells(contract: Contract, columns: list[Column], slot: int, row: int, pooled: bool = False) -> Iterator[str]:
    own = slot + _OWN_KEYS
    for column in columns:
        special = _special(contract.dataset, column.name, own, slot + (_OWN_KEYS if pooled else 0), row)
        yield _plain(column, row) if special is None else special


def _special(dataset: str, name: str, own: int, shared: int, row: int) -> str | None:
    """What a column holds by its name: keys of this file in its own dataset, keys of the pool elsewhere."""
    keys = {"parcel_code": parcel_code, "uscc": uscc, "agreement_no": agreement_no}
    home = {"parcel_code": "parcels", "uscc": "enterprises", "agreement_no": "agreements"}
    if name in keys:
        return keys[name](own if home[name] == dataset else shared, row)
    if dataset == "district_series" and name in ("district_code", "industry_code"):
        place = shared * ROWS + row
        found = {
            "district_code": _DISTRICTS[place % len(_DISTRICTS)],
            "industry_code": _INDUSTRIES[place // len(_DISTRICTS) % len(_INDUSTRIES)],
        }
        return found[name]
    if name in ("old_parcel_code", "new_parcel_code"):
        return parcel_code(own + (400 if name.startswith("new") else 0), row)
    if dataset == "corrections" and name == "key_json":
        return json.dumps({"parcel_code": parcel_code(shared, row)})
    if name in ("building_code", "project_no", "supply_id", "objection_no", "correction_no") or (
        (dataset, name) == ("zones", "zone_code")
    ):
        return f"N{own * _SPREAD:05d}{row * _SPREAD:03d}"
    return _NAMED.get(f"{dataset}.{name}", _NAMED.get(name))


_NAMED = {
    "district_code": "440112",
    "land_use_code": "M1",
    "industry_code": "C26",
    "industry_edition": "2017",
    "zone_code": "",
    "town_code": "",
    "block_code": "B1",
    "site_area_m2": "1000",
    "far_min": "1",
    "far_max": "2.5",
    "longitude": "113.5",
    "latitude": "23.1",
    "process_interval_years": "3",
    "term_end_date": "2060-12-31",
    "end_date": "",
    "employees": "40",
    "energy_type": "原煤",
    "unit": "t",
    "stage": "过程",
    "indicator_code": "land_tax",
    "comparison": ">=",
    "scale": "parcel",
    "restricted": "否",
    "floor_area_m2": "500",
    "available_year": "2026",
    "industrial_share": "0.5",
    "realisation_rate": "0.5",
    "corrections.dataset": "parcels",
    "corrections.column": "green_area_m2",
    "corrections.old_value": "12.5",
    "corrections.new_value": "13",
    "tax_paid_cny10k": "88.25",
    "reason": "说明",
}


def _plain(column: Column, row: int) -> str:
    if column.values:
        return column.values[0]
    match column.type:
        case "number":
            return "12.5"
        case "year":
            return str(YEAR)
        case "date":
            return f"2020-05-{row % 28 + 1:02d}"
        case "flag":
            return "是"
    return f"{column.header_zh}{row}"
