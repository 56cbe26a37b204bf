"""The dossier of an agreement: one self-contained page in Chinese, from the published marts.

It loads nothing and runs no script; every text is escaped; equal marts give equal bytes.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from landgauge.errors import ConfigurationError
from reporting.contracts import words
from reporting.contracts.tables import Row, Tables
from reporting.contracts.timeline import draw
from reporting.page import environment
from warehouse.published import open_snapshot

# name: the query over the views of `Tables`; $no is the agreement
_PARTS = {
    "parcels": "select * from bridge_agreement_parcel where agreement_no = $no order by seq_no",
    "due": "select * from fct_stage_due where agreement_no = $no and as_of_date = $as_of "
    "order by due_date, obligation, seq_no",
    "results": "select * from fct_stage_result where agreement_no = $no order by evaluation_year, stage, period_no",
    "findings": "select t.*, coalesce(i.name_zh, t.indicator_code) as indicator_name, i.unit "
    "from fct_stage_finding as t left join dim_indicator as i using (indicator_code) where t.agreement_no = $no "
    "order by t.evaluation_year, t.stage, t.indicator_code, t.comparison",
    "conflicts": "select * from fct_contract_conflict where agreement_no = $no order by all",
    "consequences": "select * from fct_consequence where agreement_no = $no order by arises_date, consequence_code",
    "credit": "select * from fct_credit where uscc = $uscc order by listed_date",
    "warnings": "select * from fct_warning where agreement_no = $no and raised_date <= $as_of "
    "order by raised_date, kind, unit_code",
    "admission": "select t.*, coalesce(i.name_zh, t.indicator_code) as indicator_name, i.unit "
    "from fct_admission_control as t left join dim_indicator as i using (indicator_code) where t.agreement_no = $no "
    "order by t.project_no, t.indicator_code",
}


def write_dossier(warehouse: Path, agreement_no: str, target: Path, as_of: date | None = None) -> int:
    """Write the dossier of an agreement as one HTML file, as of a published day (default: the newest).

    Returns its size in bytes. Raises StageFailed where nothing is published, ConfigurationError where the agreement
    or the day is not.
    """
    with open_snapshot(warehouse / "published" / "current.duckdb") as con:
        page = render(Tables(con, as_of), agreement_no)
    target.parent.mkdir(parents=True, exist_ok=True)
    building = target.with_name(f".{target.name}.building")
    building.write_text(page, encoding="utf-8", newline="\n")
    building.replace(target)
    return target.stat().st_size


def render(tables: Tables, agreement_no: str) -> str:
    """Return the page as HTML text. Raises ConfigurationError where there is no such agreement."""
    agreement = agreement_of(tables, agreement_no)
    content = _content(tables, agreement)
    return (
        environment()
        .get_template("dossier.html.j2")
        .render(
            agreement=agreement,
            as_of=tables.as_of,
            year=tables.year,
            generated=tables.generated,
            notes=tables.notes,
            timeline=draw(content, agreement, tables.as_of),
            zh=words,
            **content,
        )
    )


def agreement_of(tables: Tables, agreement_no: str) -> Row:
    """Return an agreement with the names of its parties. Raises ConfigurationError where there is none."""
    found = tables.rows("select * from named where agreement_no = $no", {"no": agreement_no})
    if not found:
        few = tables.rows("select agreement_no from dim_agreement order by agreement_no limit 3")
        known = "、".join(row["agreement_no"] for row in few) or "none"
        raise ConfigurationError(
            f"agreement {agreement_no!r} is not published", f"Agreements that are, for instance: {known}."
        )
    return found[0]


def _content(tables: Tables, agreement: Row) -> dict[str, list[Row]]:
    given = {"no": agreement["agreement_no"], "uscc": agreement["uscc"], "as_of": tables.as_of}
    return {
        name: tables.rows(sql, {key: value for key, value in given.items() if f"${key}" in sql})
        for name, sql in _PARTS.items()
    }
