"""Publishing: whole years, one rename, other years untouched, equal bytes for equal work."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from landgauge.errors import StageFailed
from landgauge.settings import Settings, year_end
from warehouse import db, kept
from warehouse.publish import publish


def settings_for(folder: Path, year: int, approved_by: str | None = None) -> Settings:
    return Settings(warehouse=folder, year=year, as_of=year_end(year), approved_by=approved_by)


def build(settings: Settings, run_id: str, areas: dict[str, float], indicator_name: str = "容积率") -> None:
    """Stand in for the stages before publish: the working marts of one year."""
    with db.connect(settings) as con:
        con.execute(
            "create schema if not exists run; create schema if not exists profile; create schema if not exists marts"
        )
        con.execute(
            "create table if not exists run.manifest (year integer, run_id varchar, as_of_date date, "
            "schemes varchar[], inputs_sha256 varchar, policy_sha256 varchar, code_sha256 varchar, "
            "git_sha varchar, started_at timestamp)"
        )
        con.execute("delete from run.manifest where year = ?", [settings.year])
        con.execute(
            "insert into run.manifest values (?, ?, ?, ['s'], 'i', 'p', 'c', null, ?)",
            [settings.year, run_id, settings.as_of, datetime(2025, 1, 1)],
        )
        con.execute("create or replace table profile.setting as select true as generated, ['注意'] as notes")
        con.execute(
            "create or replace table marts.dim_parcel "
            "(parcel_code varchar, year integer, site_area_m2 double, run_id varchar)"
        )
        con.executemany(
            "insert into marts.dim_parcel values (?, ?, ?, ?)",
            [(code, settings.year, area, run_id) for code, area in areas.items()],
        )
        con.execute("comment on column marts.dim_parcel.site_area_m2 is '宗地面积, m2'")
        con.execute(
            "create or replace table marts.dim_indicator as "
            "select 'plot_ratio' as indicator_code, ? as name_zh, ? as run_id",
            [indicator_name, run_id],
        )


def rows(settings: Settings, sql: str) -> list[tuple]:
    with duckdb.connect(str(settings.snapshot), read_only=True) as con:
        return con.execute(sql).fetchall()


def digests(settings: Settings) -> dict[str, str]:
    folder = settings.published / "parquet"
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*.parquet"))
        if "fct_run" not in path.parts
    }


def test_a_year_replaces_its_own_rows_and_no_others(tmp_path: Path) -> None:
    for year, run_id, areas in (
        (2023, "a" * 16, {"p": 1.0}),
        (2024, "b" * 16, {"p": 2.0, "q": 3.0}),
        (2023, "d" * 16, {"r": 9.0}),
    ):
        settings = settings_for(tmp_path, year)
        build(settings, run_id, areas)
        publish(settings)
    found = rows(settings, "from marts.dim_parcel order by year, parcel_code")
    assert found == [("r", 2023, 9.0, "d" * 16), ("p", 2024, 2.0, "b" * 16), ("q", 2024, 3.0, "b" * 16)]


def test_a_row_of_no_year_keeps_the_run_that_last_changed_it(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, 2024)
    build(settings, "a" * 16, {"p": 1.0})
    publish(settings)
    build(settings, "b" * 16, {"p": 1.0})
    publish(settings)
    assert rows(settings, "select run_id from marts.dim_indicator") == [("a" * 16,)]
    build(settings, "c" * 16, {"p": 1.0}, indicator_name="容积率 (改)")
    publish(settings)
    assert rows(settings, "select run_id from marts.dim_indicator") == [("c" * 16,)]


def test_the_same_work_again_gives_the_same_parquet_bytes(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, 2024)
    build(settings, "a" * 16, {"q": 2.0, "p": 1.0})
    publish(settings)
    first = digests(settings)
    build(settings, "a" * 16, {"p": 1.0, "q": 2.0})
    publish(settings)
    assert digests(settings) == first
    assert set(first) == {"dim_parcel/2024.parquet", "dim_indicator/all.parquet"}


def test_rows_in_another_order_give_the_same_parquet_bytes(tmp_path: Path) -> None:
    found = []
    for place, areas in (("one", {"q": 2.0, "p": 1.0}), ("other", {"p": 1.0, "q": 2.0})):
        settings = settings_for(tmp_path / place, 2024)
        build(settings, "a" * 16, areas)
        publish(settings)
        found.append(digests(settings))
    assert found[0] == found[1]


def test_a_run_published_again_writes_only_what_differs(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, 2024)
    build(settings, "a" * 16, {"p": 1.0, "q": 2.0})
    publish(settings)
    first = {path.parent.name: path for path in kept.parquet_folder(settings).rglob("*.parquet")}
    build(settings, "a" * 16, {"q": 2.0, "p": 1.0})
    publish(settings_for(tmp_path, 2024, approved_by="委员会"))
    second = {path.parent.name: path for path in kept.parquet_folder(settings).rglob("*.parquet")}
    assert {name for name in second if not second[name].samefile(first[name])} == {"fct_run"}
    build(settings, "a" * 16, {"p": 2.0, "q": 1.0})  # the same numbers, of other parcels
    publish(settings)
    third = {path.parent.name: path for path in kept.parquet_folder(settings).rglob("*.parquet")}
    assert {name for name in third if not third[name].samefile(second[name])} == {"fct_run", "dim_parcel"}
    assert rows(settings, "select parcel_code, site_area_m2 from marts.dim_parcel order by 1") == [("p", 2), ("q", 1)]


def test_a_parquet_file_that_is_gone_is_written_again(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, 2024)
    build(settings, "a" * 16, {"p": 1.0})
    publish(settings)
    first = digests(settings)
    for name in first:
        (settings.published / "parquet" / name).unlink()
    publish(settings)
    assert digests(settings) == first


def test_a_year_replaced_again_and_again_leaves_no_growing_file(tmp_path: Path) -> None:
    """Freed blocks are used again: two years in turn."""
    sizes = []
    for number in range(6):
        settings = settings_for(tmp_path, 2023 + number % 2)
        build(settings, f"{number:016d}", {"p": 1.0})
        with db.connect(settings) as con:
            con.execute(
                "insert into marts.dim_parcel select md5(i || '-' || $run), $year, i / 7, $run from range(10000) t(i)",
                {"year": settings.year, "run": f"{number:016d}"},
            )
        publish(settings)
        sizes.append(settings.snapshot.stat().st_size)
    assert sizes[-1] <= 1.2 * sizes[2]


def test_approval_makes_a_year_final_even_after_another_year_was_built(tmp_path: Path) -> None:
    build(settings_for(tmp_path, 2023), "a" * 16, {"p": 1.0})
    publish(settings_for(tmp_path, 2023))
    build(settings_for(tmp_path, 2024), "b" * 16, {"p": 2.0})
    approved = settings_for(tmp_path, 2023, approved_by="土地管理委员会")
    publish(approved)
    assert rows(approved, "select run_id, state, approved_by from marts.fct_run order by state") == [
        ("a" * 16, "final", "土地管理委员会"),
        ("a" * 16, "provisional", None),
    ]
    assert rows(approved, "select count(*) from marts.dim_parcel where year = 2024") == [(0,)]


def test_a_year_that_was_not_built_is_refused_and_the_old_snapshot_stands(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, 2024)
    build(settings, "a" * 16, {"p": 1.0})
    publish(settings)
    before = settings.snapshot.read_bytes()
    with db.connect(settings) as con:
        con.execute("update run.manifest set run_id = 'other'")
    with pytest.raises(StageFailed, match="not built"):
        publish(settings)
    assert settings.snapshot.read_bytes() == before
    assert not list(settings.published.glob(".building*"))


def test_a_reader_keeps_the_snapshot_that_it_opened(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, 2024)
    build(settings, "a" * 16, {"p": 1.0})
    publish(settings)
    with settings.snapshot.open("rb") as open_reader:
        inode = settings.snapshot.stat().st_ino
        build(settings, "b" * 16, {"p": 7.0})
        publish(settings)
        assert settings.snapshot.stat().st_ino != inode
        assert open_reader.read(4) is not None
    assert rows(settings, "select site_area_m2 from marts.dim_parcel") == [(7.0,)]


def test_comments_reach_the_reader(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, 2024)
    for letter in "ab":
        build(settings, letter * 16, {"p": 1.0})
        publish(settings)
    assert rows(settings, "select comment from duckdb_columns() where column_name = 'site_area_m2'") == [
        ("宗地面积, m2",)
    ]


def test_a_column_added_later_is_null_in_the_years_before(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, 2023)
    build(settings, "a" * 16, {"p": 1.0})
    publish(settings)
    later = settings_for(tmp_path, 2024)
    build(later, "b" * 16, {"p": 2.0})
    with db.connect(later) as con:
        con.execute("alter table marts.dim_parcel add column town_code varchar default 't'")
    publish(later)
    assert rows(later, "select year, town_code from marts.dim_parcel order by year") == [(2023, None), (2024, "t")]


def build_change(settings: Settings, run_id: str, year_after: str | None = None) -> None:
    """The year's changes, and those of the year after, which keep the run that published that year."""
    build(settings, run_id, {"p": 1.0})
    rows_of = [("p", settings.year, 1.0, run_id)]
    if year_after:
        rows_of += [(unit, settings.year + 1, 2.0, year_after) for unit in ("p", "q")]
    with db.connect(settings) as con:
        con.execute(
            "create or replace table marts.fct_score_change (unit_code varchar, year integer, score double, "
            "run_id varchar, scale varchar default 's', scheme_code varchar default 's', "
            "scheme_version varchar default '1')"
        )
        columns = "unit_code, year, score, run_id"
        con.executemany(f"insert into marts.fct_score_change ({columns}) values (?, ?, ?, ?)", rows_of)


def test_a_year_also_replaces_the_changes_of_the_year_after(tmp_path: Path) -> None:
    """2024 alone, then 2023, which carries the changes of 2024: only these tables of 2024 are written anew."""
    later, earlier = settings_for(tmp_path, 2024), settings_for(tmp_path, 2023)
    build_change(later, "b" * 16)
    publish(later)
    build_change(earlier, "a" * 16, year_after="b" * 16)
    publish(earlier)
    found = rows(earlier, "select unit_code, year, score, run_id from marts.fct_score_change order by all")
    assert found == [("p", 2023, 1, "a" * 16), ("p", 2024, 2, "b" * 16), ("q", 2024, 2, "b" * 16)]
    assert rows(earlier, "select year, run_id from marts.dim_parcel order by 1") == [(2023, "a" * 16), (2024, "b" * 16)]
    folder = earlier.published / "parquet" / "fct_score_change"
    with duckdb.connect() as con:
        counts = {p.name: con.execute(f"select count(*) from '{p}'").fetchone() for p in folder.iterdir()}
    assert counts == {"2023.parquet": (1,), "2024.parquet": (2,)}


def test_carried_changes_do_not_pass_for_a_built_year(tmp_path: Path) -> None:
    """The working marts are of 2023; rows of 2024 among them must not let 2024 be published from them."""
    later = settings_for(tmp_path, 2024)
    build_change(later, "b" * 16)
    publish(later)
    build_change(settings_for(tmp_path, 2023), "a" * 16, year_after="b" * 16)
    with pytest.raises(StageFailed, match="not built"):
        publish(later)
    publish(settings_for(tmp_path, 2024, approved_by="土地管理委员会"))
    assert rows(later, "select parcel_code, run_id from marts.dim_parcel where year = 2024") == [("p", "b" * 16)]


def test_a_calendar_of_another_day_is_not_published_but_an_approval_goes_through(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, 2024)
    due = "create or replace table marts.fct_stage_due as select date '{}' as as_of_date, 'XY-1' as agreement_no, "
    due += "'开工' as obligation, date '2025-01-01' as due_date, 1 as seq_no, 'aaaaaaaaaaaaaaaa' as run_id"
    for day in ("2024-12-31", "2025-02-01"):
        build(settings, "a" * 16, {"p": 1.0})
        with db.connect(settings) as con:
            con.execute(due.format(day))
        if day == "2024-12-31":
            publish(settings)
    with pytest.raises(StageFailed, match="not built as of 2024-12-31"):
        publish(settings)
    publish(settings_for(tmp_path, 2024, approved_by="委员会"))
    assert rows(settings, "select as_of_date::varchar from marts.fct_stage_due") == [("2024-12-31",)]
    assert rows(settings, "select state from marts.fct_run order by state") == [("final",), ("provisional",)]
