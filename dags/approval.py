"""What is put before the person who approves a year, and what that person's answer allows."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context
from airflow.sdk.exceptions import AirflowSkipException

from dags.wiring import PROVISIONAL_EVALUATION, Target, settings_of, targets_of_run
from landgauge.errors import StageFailed

if TYPE_CHECKING:
    import duckdb

ANSWER_WITHIN = timedelta(days=90)  # then the task fails and the year stays provisional
REMIND_AFTER = timedelta(days=30)
KEPT_LINES = 20  # of complaints

_RUN = """
select run_id, as_of_date, generated, array_to_string(schemes, ', ') as schemes
from marts.fct_run
where year = ?
order by published_at desc, run_id
limit 1
"""
_FINAL = """
select run_id, approved_by, published_at::date
from marts.fct_run
where year = ? and state = 'final'
order by published_at desc, run_id
limit 1
"""
_COUNTS = {
    "地块 parcels": "select count(*) from marts.fct_parcel_year where year = ?",
    "企业 enterprises": "select count(*) from marts.fct_enterprise_year where year = ?",
    "申报文件 files": "select count(*) from marts.fct_load where year = ? and state = 'loaded'",
    "退回文件 rejected files": "select count(*) from marts.fct_load where year = ? and state = 'rejected'",
    "隔离行 quarantined rows": "select coalesce(sum(quarantined), 0) from marts.fct_load where year = ?",
}
_OBJECTIONS = """
select count(*) filter (state = 'open'), count(*) filter (state = 'upheld')
from marts.fct_objection
where year = ?
"""
_GRADES = """
select scheme_code, scale, coalesce(grade_name_zh, grade, '未评 not rated') as grade, count(*) as units
from marts.fct_score
where year = ?
group by all
order by all
"""
_CHANGES = """
select from_run_id, cause, count(*) as units, count(*) filter (grade_before is distinct from grade_after) as grades
from marts.fct_publication_change
where year = ?
group by all
order by all
"""


def approvers() -> list[dict[str, str]] | None:
    """Return who may answer, from LANDGAUGE_APPROVERS (`id` or `id:name`, separated by commas); None is everybody.

    The id is that of the user in Airflow's auth manager.
    """
    pairs = [entry.strip().partition(":") for entry in os.environ.get("LANDGAUGE_APPROVERS", "").split(",")]
    return [{"id": user, "name": name or user} for user, _, name in pairs if user] or None


def proposals() -> list[Target]:
    """Return the targets that await approval, each with the run that is published (`run_id`) and a `summary` of it.

    Raises StageFailed when a year has not been published.
    """
    return [_with_run(target) for target in targets_of_run(PROVISIONAL_EVALUATION)]


def approved(target: Target | None) -> Target:
    """Return a proposed target with the name of the person who approved it.

    Raises AirflowSkipException when the answer was no, and StageFailed when the year has been loaded or evaluated anew
    since: another run would be final.
    """
    assert target is not None, "publishing is mapped over proposals"
    answer = get_current_context()["ti"].xcom_pull(task_ids="approve") or {}
    if "Approve" not in (answer.get("chosen_options") or ()):
        raise AirflowSkipException(f"{target['year']} stays provisional: it was not approved.")
    person = answer.get("responded_by_user") or {}
    now = _working_run(target)
    if now != target["run_id"]:
        advice = f"Evaluate {target['year']} to its end, look at the result, and approve that."
        raise StageFailed(f"Run {target['run_id']} was approved, but the warehouse now holds run {now}.", advice)
    return target | {"approved_by": person.get("name") or person.get("id") or "unknown"}


def _with_run(target: Target) -> Target:
    from warehouse.published import open_snapshot

    settings = settings_of(target)
    with open_snapshot(settings.snapshot) as con:
        row = con.execute(_RUN, [settings.year]).fetchone()
        if row is None:
            raise StageFailed(f"Year {settings.year} is not published.", "Run annual_evaluation for it first.")
        run_id, as_of, generated, schemes = row
        lines = [f"### {settings.year} · {run_id}"]
        lines += ["**数据为生成的示例 the data are generated**", ""] if generated else []
        lines += [f"- 基准日 as of: {as_of}", f"- 方案 schemes: {plain(schemes)}"]
        lines += _said(con, settings.year)
    lines += _listed("提示 complaints", target.get("complaints"))
    lines += [f"- 报告 report: `published/report/{settings.year}/city.html`"]
    kept = {name: value for name, value in target.items() if name != "complaints"}
    return kept | {"run_id": run_id, "as_of": as_of.isoformat(), "summary": "\n".join(lines)}


def _said(con: duckdb.DuckDBPyConnection, year: int) -> list[str]:
    """Counts, open objections, grades, and what differs from the year's earlier publications."""
    lines = [f"- {label}: {int(con.execute(sql, [year]).fetchone()[0]):,}" for label, sql in _COUNTS.items()]
    undecided, upheld = con.execute(_OBJECTIONS, [year]).fetchone()
    lines.append(f"- 未决异议 open objections: {undecided:,}; 已采纳待更正 upheld, not yet corrected: {upheld:,}")
    grades: dict[str, list[str]] = {}
    for scheme, scale, grade, units in con.execute(_GRADES, [year]).fetchall():
        grades.setdefault(f"{plain(scheme)} · {scale}", []).append(f"{plain(grade)} {units:,}")
    lines += [f"- {what}: {', '.join(counts)}" for what, counts in grades.items()]
    return lines + _changes(con, year)


def _changes(con: duckdb.DuckDBPyConnection, year: int) -> list[str]:
    final = con.execute(_FINAL, [year]).fetchone()
    said = f"{final[0]}, {plain(final[1])}, {final[2]}" if final else "无 none"
    lines = [f"- 现行正式结果 standing final result: {said}"]
    by_run: dict[str, list[str]] = {}
    for run_id, cause, units, grades in con.execute(_CHANGES, [year]).fetchall():
        by_run.setdefault(run_id, []).append(f"{cause} {units:,} (等级 grades {grades:,})")
    for run_id, causes in by_run.items():
        state = "正式 final" if final and run_id == final[0] else "公示稿 provisional"
        lines.append(f"- 与 {run_id} ({state}) 不同的单元 units that differ: {', '.join(causes)}")
    return lines


def _listed(title: str, complaints: Sequence[Any] | None) -> list[str]:
    if complaints is None:
        return [f"- {title}: 见报告 this run was started by hand, see the report"]
    if not complaints:
        return [f"- {title}: 0"]
    more = len(complaints) - KEPT_LINES
    lines = [f"  - {plain(text)}" for text in complaints[:KEPT_LINES]] + ([f"  - … {more} more"] if more > 0 else [])
    return [f"- {title}: {len(complaints)}", *lines]


def plain(text: Any) -> str:
    """Return the text so that Markdown shows it as it stands: names come from files."""
    return re.sub(r"([\\`*_\[\]<>#|!&~])", r"\\\1", " ".join(str(text).split()))


def _working_run(target: Target) -> str | None:
    from warehouse import db

    sql = f"select run_id from run.manifest where year = {int(target['year'])}"
    found = db.read_arrow(settings_of(target), sql).column("run_id").to_pylist()
    return found[0] if found else None
