"""What is put before the person who approves a year, and what that person's answer allows."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import get_current_context

from dags.wiring import PROVISIONAL_EVALUATION, Target, settings_of, targets_of_run
from landgauge.errors import StageFailed

ANSWER_WITHIN = timedelta(days=90)  # then the task fails and the year stays provisional

_RUN = """
select run_id, as_of_date, generated, array_to_string(schemes, ', ') as schemes
from marts.fct_run
where year = ?
order by published_at desc, run_id
limit 1
"""
_COUNTS = {
    "地块 parcels": "select count(*) from marts.fct_parcel_year where year = ?",
    "企业 enterprises": "select count(*) from marts.fct_enterprise_year where year = ?",
    "隔离行 quarantined rows": "select coalesce(sum(quarantined), 0) from marts.fct_load where year = ?",
}
_GRADES = """
select scheme_code, scale, coalesce(grade_name_zh, grade, '未评 not rated') as grade, count(*) as units
from marts.fct_score
where year = ?
group by all
order by all
"""


def proposals() -> list[Target]:
    """Return the targets that await approval, each with the run that is published (`run_id`) and a `summary` of it.

    Raises StageFailed when a year has not been published.
    """
    return [_with_run(target) for target in targets_of_run(PROVISIONAL_EVALUATION)]


def approved(target: Target | None) -> Target:
    """Return a proposed target with the name of the person who approved it.

    Raises StageFailed when the year has been loaded or evaluated anew since: another run would be final.
    """
    assert target is not None, "publishing is mapped over proposals"
    answer = get_current_context()["ti"].xcom_pull(task_ids="approve")
    person = (answer or {}).get("responded_by_user") or {}
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
        grades = con.execute(_GRADES, [settings.year]).fetchall()
        counts = {label: con.execute(sql, [settings.year]).fetchone()[0] for label, sql in _COUNTS.items()}
    run_id, as_of, generated, schemes = row
    lines = [f"### {settings.year} · {run_id}", f"- 基准日 as of: {as_of}", f"- 方案 schemes: {schemes}"]
    lines += [f"- {label}: {int(n):,}" for label, n in counts.items()]
    lines += [f"- {scheme} · {scale} · {grade}: {n:,}" for scheme, scale, grade, n in grades]
    lines += [f"- 报告 report: `published/report/{settings.year}/city.html`"]
    lines += ["- 数据为生成的示例 the data are generated"] if generated else []
    return target | {"run_id": run_id, "as_of": as_of.isoformat(), "summary": "\n".join(lines)}


def _working_run(target: Target) -> str | None:
    from warehouse import db

    sql = f"select run_id from run.manifest where year = {int(target['year'])}"
    found = db.read_arrow(settings_of(target), sql).column("run_id").to_pylist()
    return found[0] if found else None
