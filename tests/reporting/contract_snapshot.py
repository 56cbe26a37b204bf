"""A published snapshot of three agreements made by hand: enough for worklists, dossier, notices and exchange."""

from __future__ import annotations

from pathlib import Path

import duckdb

from reporting.contracts.tables import COLUMNS

RUN = "0123456789abcdef"
FORMULA = '=HYPERLINK("http://x","y")'
XSS = "<script>alert('x')</script>"
_ROWS = {
    "fct_run": [{"run_id": RUN, "year": 2024, "as_of_date": "2024-12-31", "state": "provisional", "generated": True}],
    "dim_agreement": [
        {"agreement_no": "XY-1", "parcel_code": "P1", "uscc": "U1", "district_code": "440112", "zone_code": "",
         "signed_date": "2010-01-01", "term_end_date": "2060-01-01", "supply_mode": "出让", "rule_version": "v1",
         "start_penalty": XSS, "granted_area_m2": 1234.5},
        {"agreement_no": "XY-2", "parcel_code": "P2", "uscc": "U2", "district_code": "440113",
         "signed_date": "2012-02-29", "term_end_date": "9999-12-31", "ended_date": "2023-01-01"},
        {"agreement_no": "XY-3", "parcel_code": "P3", "uscc": "U3", "signed_date": "0001-01-01",
         "term_end_date": "2040-01-01"},
    ],
    "dim_enterprise": [
        {"uscc": "U1", "year": 2023, "enterprise_name": "旧名"},
        {"uscc": "U1", "year": 2024, "enterprise_name": FORMULA},
        {"uscc": "U2", "year": 2024, "enterprise_name": "乙公司"},
    ],
    "dim_district": [{"district_code": "440112", "valid_from_year": 2005, "name_zh": "黄埔区"}],
    "dim_indicator": [{"indicator_code": "land_tax", "name_zh": "地均税收", "unit": "万元/ha"}],
    "fct_stage_due": [
        {"as_of_date": "2024-12-31", "agreement_no": "XY-1", "obligation": "达产评估", "due_date": "2024-12-30",
         "seq_no": 1, "stage": "达产", "days_left": -1, "state": "overdue", "department": "税务部门、科技部门"},
        {"as_of_date": "2024-12-31", "agreement_no": "XY-1", "obligation": "过程评估", "due_date": "2025-03-01",
         "seq_no": 1, "stage": "过程", "period_no": 1, "days_left": 60, "state": "due", "department": "科技部门"},
        {"as_of_date": "2024-12-31", "agreement_no": "XY-1", "obligation": "到期评估", "due_date": "2059-01-01",
         "seq_no": 1, "stage": "到期", "days_left": 12419, "state": "upcoming", "department": "科技部门"},
        {"as_of_date": "2024-12-31", "agreement_no": "XY-2", "obligation": "整改", "due_date": "2025-06-01",
         "seq_no": 1, "stage": "达产", "days_left": 152, "state": "upcoming", "department": "税务部门"},
        {"as_of_date": "2023-12-31", "agreement_no": "XY-1", "obligation": "达产评估", "due_date": "2024-12-30",
         "seq_no": 1, "stage": "达产", "days_left": 365, "state": "upcoming", "department": "税务部门"},
    ],
    "fct_stage_finding": [
        {"agreement_no": "XY-1", "stage": "达产", "evaluation_year": 2024, "indicator_code": "land_tax",
         "comparison": ">=", "target_value": 200.0, "actual_value": 150.25, "evidence_source": "marts",
         "outcome": "不达标", "basis": "evidence", "self_report_needed": False, "department": "税务部门"},
        {"agreement_no": "XY-1", "stage": "达产", "evaluation_year": 2024, "indicator_code": "安全生产",
         "comparison": "符合", "target_text": "无事故", "outcome": "待评", "self_report_needed": False,
         "department": "应急管理部门", "opinion": "甲, \"乙\"\n丙"},
        {"agreement_no": "XY-2", "stage": "过程", "evaluation_year": 2023, "indicator_code": "land_tax",
         "comparison": ">=", "target_value": 1.0, "evidence_reason": "no_enterprise", "outcome": "待评",
         "self_report_needed": True, "department": "税务部门"},
    ],
    "fct_stage_result": [
        {"agreement_no": "XY-1", "stage": "达产", "evaluation_year": 2024, "result": "不达标", "first_result": "不达标",
         "result_date": "2024-12-31", "failed_years_cumulative": 1, "department": "税务部门、应急管理部门"},
        {"agreement_no": "XY-2", "stage": "过程", "evaluation_year": 2023, "result": "待评",
         "result_reason": "finding_pending", "failed_years_cumulative": 0},
        {"agreement_no": "XY-2", "stage": "达产", "evaluation_year": 2023, "result": "不达标",
         "result_date": "2023-12-31", "failed_years_cumulative": 1},
    ],
    "fct_consequence": [
        {"agreement_no": "XY-1", "consequence_code": "rectification", "arises_date": "2024-12-31",
         "due_date": "2025-12-31", "stage": "达产", "evaluation_year": 2024, "state": "proposed",
         "evidence": "2024 年达产不达标", "department": "税务部门", "district_code": "440112"},
        {"agreement_no": "XY-2", "consequence_code": "start_penalty", "arises_date": "2015-01-01", "state": "done",
         "done_date": "2016-01-01"},
    ],
    "fct_credit": [
        {"uscc": "U1", "listed_date": "2024-12-31", "reason": "XY-1, 达产", "agreement_no": "XY-1",
         "district_code": "440112", "is_listed": True},
        {"uscc": "U2", "listed_date": "2020-01-01", "repaired_date": "2024-12-31", "reason": "",
         "agreement_no": "XY-2", "is_listed": False},
    ],
    "fct_warning": [
        {"kind": "late_start", "unit_code": "XY-1", "raised_date": "2012-01-01", "agreement_no": "XY-1",
         "ended_date": "2012-02-01", "detail": "已开工", "department": "税务部门"},
        {"kind": "use_changed", "unit_code": "P1", "raised_date": "2023-12-31", "year": 2023, "agreement_no": "XY-1",
         "detail": "去年", "department": "税务部门"},
        {"kind": "use_changed", "unit_code": "P1", "raised_date": "2024-12-31", "year": 2024, "agreement_no": "XY-1",
         "detail": "@今年", "department": "税务部门", "value": 1.5},
    ],
    "fct_contract_conflict": [
        {"agreement_no": "XY-1", "conflict_code": "verdicts_contradict", "subject": "达产", "one_side": "达标",
         "other_side": "不达标", "effect": "后者为准"},
    ],
}  # fmt: skip


def write(path: Path, only: tuple[str, ...] | None = None) -> Path:
    """Write the snapshot; `only` these tables with rows, the others empty."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as con:
        con.execute("create schema marts")
        for table, columns in COLUMNS.items():
            extra = ", run_id varchar" if "run_id" not in columns else ""
            con.execute(f"create table marts.{table} ({columns}{extra})")
            for row in _ROWS.get(table, []) if only is None or table in only else []:
                names, marks = ", ".join(row), ", ".join("?" for _ in row)
                con.execute(f"insert into marts.{table} ({names}) values ({marks})", list(row.values()))
    return path
