"""Exchange: what leaves comes in again without loss, and CSV and JSON hold equal rows."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import contract_snapshot
import duckdb
import pytest

from ingestion.load import ingest
from landgauge.settings import Settings, year_end
from reporting.contracts.exchange import DATASETS, RESULTS, export
from warehouse import db

PARCEL, USCC = "440112001001GB00001", "91440101MA59A2B107"
HOSTILE = '条款, "引号"\n换行;0012'
_AGREEMENT = {
    "agreement_no": "00012", "parcel_code": PARCEL, "uscc": USCC, "signed_date": "2012-02-29",
    "term_end_date": "9999-12-31", "supply_mode": "出让", "process_interval_years": "3",
    "agreed_investment_cny10k": "0.1", "granted_area_m2": "123456789.123", "start_penalty": HOSTILE,
}  # fmt: skip
_FILES: dict[str, list[dict[str, str]]] = {
    "parcels": [
        {"parcel_code": PARCEL, "district_code": "440112", "land_use_code": "M1", "site_area_m2": "1000"},
    ],
    "enterprises": [
        {"uscc": USCC, "enterprise_name": "甲", "industry_code": "3911", "district_code": "440112"},
    ],
    "agreements": [_AGREEMENT],
    "agreement_targets": [
        {"agreement_no": "00012", "stage": "达产", "indicator_code": "land_tax_cny10k_per_ha", "comparison": ">=",
         "target_value": "0.30000000000000004", "department": "税务部门"},
        {"agreement_no": "00012", "stage": "达产", "indicator_code": "安全生产", "comparison": "符合",
         "target_text": HOSTILE, "department": "应急管理部门"},
    ],
    "agreement_events": [
        {"agreement_no": "00012", "event": "开工", "event_date": "2013-01-01", "document_no": "007", "note": HOSTILE},
        {"agreement_no": "00012", "event": "整改通知", "event_date": "2020-01-01", "stage": "达产",
         "deadline": "2020-06-01"},
    ],
    "verdicts": [
        {"agreement_no": "00012", "stage": "达产", "evaluation_year": "2020", "indicator_code": "安全生产",
         "department": "应急管理部门", "verdict": "不达标", "opinion": "'=1+1", "verdict_date": "2020-11-01"},
    ],
    "self_reports": [
        {"agreement_no": "00012", "stage": "达产", "evaluation_year": "2020",
         "indicator_code": "land_tax_cny10k_per_ha", "value": "1e-7", "document_no": "0001"},
    ],
    "admission_controls": [
        {"project_no": "01", "district_code": "440112", "indicator_code": "plot_ratio", "comparison": ">=",
         "control_value": "1.2", "department": "规划和自然资源部门", "restricted": "是", "agreement_no": "00012"},
    ],
}  # fmt: skip


def _declare(landing: Path) -> None:
    for name, rows in _FILES.items():
        path = landing / name / "2024" / "declared.csv"
        path.parent.mkdir(parents=True)
        head = list(dict.fromkeys(key for row in rows for key in row))
        with path.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.DictWriter(handle, head)
            writer.writeheader()
            writer.writerows(rows)


def _load(warehouse: Path, landing: Path) -> dict[str, list[tuple[object, ...]]]:
    """Ingest the landing area; return the accepted rows of the exchanged datasets without their place in files."""
    settings = Settings(warehouse, 2024, year_end(2024), landing=landing)
    ingest(settings)
    with db.connect(settings) as con:
        rows = "select * exclude (load_id, row_no) from accepted.{} order by all"
        return {name: con.execute(rows.format(name)).fetchall() for name in DATASETS}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    root = tmp_path_factory.mktemp("exchange")
    _declare(root / "landing")
    before = _load(root / "a", root / "landing")
    contract_snapshot.write(root / "a" / "published" / "current.duckdb")
    done = export(root / "a", root / "out")
    return {"root": root, "before": before, "rows": done.rows}


def test_what_was_exported_is_accepted_again_row_for_row(exported: dict[str, object]) -> None:
    root, before = Path(str(exported["root"])), exported["before"]
    assert {name: len(rows) for name, rows in before.items()} == {name: len(_FILES[name]) for name in DATASETS}
    for name in ("parcels", "enterprises"):
        shutil.copytree(root / "landing" / name, root / "again" / name)
    for name in DATASETS:
        shutil.copytree(root / "out" / "landing" / name, root / "again" / name)
    assert _load(root / "b", root / "again") == before


def test_csv_and_json_hold_the_rows_of_the_marts(exported: dict[str, object]) -> None:
    root = Path(str(exported["root"]))
    with duckdb.connect(str(root / "a" / "published" / "current.duckdb"), read_only=True) as con:
        for name, (table, order) in RESULTS.items():
            marts = con.execute(f"select * exclude (run_id) from marts.{table} order by {order}").fetchall()
            kinds = {r[0]: r[1] for r in con.execute(f"describe marts.{table}").fetchall() if r[0] != "run_id"}
            place = str(root / "out" / "results" / name)
            read = f"read_csv('{place}.csv', columns = {kinds}, header = true, allow_quoted_nulls = false)"
            assert con.execute(f"from {read} order by {order}").fetchall() == marts
            read = f"read_json('{place}.json', columns = {kinds}, format = 'array')"
            assert con.execute(f"from {read} order by {order}").fetchall() == marts
    assert '"reason":""' in (root / "out" / "results" / "credit_list.json").read_text(encoding="utf-8")


def test_the_schema_names_every_column_and_says_that_data_are_generated(exported: dict[str, object]) -> None:
    folder = Path(str(exported["root"])) / "out"
    schema = json.loads((folder / "schema.json").read_text(encoding="utf-8"))
    assert "Generated data" in schema["description"]
    for name in RESULTS:
        rows = json.loads((folder / "results" / f"{name}.json").read_text(encoding="utf-8"))
        item = schema["$defs"][name]["items"]
        assert rows
        assert all(list(row) == item["required"] for row in rows)


def test_an_export_is_repeated_byte_for_byte(exported: dict[str, object]) -> None:
    root = Path(str(exported["root"]))
    first = {p.relative_to(root / "out"): p.read_bytes() for p in (root / "out").rglob("*") if p.is_file()}
    assert export(root / "a", root / "out").rows == exported["rows"]
    assert {p.relative_to(root / "out"): p.read_bytes() for p in (root / "out").rglob("*") if p.is_file()} == first
