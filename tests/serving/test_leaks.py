"""The leak test: every table as each role sees it, attempts to see more or to write, and policies taken away."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from landgauge.errors import COMPLAINTS, DONE
from tests.postgres_server import PASSWORD
from tests.serving.conftest import QUOTED
from tests.serving.owners import Owners, Row
from tests.serving.serving_rows import read
from warehouse.serving.load import serve

pytestmark = pytest.mark.acceptance
ROOT = Path(__file__).resolve().parents[2]
DATABASE = "landgauge"
DISTRICTS = [f"4401{n:02}" for n in (3, 4, 5, 6, 11, 12, 13, 14, 15, 17, 18)]
MINE, OTHER = "440112", "440118"


@pytest.fixture(scope="module")
def city(tmp_path_factory) -> Path:
    """A generated city of two years; LANDGAUGE_SNAPSHOT names one that stands already."""
    if given := os.environ.get("LANDGAUGE_SNAPSHOT"):
        return Path(given)
    warehouse = tmp_path_factory.mktemp("city")
    size = ["--parcels", "200", "--enterprises", "800", "--years", "2"]
    command = [sys.executable, "-m", "landgauge.cli", "demo", "--warehouse", str(warehouse), *size]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode in (DONE, COMPLAINTS)
    return warehouse / "published" / "current.duckdb"


@pytest.fixture(scope="module")
def expected(city) -> tuple[dict[str, list[Row]], Owners]:
    owners = Owners(city)
    return dict(owners.tables()), owners


@pytest.fixture(scope="module")
def loaded(serving, city):
    """The database as docs/serving.md sets it up, loaded, with a login for each kind of reader."""
    setup = re.search(r"```sql\n(.*?)```", (ROOT / "docs" / "serving.md").read_text(encoding="utf-8"), re.S)
    serving.server.sql(setup.group(1))
    serving.server.sql(f"alter role landgauge_loader password '{QUOTED}'")
    serve(city, serving.to("landgauge_loader", DATABASE))
    for code in DISTRICTS:
        serving.login(f"d{code}", f"landgauge_{code}")
    serving.login("whole", "landgauge_city")
    serving.login("two", f"landgauge_{MINE}", f"landgauge_{OTHER}")
    serving.login("ungrouped")
    return serving


@pytest.fixture(scope="module")
def towns(expected) -> list[str]:
    """The streets with most rows of parcels, and one of another district."""
    rows = [row for row in expected[0]["dim_parcel"] if row.town]
    counts = {town: sum(row.town == town for row in rows) for town in {row.town for row in rows}}
    return sorted(counts, key=lambda town: (-counts[town], town))[:4]


def allowed(known, districts=(), streets=()) -> dict[str, list[str]]:
    """The rows that a reader of these districts and streets must see, and no other."""
    tables, owners = known
    mine = {"*", *districts, *(old for old, new in owners.merged.items() if new in districts)}
    sees = {"*", *streets}
    return {
        name: sorted(row.text for row in rows if row.district in mine or row.town in sees)
        for name, rows in tables.items()
    }


def leaks(loaded, login: str, wanted: dict[str, list[str]]) -> list[str]:
    """The tables in which a login sees other rows than it must."""
    with loaded.open(login, DATABASE) as con:
        return [table for table, rows in wanted.items() if read(con, table) != rows]


@pytest.mark.parametrize("code", DISTRICTS)
def test_a_district_sees_its_rows_and_no_other(loaded, expected, code):
    wanted = allowed(expected, [code])
    assert leaks(loaded, f"d{code}", wanted) == []
    assert sum(map(len, wanted.values())) > 1000


def test_a_street_sees_its_rows_and_no_other(loaded, expected, towns):
    for town in towns:
        login = loaded.login(f"s{town}", f"landgauge_{town}")
        wanted = allowed(expected, streets=[town])
        assert len(wanted["dim_parcel"]) > 0
        assert len(wanted["fct_district_year"]) == 0
        assert leaks(loaded, login, wanted) == []


def test_the_city_sees_everything(loaded, expected):
    assert leaks(loaded, "whole", {name: sorted(r.text for r in rows) for name, rows in expected[0].items()}) == []


def test_two_groups_see_the_rows_of_both(loaded, expected):
    assert leaks(loaded, "two", allowed(expected, [MINE, OTHER])) == []


def test_without_a_group_there_is_nothing(loaded):
    with pytest.raises(psycopg.OperationalError, match="permission denied"), loaded.open("ungrouped", DATABASE):
        pass
    loaded.server.sql(f"grant connect on database {DATABASE} to ungrouped")
    with loaded.open("ungrouped", DATABASE) as con, pytest.raises(psycopg.errors.InsufficientPrivilege):
        con.execute("select count(*) from marts.dim_district")


@pytest.fixture
def mine(loaded):
    with loaded.open(f"d{MINE}", DATABASE) as con:
        yield con


def one(con, query: str):
    return con.execute(query).fetchone()[0]


ASKING = """
select count(*) from marts.dim_enterprise where FOREIGN
select count(*) from marts.dim_enterprise where 1 / (case when FOREIGN then 0 else 1 end) <> 1
select count(*) from marts.dim_enterprise where case when FOREIGN then enterprise_name::int else 0 end <> 0
select count(*) from marts.fct_quarantine where original_row::int = 1
select count(*) from marts.fct_industry_year where 1 / (output_cny10k * 0) is null
select count(*) from marts.fct_score join marts.dim_unit using (scale, unit_code, year) where FOREIGN
select count(*) from marts.bridge_parcel_enterprise b left join marts.dim_parcel using (parcel_code, year) where FOREIGN
select count(*) from (select *, count(*) over () from marts.fct_parcel_year) x where FOREIGN
with all_of as materialized (select * from marts.fct_parcel_year) select count(*) from all_of where FOREIGN
select count(*) from (table marts.fct_district_year union table marts.fct_district_year) x where FOREIGN
select (select count(*) from marts.fct_enterprise_year where FOREIGN)
select count(*) from marts.dim_district join marts.fct_parcel_year using (district_code) where FOREIGN
select count(*) from marts.dim_town t, lateral (select from marts.dim_parcel where town_code = t.town_code and FOREIGN)x
select count(*) from (select to_jsonb(p) ->> 'district_code' as district_code from marts.dim_parcel p) x where FOREIGN
select cardinality(xpath('//district_code[. != "MINE"]', query_to_xml('table marts.dim_zone', true, false, '')))
select count(*) from marts.dim_parcel tablesample system (100) where FOREIGN
select count(*) from pg_stats where schemaname = 'marts'
"""
FOREIGN = f"district_code <> '{MINE}'"


@pytest.mark.parametrize("query", ASKING.strip().splitlines())
@pytest.mark.parametrize("prepared", [False, True])
def test_no_way_of_asking_shows_another_district(mine, query, prepared):
    query = query.replace("FOREIGN", FOREIGN).replace("MINE", MINE)
    assert mine.execute(query, prepare=prepared).fetchone()[0] == 0


def test_functions_that_raise_see_own_rows_alone(mine):
    own = one(mine, "select count(*) from marts.dim_enterprise")
    mine.execute(
        f"do $$ begin if exists (select from marts.dim_enterprise where {FOREIGN}) then raise 'seen'; end if; end $$"
    )
    assert own == one(mine, f"select count(*) from marts.dim_enterprise where district_code = '{MINE}'") > 0
    with pytest.raises(psycopg.errors.InvalidTextRepresentation) as caught:
        mine.execute("select enterprise_name::int from marts.dim_enterprise")
    assert "示例" in str(caught.value)  # an own name: errors do show values, of rows one may see


def test_roles_cannot_be_changed(mine):
    own = "select count(*) from marts.fct_score"
    count = one(mine, own)
    for role in ("landgauge_city", f"landgauge_{OTHER}", "landgauge_loader", "keeper", f"d{OTHER}"):
        for statement in (f'set role "{role}"', f'set session authorization "{role}"'):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                mine.execute(statement)
    for statement in (f"set role landgauge_{MINE}", "reset role", "set session authorization default", "reset all"):
        mine.execute(statement)
        assert one(mine, own) == count
    mine.execute("set role landgauge_reader")
    assert one(mine, "select count(*) from marts.fct_parcel_year") == 0
    mine.execute("reset role")
    mine.execute("set row_security = off")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        mine.execute(own)


def test_copy_gives_own_rows(mine):
    with mine.cursor().copy("copy marts.fct_district_year to stdout") as copy:
        rows = list(copy.rows())
    assert {row[0] for row in rows} == {MINE}


WRITING = [
    "insert into marts.dim_zone select * from marts.dim_zone",
    "update marts.dim_zone set name_zh = ''",
    "delete from marts.dim_zone",
    "truncate marts.dim_zone",
    "drop table marts.dim_zone",
    "drop schema marts cascade",
    "alter table marts.dim_zone disable row level security",
    "alter table marts.dim_zone owner to current_user",
    "create policy hole on marts.dim_zone using (true)",
    "drop policy district on marts.dim_zone",
    "create index on marts.dim_zone (year)",
    "comment on table marts.dim_zone is ''",
    "select * from marts.dim_zone for update",
    "begin; lock table marts.dim_zone in access exclusive mode",
    "begin; lock table marts.dim_zone in access share mode",
    "create table marts.own (i int)",
    "create table public.own (i int)",
    "create schema own",
    "create temp table own (i int)",
    "create temp view own as select * from marts.dim_zone",
    "create view public.own as select * from marts.dim_zone",
    "create temp table own as select * from marts.dim_zone",
    "create function public.own() returns int language sql as 'select 1'",
    "create sequence public.own",
    "create materialized view public.own as select 1",
    "select lo_create(0)",
    "select lo_from_bytea(0, 'x')",
    "select lo_import('/etc/passwd')",
    "copy marts.dim_zone from stdin",
    "copy marts.dim_zone to '/tmp/own.csv'",
    "copy marts.dim_zone to program 'cat'",
    "grant landgauge_city to current_user",
    "grant select on marts.dim_zone to public",
    "create role own",
    "alter role current_user bypassrls",
    "alter role landgauge_city login",
    "alter database landgauge owner to current_user",
    "alter system set ssl = off",
    "create extension dblink",
    "select pg_read_file('/etc/passwd')",
    "select ctid from marts.dim_zone",
    "select xmin from marts.dim_zone",
    "insert into marts.access_key values ('a', 'b', 'c')",
    "update marts.access_key set code = '*'",
    "delete from marts.served",
    "do $$ begin delete from marts.access_key; end $$",
    "analyze marts.dim_zone (year), nothing_there",
    "reindex table marts.dim_zone",
    "cluster marts.dim_zone",
    "merge into marts.dim_zone z using marts.dim_zone o on true when matched then delete",
]


@pytest.mark.parametrize("statement", WRITING)
@pytest.mark.parametrize("login", [f"d{MINE}", "whole"])
def test_nobody_writes(loaded, login, statement):
    with loaded.open(login, DATABASE) as con, pytest.raises(psycopg.Error) as caught:
        con.execute(statement)
    refused = (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedTable)
    assert isinstance(caught.value, refused), caught.value


def test_explain_tells_nothing_of_rows_one_may_not_see(loaded, mine, expected):
    """A code of another district and one that nobody has give the same plan, the same estimates and the same counts."""
    mine.execute("set enable_seqscan = off")
    for table in (
        "fct_low_efficiency_reason",
        "fct_warning",
        "fct_consequence",
        "fct_measure",
        "fct_low_efficiency_parcel",
    ):
        with loaded.open("whole", DATABASE) as con:
            names = [c.name for c in con.execute(f"select * from marts.{table} limit 0").description]
            column = next(c for c in ("parcel_code", "unit_code", "agreement_no") if c in names)
            theirs = con.execute(f"select {column} from marts.{table} where access_district = %s", [OTHER]).fetchone()
        if theirs:
            assert explained(mine, table, column, theirs[0]) == explained(mine, table, column, "x" * len(theirs[0]))


def explained(con, table: str, column: str, code: str) -> str:
    said = "explain (analyze, timing off, summary off) select * from {} where {} = {}"
    query = sql.SQL(said).format(sql.Identifier("marts", table), sql.Identifier(column), sql.Literal(code))
    return "\n".join(row[0] for row in con.execute(query).fetchall()).replace(code, "CODE")


@contextmanager
def broken(loaded, statement: str):
    """The statement in force, as the loader may do it by mistake; afterwards the marts are loaded anew."""
    with loaded.open("landgauge_loader", DATABASE) as con:
        con.execute(statement)
    yield


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("alter table marts.fct_score disable row level security", "fct_score"),
        ("alter table marts.dim_unit disable row level security", "dim_unit"),
        ("alter policy district on marts.fct_parcel_year using (true)", "fct_parcel_year"),
        ("create policy hole on marts.fct_quarantine using (true)", "fct_quarantine"),
        ("alter policy whole_city on marts.fct_industry_year to landgauge_reader", "fct_industry_year"),
        ("drop policy district on marts.dim_enterprise", "dim_enterprise"),
        (f"grant landgauge_{OTHER} to d{MINE}", "dim_parcel"),
    ],
)
def test_a_policy_taken_away_is_found(loaded, expected, city, statement, found):
    wanted = {found: allowed(expected, [MINE])[found]}
    assert leaks(loaded, f"d{MINE}", wanted) == []
    with broken(loaded, statement):
        assert leaks(loaded, f"d{MINE}", wanted) == [found]


def test_a_load_mends_what_was_broken(loaded, expected, city, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    with loaded.open("landgauge_loader", DATABASE) as con:
        con.execute(f"revoke landgauge_{OTHER} from d{MINE}")
    serve(city, loaded.to("landgauge_loader", DATABASE), force=True)
    assert leaks(loaded, f"d{MINE}", allowed(expected, [MINE])) == []


def test_the_owner_is_bound_too(loaded):
    with loaded.open("landgauge_loader", DATABASE) as con:
        assert one(con, "select count(*) from marts.dim_parcel") == 0
