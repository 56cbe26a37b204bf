"""Who reads through which address: a user without a role of his own reads nothing."""

from __future__ import annotations

import os
from pathlib import Path

import connections  # deploy/superset, put on the path by conftest.py
import pytest
from sqlalchemy.engine.url import make_url

CITY = make_url("postgresql+psycopg2://city:a@db/landgauge")
ROLES = {
    "440106": "postgresql+psycopg2://d440106:b@db/landgauge",
    "440112": "postgresql+psycopg2://d440112:c@db/landgauge",
}


def test_a_district_reads_through_its_own_login_and_the_administrator_through_the_citys() -> None:
    assert connections.address_of(CITY, ROLES, {"Gamma", "440112"}).username == "d440112"
    assert connections.address_of(CITY, ROLES, {"Admin"}) == CITY
    assert connections.address_of(CITY, ROLES, None) == CITY


@pytest.mark.parametrize("roles", [set(), {"Gamma"}, {"440106", "440112"}, {"Alpha", "440199"}])
def test_whoever_has_no_role_of_a_district_or_two_reads_nothing(roles: set[str]) -> None:
    with pytest.raises(PermissionError, match="440106"):
        connections.address_of(CITY, ROLES, roles)


def test_a_new_snapshot_is_opened_under_a_new_name_and_only_read(tmp_path: Path) -> None:
    current = tmp_path / "current.duckdb"
    for run in ("aaa", "bbb"):
        (tmp_path / f"{run}.duckdb").write_text(run, encoding="ascii")
        os.link(tmp_path / f"{run}.duckdb", tmp_path / "new")
        (tmp_path / "new").replace(current)
        address, parameters = connections.choose(make_url(f"duckdb:///{current}"), {}, None, None, None)
        assert Path(address.database).name == f"{run}.duckdb"
        assert parameters["connect_args"]["read_only"] is True
        assert parameters["connect_args"]["config"]["enable_external_access"] == "false"
    (tmp_path / "bbb.duckdb").unlink()
    address, _ = connections.choose(make_url(f"duckdb:///{current}"), {}, None, None, None)
    assert Path(address.database) == current
