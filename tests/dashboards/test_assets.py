"""The files of the dashboards hold together, and no metric adds up what must not be added."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ASSETS = Path(__file__).resolve().parents[2] / "deploy" / "superset" / "assets"
TITLES = ["全市概览", "区县", "园区", "宗地地图", "合同履约日历", "土地供需", "数据质量"]
# Kept over all years as the newest one knows them: they are counts of things with dates, not yearly figures.
HISTORIES = {"履约后果建议", "履约预警", "评价状态"}


def files(kind: str) -> dict[str, dict[str, Any]]:
    return {
        path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted((ASSETS / kind).rglob("*.yaml"))
    }


DATASETS, CHARTS, DASHBOARDS = files("datasets"), files("charts"), files("dashboards")


def test_every_reference_leads_somewhere() -> None:
    datasets = {dataset["uuid"] for dataset in DATASETS.values()}
    databases = {database["uuid"] for database in files("databases").values()}
    assert {dataset["database_uuid"] for dataset in DATASETS.values()} == databases
    assert {chart["dataset_uuid"] for chart in CHARTS.values()} <= datasets
    shown = {child["meta"]["uuid"] for board in DASHBOARDS.values() for child in _charts(board)}
    assert shown == {chart["uuid"] for chart in CHARTS.values()}
    everything = [*DATASETS.values(), *CHARTS.values(), *DASHBOARDS.values()]
    assert len({thing["uuid"] for thing in everything}) == len(everything)


def test_no_address_and_no_password_stands_in_the_files() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in ASSETS.rglob("*.yaml"))
    assert "://" not in text.replace("duckdb://", "")
    assert files("databases")["landgauge"]["sqlalchemy_uri"] == "duckdb://"


@pytest.mark.parametrize("name", sorted(DASHBOARDS))
def test_a_dashboard_filters_by_one_year_and_says_what_its_data_are(name: str) -> None:
    board = DASHBOARDS[name]
    assert board["dashboard_title"] in TITLES
    assert board["published"]
    year = board["metadata"]["native_filter_configuration"][0]
    assert year["targets"][0]["column"]["name"] == "year"
    assert year["requiredFirst"] and year["controlValues"] | {"multiSelect": False} == year["controlValues"]
    uuids = {child["meta"]["uuid"] for child in _charts(board)}
    assert CHARTS["run_state"]["uuid"] in uuids
    assert 6 <= len(uuids) <= 14
    columns = set(CHARTS["run_state"]["params"]["all_columns"])
    assert {"state_name", "run_id", "data_nature", "weight_nature"} <= columns


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_columns_are_named_in_chinese_and_metrics_never_add_years(name: str) -> None:
    dataset = DATASETS[name]
    assert all(re.search("[一-鿿]", column["verbose_name"]) for column in dataset["columns"])
    selected = set(re.findall(r"(?:\.|\bas )(\w+)(?:,|\n)", dataset["sql"])) | {"access_town"}
    assert {column["column_name"] for column in dataset["columns"]} <= selected
    for metric in dataset["metrics"]:
        assert "avg(" not in metric["expression"].lower()
        if dataset["table_name"] not in HISTORIES:
            assert metric["expression"].startswith("case when min(year) = max(year)"), metric["metric_name"]


def test_charts_use_columns_and_metrics_that_their_dataset_has() -> None:
    by_uuid = {dataset["uuid"]: dataset for dataset in DATASETS.values()}
    for chart in CHARTS.values():
        dataset, params = by_uuid[chart["dataset_uuid"]], chart["params"]
        columns = {column["column_name"] for column in dataset["columns"]}
        metrics = {metric["metric_name"] for metric in dataset["metrics"]}
        groups = params.get("groupby") or []
        used = [params.get("x_axis"), params.get("dimension"), *params.get("all_columns", [])]
        used += [groups] if isinstance(groups, str) else groups
        used += [condition["subject"] for condition in params["adhoc_filters"]]
        assert {name for name in used if name} <= columns, chart["slice_name"]
        assert {name for name in [params.get("metric"), *params.get("metrics", [])] if name} <= metrics, chart[
            "slice_name"
        ]


def _charts(board: dict[str, Any]) -> list[dict[str, Any]]:
    return [child for child in board["position"].values() if isinstance(child, dict) and child["type"] == "CHART"]
