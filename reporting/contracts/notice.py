"""Notices as documents for people to sign: 整改通知书 and 评估结果告知书, filled from the published marts.

The texts stand in `notices/*.txt` and can be edited. Nothing is decided here: each document says that it is a draft,
and numbers of documents and signatures are blanks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from landgauge.errors import ConfigurationError
from reporting.contracts import words
from reporting.contracts.document import Block, write
from reporting.contracts.dossier import agreement_of
from reporting.contracts.tables import Row, Tables
from warehouse.published import open_snapshot

KINDS = ("rectification", "result")
_TEXTS = Path(__file__).parent / "notices"
BLANK = "＿＿＿＿＿＿＿＿"
_HEAD = ("指标", "目标", "实际", "单位", "部门", "结论", "说明")
_FIELD = re.compile(r"\{([a-z_]+)\}")
_GENERATED = "生成数据（示例）：本文书的企业、宗地和全部数值由程序生成，不是任何真实情况。"


@dataclass(frozen=True)
class Asked:
    """Which evaluation a notice is about; `stage` None is the only one of the year."""

    kind: str
    agreement_no: str
    year: int
    stage: str | None = None


def write_notice(
    warehouse: Path, asked: Asked, target: Path, template: Path | None = None, as_of: date | None = None
) -> Path:
    """Write a notice on a published evaluation as a Word document and return its path.

    Raises StageFailed where nothing is published, ConfigurationError where the evaluation is not published, is not
    one to rectify, or the template names a field that there is not.
    """
    text = _text(asked.kind, template)
    with open_snapshot(warehouse / "published" / "current.duckdb") as con:
        tables = Tables(con, as_of)
        agreement = agreement_of(tables, asked.agreement_no)
        result = _result(tables, asked)
        _refuse(asked.kind, agreement, result)
        findings = _findings(tables, result)
        fields = _fields(tables, agreement, result)
        labels = ([_GENERATED] if tables.generated else []) + tables.notes
    write(target, list(_blocks(text, fields, findings)), labels)
    return target


def _text(kind: str, template: Path | None) -> str:
    path = template or _TEXTS / f"{kind}.txt"
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}", "Name a text file in UTF-8: --template.") from None


def _result(tables: Tables, asked: Asked) -> Row:
    """The evaluation asked for; the choice is named where there are several, or none."""
    found = tables.rows(
        "select * from fct_stage_result where agreement_no = $no and evaluation_year = $year order by stage",
        {"no": asked.agreement_no, "year": asked.year},
    )
    wanted = [row for row in found if asked.stage in (None, row["stage"])]
    if len(wanted) != 1:
        there = "、".join(f"{row['stage']} {row['result']}" for row in found) or "none"
        raise ConfigurationError(
            f"{asked.agreement_no} has no single evaluation {asked.stage or ''} in {asked.year}",
            f"Evaluations of that year: {there}. Choose one: --stage.",
        )
    return wanted[0]


def _refuse(kind: str, agreement: Row, result: Row) -> None:
    """A rectification notice follows an evaluation that was not passed, while the contract lasts."""
    if kind != "rectification":
        return
    name = f"{result['stage']} of {result['evaluation_year']}"
    if result["result"] != "不达标":
        raise ConfigurationError(f"{name} is {result['result']}, nothing to rectify", "Draft a result notice instead.")
    ended = agreement["ended_date"]
    if ended and ended <= result["result_date"]:
        raise ConfigurationError(f"the contract ended on {ended}, before {name}", "Draft a result notice instead.")


def _findings(tables: Tables, result: Row) -> list[Row]:
    return tables.rows(
        "select t.*, coalesce(i.name_zh, t.indicator_code) as indicator_name, i.unit from fct_stage_finding as t "
        "left join dim_indicator as i using (indicator_code) where t.agreement_no = $no and t.stage = $stage "
        "and t.evaluation_year = $year order by t.indicator_code, t.comparison",
        {"no": result["agreement_no"], "stage": result["stage"], "year": result["evaluation_year"]},
    )


def _fields(tables: Tables, agreement: Row, result: Row) -> dict[str, str]:
    given = {"no": agreement["agreement_no"], "stage": result["stage"], "year": result["evaluation_year"]}
    due = tables.rows(
        "select due_date from fct_consequence where agreement_no = $no and consequence_code = 'rectification' "
        "and stage = $stage and evaluation_year = $year",
        given,
    )
    run = tables.rows("select run_id from fct_run where year = $year order by run_id", {"year": tables.year})
    failed = result["failed_years_cumulative"]
    values = {name: agreement[name] for name in ("agreement_no", "uscc", "parcel_code", "signed_date", "rule_version")}
    values |= {
        "enterprise_name": agreement["enterprise_name"],
        "district_name": agreement["district_name"] or agreement["district_code"],
        "evaluation_year": result["evaluation_year"],
        "stage": result["stage"],
        "result": result["result"],
        "result_date": result["result_date"],
        "failed_years": None if failed is None else str(failed),
        "departments": result["department"],
        "rectification_due": due[0]["due_date"] if due else None,
        "as_of": tables.as_of,
        "run_id": run[-1]["run_id"] if run else None,
        "place_of_signature": f"（主管部门盖章）　　{BLANK}\n　　　　年　　月　　日",
    }
    return {name: BLANK if value is None else _said(value) for name, value in values.items()} | {"blank": BLANK}


def _said(value: object) -> str:
    return f"{value.year} 年 {value.month} 月 {value.day} 日" if isinstance(value, date) else str(value)


def _blocks(text: str, fields: Mapping[str, str], findings: list[Row]) -> Iterator[Block]:
    """The template's paragraphs with their fields filled in. Raises ConfigurationError for a field there is not."""
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("# "))
    for part in (part.strip("\n") for part in re.split(r"\n\s*\n", lines)):
        kind, content = ("title", part[2:]) if part.startswith("= ") else ("text", part)
        if part in ("{table:findings}", "{table:failed}"):
            shown = [r for r in findings if part == "{table:findings}" or r["outcome"] == "不达标"]
            yield Block("table", rows=(_HEAD, *(_line(row) for row in shown)))
        elif part.startswith("== "):
            heading, _, rest = part[3:].partition("\n")
            yield Block("heading", heading)
            yield Block("text", _filled(rest, fields))
        elif part:
            yield Block(kind, _filled(content, fields))


def _filled(text: str, fields: Mapping[str, str]) -> str:
    unknown = sorted({name for name in _FIELD.findall(text) if name not in fields})
    if unknown:
        raise ConfigurationError(f"the template names {', '.join(unknown)}", f"Fields: {', '.join(sorted(fields))}.")
    return _FIELD.sub(lambda found: fields[found[1]], text)


def _line(row: Row) -> tuple[str, ...]:
    target = row["target_text"] or "" if row["target_value"] is None else words.amount(row["target_value"])
    said = [row["opinion"] or "", words.word(row["evidence_reason"], words.REASONS) or ""]
    why = "；".join(text for text in said if text)
    return (
        row["indicator_name"], f"{row['comparison']} {target}".strip(), words.amount(row["actual_value"]),
        words.unit(row["unit"]), row["department"] or "", row["outcome"] or "", why,
    )  # fmt: skip
