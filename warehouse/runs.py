"""`fct_run`: the published runs, in each state in which they were published."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb

from landgauge.settings import Settings
from landgauge.sql import literal

TABLE = "fct_run"
_COMMENT = "已发布的运行 (published runs, in each state in which they were published)"
# column: type and comment; those of the manifest are taken over as they are
_COLUMNS = {
    "run_id": ("varchar", "运行标识 (digest of inputs, policy, code, profile and year)"),
    "state": ("varchar", "状态 (provisional 暂定, final 最终)"),
    "year": ("integer", "年度 (evaluated year)"),
    "as_of_date": ("date", "观察日 (day on which due dates are looked at)"),
    "schemes": ("varchar[]", "评价方案 (codes of the schemes)"),
    "git_sha": ("varchar", "代码提交 (commit of the code; NULL = not known)"),
    "inputs_sha256": ("varchar", "输入摘要 (digest of the files in force)"),
    "policy_sha256": ("varchar", "政策摘要 (digest of the policy)"),
    "code_sha256": ("varchar", "代码摘要 (digest of the code)"),
    "started_at": ("timestamp", "开始时间, UTC (start)"),
    "finished_at": ("timestamp", "结束时间, UTC (end)"),
    "published_at": ("timestamp", "发布时间, UTC (time of publication)"),
    "approved_by": ("varchar", "批准人 (who approved it; NULL = provisional)"),
    "generated": ("boolean", "是否生成数据 (the data are generated, not of a real city)"),
    "notes": ("varchar[]", "须知 (what a reader must know)"),
}
_OF_MANIFEST = ("run_id", "year", "as_of_date", "schemes", "git_sha", "inputs_sha256", "policy_sha256", "code_sha256",
                "started_at")  # fmt: skip


def create(con: duckdb.DuckDBPyConnection) -> None:
    """Create the table in schema `marts`, where it does not stand, and its comments, where they do not."""
    columns = ", ".join(f"{name} {kind}" for name, (kind, _) in _COLUMNS.items())
    con.execute(f"create table if not exists marts.{TABLE} ({columns})")
    said = con.execute(
        "select comment from duckdb_tables() where table_name = ? and database_name = current_database()", [TABLE]
    ).fetchone()
    if said == (None,):
        con.execute(f"comment on table marts.{TABLE} is {literal(_COMMENT)}")
        for name, (_, text) in _COLUMNS.items():
            con.execute(f"comment on column marts.{TABLE}.{name} is {literal(text)}")


def of_year(con: duckdb.DuckDBPyConnection, year: int) -> dict[str, Any] | None:
    """The manifest of the year's last ingestion in the attached working file; None before it."""
    cursor = con.execute("select * from work.run.manifest where year = ?", [year])
    row = cursor.fetchone()
    return dict(zip([c[0] for c in cursor.description], row, strict=True)) if row else None


def is_published(con: duckdb.DuckDBPyConnection, run_id: str) -> bool:
    """Tell whether a run stands in the snapshot."""
    return con.execute(f"select count(*) from marts.{TABLE} where run_id = ?", [run_id]).fetchone()[0] > 0


def record(con: duckdb.DuckDBPyConnection, settings: Settings, run: Mapping[str, Any]) -> None:
    """Write the run's row in the state in which it is published now; an earlier one in that state goes."""
    state, now = "final" if settings.approved_by else "provisional", _later(con)
    generated, notes = con.execute("select generated, notes from work.profile.setting").fetchone()
    con.execute(f"delete from marts.{TABLE} where run_id = ? and state = ?", [run["run_id"], state])
    row = {name: run[name] for name in _OF_MANIFEST} | {
        "state": state,
        "finished_at": now,
        "published_at": now,
        "approved_by": settings.approved_by,
        "generated": generated,
        "notes": notes,
    }
    marks = ", ".join(f"${name}" for name in row)
    con.execute(f"insert into marts.{TABLE} ({', '.join(row)}) values ({marks})", row)


def _later(con: duckdb.DuckDBPyConnection) -> datetime:
    """Now in UTC, but after every publication: a clock that was set back must not make the newest one older."""
    now = datetime.now(UTC).replace(tzinfo=None)
    ((newest,),) = con.execute(f"select max(published_at) from marts.{TABLE}").fetchall()
    return now if newest is None or now > newest else newest + timedelta(microseconds=1)
