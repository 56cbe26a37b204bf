"""The ledger's promises: what is loaded once, what supersedes what, what stays, what a run is called."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pytest
from landings import HEADER, P1, P2, P3, City, parcels

from ingestion import intake, ledger, manifest, resolve, rows
from ingestion.contract import all_contracts
from ingestion.geometry import NO_GEOMETRY
from landgauge import profile
from landgauge.errors import ConfigurationError

A, B = "parcels/2024/a.csv", "parcels/2024/b.csv"
TABLES = (
    "select * exclude (loaded_at, recorded_at, superseded_at) from ledger.load order by load_id",
    "from ledger.load_column order by all",
    "from quarantine.finding order by all",
    "from qc.source_finding order by all",
    "from accepted.parcels order by all",
    "from accepted.buildings order by all",
    "select * exclude (started_at) from run.manifest order by year",
)


def everything(city: City) -> list[object]:
    with city.open() as con:
        return [con.execute(sql).fetchall() for sql in TABLES]


def test_the_same_again_changes_nothing(tmp_path):
    city = City(tmp_path).put({A: parcels(P1, P1, "bad"), "buildings/2024/b.csv": "建筑编号\n1\n"})
    first = city.ingest()
    before = everything(city)
    again = city.ingest()
    assert again.unchanged
    assert replace(again, unchanged=False) == first
    assert everything(city) == before
    assert first.rows == {"files": 2, "rows_in": 4, "accepted": 1, "quarantined": 3, "superseded": 0}
    assert len(first.complaints) == 1


def test_the_same_bytes_under_another_name_are_no_second_load(tmp_path):
    city = City(tmp_path).put({A: parcels(P1), B: parcels(P1)})
    city.ingest()
    assert city.ledger() == {A: ("loaded", 1, 1, 0, 0)}
    city.put({"parcels/2023/a.csv": parcels(P1)})
    city.ingest(2023)
    assert city.ask("select data_year from ledger.load order by 1") == [(2023,), (2024,)]


def test_a_corrected_file_supersedes_and_the_old_rows_are_kept(tmp_path):
    city = City(tmp_path).put({A: parcels(P1, "bad")})
    city.ingest()
    city.put({A: parcels(P1, P2)})
    city.ingest()
    found = city.ask(
        "select state, rows_in, accepted, quarantined, superseded, superseded_by from ledger.load order by 1"
    )
    assert found == [("loaded", 2, 2, 0, 0, None), ("superseded", 2, 0, 0, 2, 2)]
    assert city.rules("parcels") == []
    assert city.ask("select count(*) from raw.parcels") == [(3,)]
    assert city.ask("select count(*) from accepted.parcels") == [(2,)]
    city.put({A: parcels(P1, "bad")})
    city.ingest()
    assert city.ask("select count(*) from ledger.load") == [(2,)]


def test_a_rejected_file_supersedes_nothing_and_its_correction_ends_it(tmp_path):
    city = City(tmp_path).put({A: parcels(P1)})
    city.ingest()
    city.put({A: parcels(P1, P2).replace("宗地面积", "面积多少")})
    assert len(city.ingest().complaints) == 1
    assert city.ask("select state from ledger.load order by load_id") == [("loaded",), ("rejected",)]
    assert city.ask("select parcel_code from accepted.parcels") == [(P1,)]
    city.put({A: parcels(P1, P2, P3)})
    assert city.ingest().complaints == ()
    found = city.ask("select state, rows_in, superseded from ledger.load order by load_id")
    assert found == [("superseded", 1, 1), ("superseded", 2, 2), ("loaded", 3, 0)]
    assert city.rules("parcels") == []


def test_what_is_gone_from_the_landing_stays_and_follows_its_rules(tmp_path):
    city = City(tmp_path).put({A: parcels(P1)})
    city.ingest()
    (city.landing / A).unlink()
    city.ingest()
    assert city.ledger() == {A: ("loaded", 1, 1, 0, 0)}
    city.put({"city.yml": "parcel_code_pattern: '^X'\n"})
    city.ingest()
    assert city.ledger() == {A: ("loaded", 1, 0, 1, 0)}
    assert city.ask("select load_id from ledger.load") == [(1,)]


def test_a_rejected_file_is_tried_again_when_the_mapping_explains_it(tmp_path):
    city = City(tmp_path).put({A: parcels(P1).replace("宗地面积", "大小")})
    city.ingest()
    assert city.ledger()[A][0] == "rejected"
    city.put({"mapping.yml": "- {files: 'parcels/*/*', datasets: {parcels: {columns: {site_area_m2: 大小}}}}"})
    city.ingest()
    assert city.ledger() == {A: ("loaded", 1, 1, 0, 0)}


def test_years_of_running_datasets(tmp_path):
    series = "行政区代码,行业代码,增加值\n440112,00,{}\n"
    files = {f"district_series/{y}/s.csv": series.format(y) for y in (2022, 2023, 2024, 2025)}
    city = City(tmp_path).put({A: parcels(P1), "parcels/2023/a.csv": parcels(P2), **files})
    city.ingest(2024)
    loaded = "select dataset, data_year from ledger.load order by all"
    assert city.ask(loaded) == [
        ("district_series", 2022),
        ("district_series", 2023),
        ("district_series", 2024),
        ("parcels", 2024),
    ]
    city.ingest(2023)
    assert ("parcels", 2023) in city.ask(loaded)
    assert ("district_series", 2025) not in city.ask(loaded)


def test_other_files_of_the_landing(tmp_path):
    city = City(tmp_path).put(
        {
            A: parcels(P1),
            "parcels/2024/.hidden.csv": "x",
            "parcels/2024/~$a.xlsx": "x",
            "parcels/2024/east/deep.csv": parcels(P2),
            "parcels/2024/note.docx": "x",
            "parcel/2024/a.csv": parcels(P3),
            "truth.json": "{}",
        }
    )
    result = city.ingest()
    assert {name: row[0] for name, row in city.ledger().items()} == {
        A: "loaded",
        "parcel/2024/a.csv": "rejected",
        "parcels/2024/east/deep.csv": "loaded",
        "parcels/2024/note.docx": "rejected",
    }
    assert len(result.complaints) == 2
    assert city.ask("select rule_code from quarantine.finding order by 1") == [("file:dataset",), ("file:unreadable",)]


def test_the_original_is_kept_as_it_came(tmp_path):
    city = City(tmp_path).put({A: parcels(P1).encode("gb18030")})
    city.ingest()
    ((digest,),) = city.ask("select file_sha256 from ledger.load")
    assert (city.warehouse / "files" / digest).read_bytes() == (city.landing / A).read_bytes()
    assert list((city.warehouse / "files").iterdir()) == [city.warehouse / "files" / digest]


def test_a_year_without_parcels_is_a_wrong_call(tmp_path):
    city = City(tmp_path).put({"parcels/2023/a.csv": parcels(P1)})
    with pytest.raises(ConfigurationError, match="2024"):
        city.ingest(2024)


def test_a_missing_landing_folder_is_a_wrong_call(tmp_path):
    city = City(tmp_path)
    city.landing.rmdir()
    with pytest.raises(ConfigurationError, match="no such landing"):
        city.ingest()
    assert not city.warehouse.exists()


def test_every_contract_has_its_tables(tmp_path):
    city = City(tmp_path).put({A: parcels(P1)})
    city.ingest()
    counts = city.ask("select count(*) from duckdb_views() where schema_name = 'accepted'")
    assert counts == [(21,)]
    assert city.ask("select count(*) from accepted.verdicts") == [(0,)]
    assert city.ask("select code, is_industrial from profile.land_use where code = 'M1'") == [("M1", True)]
    assert city.ask("select level, parent_code from profile.industry where edition = '2017' and code = 'C26'") == [
        (2, "C")
    ]
    assert city.ask("select city_code, area_error, generated from profile.setting") == [("440100", 0.2, False)]


def test_raw_tables_have_the_columns_that_the_rules_give():
    city = profile.load(None)
    with duckdb.connect() as con:
        rows.prepare(con, city)
        con.execute(f"create temp table nothing as select cast(null as bigint) as row_no, {NO_GEOMETRY} limit 0")
        for contract in all_contracts().values():
            sql = rows.typed_select(contract, {}, rows.RowContext(city, 2024, False), "nothing")
            given = con.execute(f"describe select * exclude (row_no, is_bad) from ({sql})").fetchall()
            assert [(row[0], row[1]) for row in given] == list(rows.typed_columns(contract).items())


def test_a_column_new_to_a_contract_is_added_to_the_tables_that_stand():
    with duckdb.connect() as con:
        ledger.create(con)
        con.execute("drop view accepted.zones")
        con.execute("alter table raw.zones drop column floor_area_m2")
        ledger.create(con)
        for schema in ("raw", "accepted"):
            found = con.execute(f"describe {schema}.zones").fetchall()
            assert ("floor_area_m2", "DOUBLE") in [row[:2] for row in found]


def test_the_run_is_named_by_what_it_reads(tmp_path):
    city = City(tmp_path).put({A: parcels(P1), "parcels/2023/a.csv": parcels(P2)})
    city.ingest(2024)
    named = "select run_id, inputs_sha256 from run.manifest where year = 2024"
    before = city.ask(named)
    assert city.ask("select distinct run_id from ledger.load") == [before[0][:1]]
    city.ingest(2023)
    assert city.ask(named) == before
    city.ingest(2024)
    assert city.ask(named) == before
    city.put({B: parcels(P3)})
    city.ingest(2024)
    assert city.ask(named) != before


def test_checks_of_the_city_see_every_source_row(tmp_path):
    check = (
        'checks:\n- {code: size_zero, dataset: parcels, when: "try_cast(宗地面积 as double) = 0", '
        "message_zh: 面积为零, message_en: no area}\n"
    )
    city = City(tmp_path).put({A: parcels(P1, area="0"), "city.yml": check})
    city.ingest()
    found = city.ask("select row_no, rule_code, value, message_zh from qc.source_finding")
    assert found == [(1, "size_zero", "宗地面积=0", "面积为零")]
    assert city.rules("parcels") == [(1, "range:site_area_m2")]
    city.put({"city.yml": check.replace("try_cast(", "tr y(")})
    with pytest.raises(ConfigurationError, match="size_zero"):
        city.ingest()


@pytest.mark.parametrize("step", ["_write_part", "resolve_pending", "write_profile", "enter"])
def test_a_run_that_breaks_off_is_repeated_safely(tmp_path, monkeypatch, step):
    files = {A: parcels(P1, P1, P2), B: parcels(P3), "buildings/2024/b.csv": "建筑编号,宗地代码\n1,2\n"}
    whole = City(tmp_path / "whole").put(files)
    whole.ingest()
    city = City(tmp_path / "broken").put(files)
    owner = {"_write_part": intake, "resolve_pending": resolve, "write_profile": manifest, "enter": ledger}[step]
    real, calls = getattr(owner, step), []

    def fails_the_second_time(*args, **kwargs):
        calls.append(step)
        if len(calls) == (1 if step in ("resolve_pending", "write_profile") else 2):
            raise KeyboardInterrupt
        return real(*args, **kwargs)

    monkeypatch.setattr(owner, step, fails_the_second_time)
    with pytest.raises(KeyboardInterrupt):
        city.ingest()
    monkeypatch.undo()
    city.ingest()
    assert everything(city) == everything(whole)


def test_header_only_datasets_count_as_loaded(tmp_path):
    city = City(tmp_path).put({A: HEADER})
    assert city.ingest().rows["rows_in"] == 0
    assert city.ledger() == {A: ("loaded", 0, 0, 0, 0)}


def test_a_wrong_copy_does_not_hide_the_good_file(tmp_path):
    """Equal bytes under a name of another kind come first and are refused; the declaration itself is loaded."""
    text = parcels(P1)
    city = City(tmp_path).put({"parcels/2024/a.zip": text, "parcels/2024/b.csv": text})
    city.ingest()
    assert city.ledger() == {"parcels/2024/b.csv": ("loaded", 1, 1, 0, 0)}
    city.ingest()
    assert city.ledger() == {"parcels/2024/b.csv": ("loaded", 1, 1, 0, 0)}


def test_a_finding_keeps_the_beginning_of_an_endless_cell(tmp_path):
    long = "9" * 100_000
    city = City(tmp_path).put({"parcels/2024/p.csv": f"{HEADER}\n{long},440112,M1,5\n"})
    city.ingest()
    found = city.ask("select length(value), length(original_row) from quarantine.finding")
    assert len(found) == 1 and all(0 < length < 5000 for length in found[0])
