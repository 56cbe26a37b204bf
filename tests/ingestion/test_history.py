"""The past of a ledger: what was known at each moment comes back, whatever came later."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import duckdb
import pytest
from landings import HEADER, P1, P2, P3, U1, City, parcels

from ingestion import history, ledger
from ingestion.load import ingest
from landgauge.errors import ConfigurationError

A, B = "parcels/2024/a.csv", "parcels/2024/b.csv"
LATER = datetime(2999, 1, 1)
DAYS = [datetime(2025, 1, day) for day in range(1, 29)]
GREEN = f"{HEADER},绿地面积\n"
CORRECTIONS = "编号,数据集,年份,主键,字段,原值,新值,原因,批准人,日期\n"
AGREEMENTS = "协议编号,宗地代码,统一社会信用代码,签订日期,用地终止日期,供应方式\n"
EVENTS = "协议编号,事件,日期\n"
BUILDINGS = "建筑编号,宗地代码,建筑用途,建筑占地面积,建筑面积\n"
TABLES = (
    "select * exclude (loaded_at, rules_sha256) from ledger.load order by load_id",
    "from ledger.load_column order by all",
    "select f.* from quarantine.finding as f join ledger.load as l using (load_id) where l.state <> 'superseded' "
    "order by all",
    "from accepted.parcels order by all",
    "from accepted.buildings order by all",
    "from accepted.agreements order by all",
    "from accepted.agreement_events order by all",
    "from accepted.corrections order by all",
    "select * exclude (started_at, mapping_json) from run.manifest where year = 2024",
)


def correction(number: str, old: str, new: str, column: str = "green_area_m2", code: str = P1) -> str:
    return f'{number},parcels,2024,"{{""parcel_code"": ""{code}""}}",{column},{old},{new},笔误,张三,2024-06-01\n'


def take(city: City, moment: datetime, year: int = 2024) -> None:
    ingest(replace(city.settings(year), recorded_at=moment))


def state(path: Path) -> list[list[tuple[Any, ...]]]:
    with duckdb.connect(str(path)) as con:
        return [con.execute(sql).fetchall() for sql in TABLES]


def rewound(city: City, moment: datetime, name: str = "past", **options: Any) -> Path:
    settings = city.settings()
    target = replace(settings, warehouse=city.warehouse.parent / name, landing=None)
    target.database.unlink(missing_ok=True)
    history.rewind(settings, target, moment, **options)
    return target.database


@pytest.mark.slow
def test_every_state_comes_back(tmp_path):
    """A declaration with a bad row, a rejected correction of it, a good one, a correction, and a mapping's word."""
    steps: list[dict[str, str]] = [
        {
            "mapping.yml": f"- {{files: '{A}', datasets: {{parcels: {{}}}}}}\n",
            A: f"{GREEN}{P1},440112,M1,1000,200\n{P2},440112,M1,-5,\n{P2},440112,M1,1000,10\n",
            B: f"{GREEN}{P2},440112,M1,2000,10\n",
            "buildings/2024/b.csv": BUILDINGS + f"1,{P1},生产,1,1\n2,{P3},生产,1,1\n",
        },
        {A: parcels(P1, P2).replace("宗地面积", "大小")},
        {
            A: f"{GREEN}{P1},440112,M1,1000,200\n{P3},440112,M1,1000,\n",
            "corrections/2024/c.csv": CORRECTIONS + correction("1", "200", "300") + correction("2", "9", "8", code=P2),
        },
        {
            "mapping.yml": f"- {{files: '{A}', supersedes: '{B}', datasets: {{parcels: {{}}}}}}\n",
            "corrections/2024/d.csv": CORRECTIONS + correction("3", "300", "400"),
        },
    ]
    city, published = City(tmp_path), []
    for moment, files in zip(DAYS, steps, strict=False):
        city.put(files)
        take(city, moment)
        published.append(state(city.settings().database))
    (tmp_path / "landing").rename(tmp_path / "gone")
    before = city.settings().database.read_bytes()
    for number, (moment, expected) in enumerate(zip(DAYS, published, strict=False)):
        found = state(rewound(city, moment + timedelta(hours=23 * (number % 2))))
        for sql, now, then in zip(TABLES, found, expected, strict=True):
            assert now == then, (moment, sql)
    assert city.settings().database.read_bytes() == before


def test_nothing_was_known_before_the_first_declaration(tmp_path):
    city = City(tmp_path).put({A: parcels(P1)})
    ingest(replace(city.settings(), as_of=date(2025, 3, 1), schemes=("built_form",), recorded_at=DAYS[3]))
    with pytest.raises(ConfigurationError, match="2025-01-04"):
        rewound(city, DAYS[3] - timedelta(seconds=1))
    with pytest.raises(ConfigurationError, match="no parcels were ever declared for 2023"):
        history.rewind(city.settings(2023), replace(city.settings(2023), warehouse=tmp_path / "other"), DAYS[3])
    sql = "select as_of_date, schemes from run.manifest"
    with duckdb.connect(str(rewound(city, DAYS[3]))) as con:
        assert con.execute(sql).fetchall() == [(date(2025, 3, 1), ["built_form"])]
    with duckdb.connect(str(rewound(city, DAYS[4], due_on=date(2025, 5, 1)))) as con:
        assert con.execute(sql).fetchall() == [(date(2025, 5, 1), ["built_form"])]
    assert city.ask("select notes from profile.setting") == [([],)]


def test_recorded_time_does_not_run_backwards():
    with duckdb.connect() as con:
        con.execute("create schema ledger; create table ledger.load (recorded_at timestamp, superseded_at timestamp)")
        assert ledger.recording_time(con, DAYS[0]) == DAYS[0]
        con.execute("insert into ledger.load values (?, null), (?, ?)", [DAYS[3], DAYS[2], DAYS[4]])
        assert ledger.recording_time(con, DAYS[4]) == DAYS[4]
        assert ledger.recording_time(con, None) > DAYS[4]
        with pytest.raises(ConfigurationError, match="newest recorded time"):
            ledger.recording_time(con, DAYS[3])
        with pytest.raises(ConfigurationError, match="has not come yet"):
            ledger.recording_time(con, LATER)
        con.execute("insert into ledger.load values (?, null)", [LATER])
        assert ledger.recording_time(con, None) == LATER


def test_a_load_done_again_in_place_keeps_its_time(tmp_path):
    """A rejected file that the mapping explains later is read, for the past too, as today's rules read it."""
    city = City(tmp_path).put({A: f"{HEADER}\n{P1},440112,M1,1\n"})
    take(city, DAYS[0])
    city.put({A: parcels(P1, P2).replace("宗地面积", "大小")})
    take(city, DAYS[1])
    assert [row[0] for row in city.ask("select state from ledger.load order by load_id")] == ["loaded", "rejected"]
    city.put({"mapping.yml": f"- {{files: '{A}', datasets: {{parcels: {{columns: {{site_area_m2: 大小}}}}}}}}\n"})
    take(city, DAYS[2])
    take(city, DAYS[0])  # an earlier time, and nothing to record
    assert city.ask("select state, recorded_at, superseded_at from ledger.load order by load_id") == [
        ("superseded", DAYS[0], DAYS[1]),
        ("loaded", DAYS[1], None),
    ]
    with duckdb.connect(str(rewound(city, DAYS[1]))) as con:
        assert con.execute("select state from ledger.load order by load_id").fetchall() == [
            ("superseded",),
            ("loaded",),
        ]
    with duckdb.connect(str(rewound(city, DAYS[0]))) as con:
        assert con.execute("select parcel_code, site_area_m2 from accepted.parcels").fetchall() == [(P1, 1.0)]


@pytest.mark.slow
def test_a_warehouse_without_history_is_upgraded(tmp_path):
    city = City(tmp_path).put({A: parcels(P1)})
    city.ingest()
    city.put({A: parcels(P1, P2)})
    city.ingest()
    with city.open() as con:
        for column in ("recorded_at", "superseded_at", "former_state"):
            con.execute(f"alter table ledger.load drop column {column}")
        con.execute("drop table run.warehouse_version")
    with pytest.raises(ConfigurationError, match="no history yet"):
        rewound(city, LATER)
    city.ingest()
    times = "select recorded_at = loaded_at, superseded_at is not null from ledger.load order by load_id"
    assert city.ask(times) == [(True, True), (True, False)]
    assert Path(rewound(city, LATER)).is_file()
    ((first,),) = city.ask("select min(recorded_at) from ledger.load")
    with pytest.raises(ConfigurationError, match="before the ledger kept its history"):
        rewound(city, first)


ORDERS = [pytest.param(order, marks=pytest.mark.slow) for order in permutations((2022, 2023, 2024))]
ORDERS[4] = pytest.param((2024, 2022, 2023))


@pytest.mark.parametrize("order", ORDERS)
def test_years_may_be_loaded_in_any_order(tmp_path, order):
    """Agreements of a year lose their orphans when its parcels come, and so do the events of those agreements."""
    files = {}
    for year, code in ((2022, P1), (2023, P2), (2024, P3)):
        rows = "".join(f"X{year}{i},{p},{U1},2020-01-01,2040-01-01,出让\n" for i, p in enumerate((P1, P2, P3)))
        events = "".join(f"X{y}{i},开工,2021-01-{year % 100}\n" for y in (2022, 2023, 2024) for i in range(3))
        files |= {
            f"parcels/{year}/p.csv": f"{GREEN}{code},440112,M1,1000,1\n",
            f"agreements/{year}/a.csv": AGREEMENTS + rows,
            f"agreement_events/{year}/e.csv": EVENTS + events,
        }
    files["corrections/2022/c.csv"] = (CORRECTIONS + correction("1", "1", "2")).replace(",2024,", ",2022,")
    city = City(tmp_path).put(files)
    for year in order:
        city.ingest(year)
    accepted = "select data_year, agreement_no from accepted.agreements order by all"
    assert city.ask(accepted) == [(2022, "X20220"), (2023, "X20231"), (2024, "X20242")]
    events = "select data_year, list(agreement_no order by agreement_no) from accepted.agreement_events group by 1"
    known = ["X20220", "X20231", "X20242"]
    assert city.ask(f"{events} order by 1") == [(2022, known[:1]), (2023, known[:2]), (2024, known)]
    assert city.ask("select data_year, green_area_m2 from accepted.parcels order by 1") == [
        (2022, 2.0),
        (2023, 1.0),
        (2024, 1.0),
    ]
    assert city.ask("select sum(rows_in), sum(accepted), sum(quarantined) from ledger.load") == [(40, 13, 27)]
    named = "select run_id from run.manifest where year = 2024"
    before = city.ask(named)
    city.ingest(2024)
    assert (city.ask(named) == before) == (order[-1] == 2024)  # named by what decides its orphans, too


DEADLY = """
import importlib, os, signal, sys
from landgauge import cli, stages
place, call = sys.argv[1], int(sys.argv[2])
module, _, path = place.partition(":")
owner = importlib.import_module(module)
*outer, name = path.split(".")
for step in outer:
    owner = getattr(owner, step)
real, calls = getattr(owner, name), []
def deadly(*args, **kwargs):
    calls.append(place)
    if len(calls) == call:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*args, **kwargs)
setattr(owner, name, deadly)
stages.STAGES = stages.STAGES[:1]  # what comes after rewinding is killed in other tests
sys.exit(cli.main(sys.argv[3:]))
"""


def killed(place: str, call: int, *command: str) -> None:
    done = subprocess.run([sys.executable, "-c", DEADLY, place, str(call), *command], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.slow
def test_a_kill_leaves_the_warehouse_usable_and_a_repeat_completes(tmp_path):
    city = City(tmp_path).put({A: f"{GREEN}{P1},440112,M1,1000,200\n", B: parcels(P2)})
    take(city, DAYS[0])
    first = state(city.settings().database)
    city.put({A: f"{GREEN}{P1},440112,M1,1000,300\n{P3},440112,M1,1,\n"})
    city.put({"corrections/2024/c.csv": CORRECTIONS + correction("1", "300", "400")})
    common = ("--warehouse", str(city.warehouse), "--year", "2024")
    ingesting = ("ingest", "--landing", str(city.landing), *common, "--recorded-at", DAYS[1].isoformat())
    for place in ("ledger:supersede", "resolve:count", "corrections:_keep_changed", "manifest:write"):
        killed(f"ingestion.{place}", 1, *ingesting)
        assert city.ask("select count(*) from accepted.parcels") in ([(2,)], [(3,)])
    assert state(rewound(city, DAYS[0])) == first
    take(city, DAYS[1])
    assert city.ask("select green_area_m2 from accepted.parcels order by parcel_code") == [(400.0,), (None,), (None,)]
    assert city.ask("select file_name, state from ledger.load order by load_id") == [
        (A, "superseded"),
        (B, "loaded"),
        ("corrections/2024/c.csv", "loaded"),
        (A, "loaded"),
    ]
    _restating(city, first, ("restate", *common, "--as-of", "2025-01-01"))


def _restating(city: City, first: list[list[tuple[Any, ...]]], command: tuple[str, ...]) -> None:
    out, live = city.warehouse / "restated" / "2024" / "2025-01-01", city.settings().database.read_bytes()
    place = "pathlib:Path.rename"
    for step in ("ingestion.history:_say", place):
        killed(step, 1, *command)
        assert not out.exists()
    subprocess.run([sys.executable, "-c", DEADLY, place, "9", *command], check=True, capture_output=True)
    assert state(out / "warehouse.duckdb") == first
    killed(place, 2, *command)  # the earlier one is out of the way, the new one not yet in its place
    subprocess.run([sys.executable, "-c", DEADLY, place, "9", *command], check=True, capture_output=True)
    assert state(out / "warehouse.duckdb") == first
    assert [path.name for path in out.parent.iterdir()] == [out.name]
    assert city.settings().database.read_bytes() == live
