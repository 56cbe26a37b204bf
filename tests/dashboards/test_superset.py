"""Superset from PyPI with the dashboards of this repository: every chart draws in a browser what the marts say."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import urllib.request
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from reporting.print import find_browser
from tests.dashboards.conftest import ROOT, SUPERSET, Server

pytestmark = pytest.mark.acceptance
DASHBOARDS = ["city", "district", "zone", "map", "contract", "balance", "quality"]
MAPS = 3
# The counting pixel that is compiled into Superset's pages; the settings forbid the browser to fetch it.
PIXEL = "apachesuperset.gateway.scarf.sh"
BROWSER = ["--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
NO_ANSWER = "[data-test='loading-indicator'], .loading"


@pytest.fixture(scope="module")
def token(server: Server) -> str:
    who = {"username": "admin", "password": server.password, "provider": "db"}
    return _send(f"{server.url}/api/v1/security/login", who)["access_token"]


@pytest.fixture(scope="module")
def page(server: Server):
    from playwright.sync_api import sync_playwright  # installed by `make test-dashboards`

    with sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=find_browser(), args=BROWSER)
        opened = browser.new_context(viewport={"width": 1440, "height": 2700}, locale="zh-CN").new_page()
        opened.goto(f"{server.url}/login/")
        opened.locator("input[type=text]").first.fill("admin")
        opened.fill("input[type=password]", server.password)
        opened.keyboard.press("Enter")
        opened.wait_for_url(lambda url: "login" not in url)
        yield opened
        browser.close()


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_dashboard_draws_every_chart_in_chinese(name: str, server: Server, page: Any) -> None:
    errors, outside, answers = _watch(page, server.url)
    page.goto(f"{server.url}/superset/dashboard/landgauge-{name}/?standalone=0")
    charts = len(_charts(name))
    _drawn(page, charts)
    folder = ROOT / "build" / "dashboards"
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(folder / f"{name}.png"), full_page=True)
    text = page.inner_text("body")
    assert re.search("生成的示例数据，不是真实申报", text)
    assert re.search("含示意值，未经批准", text)
    assert re.search("暂定|最终", text)
    assert not re.search("没有数据|错误信息|Unexpected error|出现错误", text)
    assert page.locator("[data-test='error-container'], .ant-alert-error, .alert-danger").count() == 0
    assert page.locator("canvas").count() >= (MAPS if name == "map" else 2)
    assert not [error for error in errors if PIXEL not in error], errors
    assert all(PIXEL in url for url in outside), outside
    _assert_answers(answers, charts)


def _drawn(page: Any, charts: int) -> None:
    """Wait until all charts stand on the page and none is loading. The page's policy forbids eval, so by looking."""
    quiet = 0
    for _ in range(120):
        page.wait_for_timeout(1_000)
        there = page.locator(".dashboard-component-chart-holder").count() >= charts
        quiet = quiet + 1 if there and not page.locator(NO_ANSWER).count() else 0
        if quiet == 5:
            return
    raise AssertionError(f"after 120 s not all of {charts} charts are drawn")


def _assert_answers(answers: list[Any], charts: int) -> None:
    assert len(answers) >= charts
    for answer in answers:
        content = answer.json()
        assert answer.status == 200, content
        for result in content["result"]:
            assert result["rowcount"] > 0, result.get("query")


def test_provisioning_again_changes_nothing(server: Server) -> None:
    server.provision()  # whoever may edit a dashboard and opens it lets Superset write colours of labels into it
    before = _metadata(server)
    server.provision()
    assert _metadata(server) == before
    assert len(before["dashboards"]) == len(DASHBOARDS)
    assert [row[0] for row in before["slices"]] == sorted(
        yaml.safe_load(path.read_text(encoding="utf-8"))["slice_name"] for path in SUPERSET.glob("assets/charts/*.yaml")
    )


CITY = "select {} from marts.fct_city_year where year = ?"
DISTRICTS = {"scale": "district"}
FIGURES = [
    ("district_year", "site_area_ha", {}, CITY.format("site_area_m2 / 10000")),
    ("district_year", "output_cny100m", {}, CITY.format("output_cny10k / 10000")),
    *(
        ("indicators", "ratio", DISTRICTS | {"indicator_code": code}, CITY.format(code))
        for code in (
            "land_output_cny10k_per_ha",
            "land_tax_cny10k_per_ha",
            "rd_intensity",
            "energy_per_output_tce_per_cny10k",
        )
    ),
    (
        "low_efficiency",
        "releasable",
        {},
        "select sum(releasable_area_m2) / 10000 from marts.fct_low_efficiency_parcel where year = ?",
    ),
    (
        "stage_due",
        "overdue",
        {},
        "select count(*) from marts.fct_stage_due where state = 'overdue' and year(as_of_date) = ?",
    ),
    (
        "land_balance",
        "balance",
        {"district_name": "全市", "industry_code": "00", "scenario_name": "基准情景"},
        """select balance_ha from marts.fct_land_balance
        where district_code in (select city_code from marts.fct_city_year)
            and industry_code = '00' and scenario = 'base' and base_year = ? order by year limit 1""",
    ),
    ("loads", "quarantined_share", {}, "select sum(quarantined) / sum(rows_in) from marts.fct_load where year = ?"),
]


@pytest.mark.parametrize(("dataset", "metric", "filters", "sql"), FIGURES)
def test_figures_are_those_of_the_marts(
    dataset: str, metric: str, filters: dict[str, str], sql: str, server: Server, token: str
) -> None:
    year = _marts(server.snapshot, "select max(year) from marts.fct_run")
    groups = ["forecast_year"] if dataset == "land_balance" else []
    rows = _query(server, token, dataset, metric, {"year": year, **filters}, groups)
    shown = min(rows, key=lambda row: row.get("forecast_year", 0))[metric]
    assert shown == pytest.approx(_marts(server.snapshot, sql, year), rel=1e-9, abs=1e-9)


def test_years_are_never_added_up(server: Server, token: str) -> None:
    rows = _query(server, token, "district_year", "parcel_count", {})
    assert rows[0]["parcel_count"] is None
    years = _query(server, token, "district_year", "parcel_count", {}, ["year"])
    assert len(years) > 1
    assert all(row["parcel_count"] > 0 for row in years)


def test_a_newly_published_file_is_seen_at_once(server: Server, token: str) -> None:
    year = _marts(server.snapshot, "select max(year) from marts.fct_run")
    before = _query(server, token, "district_year", "parcel_count", {"year": year})[0]["parcel_count"]
    first = server.snapshot.parent / "first.duckdb"
    second = server.snapshot.parent / "second.duckdb"
    second.write_bytes(first.read_bytes())
    with duckdb.connect(str(second)) as con:
        con.execute("update marts.fct_district_year set parcel_count = parcel_count * 2")
    try:
        _link(second, server.snapshot)
        assert _query(server, token, "district_year", "parcel_count", {"year": year})[0]["parcel_count"] == 2 * before
    finally:
        _link(first, server.snapshot)


def test_every_dataset_reads_the_same_from_postgresql(snapshot: Path) -> None:
    import psycopg

    from tests.postgres_server import HOST, PASSWORD, postgres
    from warehouse.serving.load import serve

    with postgres() as started, pytest.MonkeyPatch.context() as environment:
        environment.setenv("PGPASSWORD", PASSWORD)
        started.sql("create role loader login createrole password 'p'; create database served owner loader;")
        started.sql("create role bi login password 'p'")
        environment.setenv("PGPASSWORD", "p")
        address = f"host={HOST} port={started.port} dbname=served"
        serve(snapshot, f"{address} user=loader")
        environment.setenv("PGPASSWORD", PASSWORD)
        started.sql("grant landgauge_city to bi")
        with (
            psycopg.connect(f"{address} user=bi password=p") as city,
            duckdb.connect(str(snapshot), read_only=True) as file,
        ):
            for path in sorted((SUPERSET / "assets" / "datasets").rglob("*.yaml")):
                sql = yaml.safe_load(path.read_text(encoding="utf-8"))["sql"]
                counted = f"select count(*) from ({sql}) as dataset"
                assert city.execute(counted).fetchone() == file.execute(counted).fetchone(), path.stem


def _watch(page: Any, url: str) -> tuple[list[str], list[str], list[Any]]:
    errors: list[str] = []
    outside: list[str] = []
    answers: list[Any] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda sent: None if sent.url.startswith((url, "data:", "blob:")) else outside.append(sent.url))
    page.on("response", lambda got: answers.append(got) if "/api/v1/chart/data" in got.url else None)
    return errors, outside, answers


def _charts(name: str) -> list[str]:
    board = yaml.safe_load((SUPERSET / "assets" / "dashboards" / f"{name}.yaml").read_text(encoding="utf-8"))
    return [key for key in board["position"] if key.startswith("CHART-")]


def _metadata(server: Server) -> dict[str, list[Any]]:
    path = server.environment["LANDGAUGE_SUPERSET_METADATA"].removeprefix("sqlite:///")
    with sqlite3.connect(path) as con:
        return {
            "dashboards": con.execute(
                "select id, slug, position_json, json_metadata, published, uuid from dashboards order by slug"
            ).fetchall(),
            "slices": con.execute("select slice_name, id, params, uuid from slices order by slice_name").fetchall(),
            "tables": con.execute("select table_name, id, sql, uuid from tables order by table_name").fetchall(),
            "columns": con.execute(
                "select table_id, column_name, verbose_name, type from table_columns order by 1, 2"
            ).fetchall(),
            "metrics": con.execute(
                "select table_id, metric_name, verbose_name, expression from sql_metrics order by 1, 2"
            ).fetchall(),
        }


def _query(
    server: Server, token: str, dataset: str, metric: str, filters: dict[str, Any], groups: list[str] | None = None
) -> list[dict[str, Any]]:
    uuid = yaml.safe_load((SUPERSET / f"assets/datasets/landgauge/{dataset}.yaml").read_text(encoding="utf-8"))["uuid"]
    path = server.environment["LANDGAUGE_SUPERSET_METADATA"].removeprefix("sqlite:///")
    with sqlite3.connect(path) as con:
        found = con.execute("select id from tables where lower(hex(uuid)) = ?", [uuid.replace("-", "")]).fetchone()
    conditions = [{"col": name, "op": "==", "val": value} for name, value in filters.items()]
    query = {"columns": groups or [], "metrics": [metric], "filters": conditions, "row_limit": 1000}
    asked = {"datasource": {"id": found[0], "type": "table"}, "queries": [query], "result_format": "json"}
    return _send(f"{server.url}/api/v1/chart/data", asked, token)["result"][0]["data"]


def _send(url: str, content: dict[str, Any], token: str | None = None) -> dict[str, Any]:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(url, json.dumps(content).encode(), headers)
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)


def _marts(snapshot: Path, sql: str, *values: Any) -> Any:
    with duckdb.connect(str(snapshot), read_only=True) as con:
        return con.execute(sql, list(values)).fetchone()[0]


def _link(file: Path, current: Path) -> None:
    os.link(file, current.parent / "next")
    (current.parent / "next").replace(current)
