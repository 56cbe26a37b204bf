"""A small snapshot written by hand, and a server with a database and a loading user of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import psycopg
import pytest

from tests.postgres_server import HOST, PASSWORD, Postgres, postgres

QUOTED = PASSWORD.replace("'", "''")
SNAPSHOT = """
create schema marts;
create table marts.dim_district (district_code varchar, valid_from_year int, valid_to_year int, successor_code varchar);
insert into marts.dim_district values
    ('A', 1990, null, null), ('B', 1990, null, null), ('C', 1990, null, null), ('OLD', 1980, 2020, 'A');
create table marts.dim_town (town_code varchar, year int, district_code varchar);
insert into marts.dim_town values ('A1', 2023, 'A'), ('A1', 2024, 'A'), ('B1', 2024, 'B');
create table marts.dim_unit (scale varchar, unit_code varchar, year int, district_code varchar, town_code varchar);
insert into marts.dim_unit values
    ('parcel', 'moved', 2023, 'A', 'A1'), ('parcel', 'moved', 2024, 'B', 'B1'), ('parcel', 'stays', 2024, 'A', 'A1'),
    ('district', 'A', 2024, 'A', null), ('district', 'B', 2024, 'B', null), ('district', 'C', 2024, 'C', null),
    ('city', 'CITY', 2024, null, null), ('industry', '2017:C', 2024, null, null), ('zone', 'Z', 2024, 'A', null);
create table marts.dim_parcel as select unit_code as parcel_code, year, district_code, town_code, null::double as far,
    from marts.dim_unit where scale = 'parcel';
insert into marts.dim_parcel values ('vacant', 2024, 'A', 'A1', 1e17);
create table marts.dim_enterprise (uscc varchar, year int, district_code varchar, town_code varchar);
insert into marts.dim_enterprise values ('firm', 2024, 'C', null);
create table marts.dim_agreement (agreement_no varchar, parcel_code varchar, district_code varchar);
insert into marts.dim_agreement values ('X-1', 'moved', 'B'), ('X-2', 'gone', 'A');
create table marts.fct_score (scale varchar, unit_code varchar, year int, score double);
insert into marts.fct_score select scale, unit_code, year, 0.1 + 0.2 from marts.dim_unit;
create table marts.qc_parcel_overlap (parcel_code varchar, other_parcel_code varchar, year int);
insert into marts.qc_parcel_overlap values
    ('stays', 'vacant', 2024), ('stays', 'moved', 2024), ('stays', 'unheard', 2024), ('stays', null, 2024);
create table marts.qc_parcel_unpaired (parcel_code varchar, year int, candidate_usccs varchar[]);
insert into marts.qc_parcel_unpaired values ('stays', 2024, []), ('stays', 2024, ['firm']), ('stays', 2024, null);
create table marts.fct_warning (agreement_no varchar, kind varchar);
insert into marts.fct_warning values ('X-1', 'late'), ('X-2', 'late'), (null, 'late');
create table marts.fct_land_gap (district_code varchar);
insert into marts.fct_land_gap values ('A'), ('CITY'), ('unheard');
create table marts.fct_city_year (city_code varchar, year int);
insert into marts.fct_city_year values ('CITY', 2024);
create table marts.fct_quarantine (original_row varchar);
insert into marts.fct_quarantine values ('secret'), ('a' || chr(0) || 'b');
create table marts.fct_unheard_of (parcel_code varchar, year int);
insert into marts.fct_unheard_of values ('stays', 2024);
create table marts.fct_measure (scale varchar, year int);
insert into marts.fct_measure values ('parcel', 2024);
create table marts.dim_scheme (a boolean, b hugeint, c timestamp, d blob, e varchar[], f double, g decimal(20, 4),
    h date, i double[], "J 中""x" varchar);
insert into marts.dim_scheme values
    (true, 170141183460469231731687303715884105727, '2024-02-29 01:02:03.000004', '\\x00\\xFF'::blob,
     ['a,"b\\', null, '', '{中}'], 'inf', 1.5, '0001-01-01', [0.1, null], 'x,"'),
    (null, null, null, null, null, 'nan', null, null, [], ''),
    (false, -1, null, ''::blob, [], 5e-324, 0, null, null, null);
comment on table marts.dim_scheme is '方案 ''%s'' {}';
comment on column marts.dim_scheme.a is '甲; drop table x --';
create view marts.fct_parcel_three_year as select parcel_code, year from marts.dim_parcel;
"""


def write_snapshot(path: Path) -> Path:
    with duckdb.connect(str(path)) as con:
        con.execute(SNAPSHOT)
    return path


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory) -> Path:
    return write_snapshot(tmp_path_factory.mktemp("snapshot") / "current.duckdb")


@dataclass
class Serving:
    """A server with databases that belong to `loader`, and logins with the server's password."""

    server: Postgres

    def database(self, name: str) -> str:
        """Make a database as docs/serving.md says and return its address for the loader."""
        self.server.sql(f"create database {name} owner loader")
        return self.to("loader", name)

    def to(self, user: str, name: str) -> str:
        return f"postgresql://{user}@{HOST}:{self.server.port}/{name}"

    def login(self, name: str, *groups: str) -> str:
        self.server.sql(f"create role {name} login password '{QUOTED}'")
        for group in groups:
            self.server.sql(f'grant "{group}" to {name}')
        return name

    @contextmanager
    def open(self, user: str, name: str) -> Iterator[psycopg.Connection]:
        with psycopg.connect(self.to(user, name), password=PASSWORD, autocommit=True) as con:
            yield con


@pytest.fixture(scope="module")
def serving() -> Iterator[Serving]:
    with postgres() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGPASSWORD", PASSWORD)
        server.sql(f"create role loader login createrole password '{QUOTED}'")
        yield Serving(server)
