"""Each score opened on a page of the report: exact, complete, safe, the same bytes, and bounded."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from datetime import date
from pathlib import Path

import duckdb
import page_parser
import pytest
import report_snapshot

from landgauge.cli import main
from landgauge.errors import ConfigurationError, StageFailed
from landgauge.settings import Settings
from reporting.opened.compact import embed
from reporting.opened.pages import most_units, write_pages
from reporting.report import report
from warehouse import db

YEAR, KEY = report_snapshot.YEAR, "'gz_performance' as scheme_code, '2020' as scheme_version"
SHOWN = 20
HOSTILE = "</script><img src=x onerror=alert(1)>\u2028&'\""
WIDER = f"""
set schema = 'marts';
create or replace table fct_score as select * replace (if(unit_code = 'P000003', 'no_tax', null) as veto_code,
    if(rated, null, 'young') as not_rated_reason), '集约' as grade_name_zh, 1 as rank_in_district,
    if(rated, rank_in_city, null) as rank_in_group, 'M1' as group_code, 11 as group_size from fct_score;
create or replace table dim_scheme_rule as select {KEY}, 'parcel' as scale, kind, rule_code, name_zh,
    true as illustrative from (values ('veto', 'no_tax', '全年无税收'), ('not_rated', 'young', '成立不满三年'),
    ('adjustment', 'bonus', '创新加分'), ('limit', 'bonus', '加分上限')) as t (kind, rule_code, name_zh);
create or replace table fct_score_component as select scale, unit_code, year, scheme_code, scheme_version,
    indicator_code, if(rated, value, null) as value, ideal_value, if(rated, 0.5, null) as standardised,
    if(rated, weight, null) as weight, if(rated, coalesce(points, score - 2), null) as contribution,
    0.25 as obstacle_degree, false as imputed
    from fct_score, (values ('plot_ratio', 0.49, 0.98, 1.0, null), ('bonus', null, null, 0.0, 2.0))
    as t (indicator_code, value, ideal_value, weight, points);
insert into fct_indicator_value by name select 'parcel' as scale, unit_code, year, 'plot_ratio' as indicator_code,
    if(rated, 0.49, null) as value, if(rated, null, 'value_missing') as null_reason from fct_score;
alter table fct_indicator_value add column numerator double;
alter table fct_indicator_value add column denominator double;
update fct_indicator_value set numerator = 4900.25, denominator = 10000.5 where value is not null;
create table fct_next_grade as select scale, unit_code, year, scheme_code, scheme_version,
    'plot_ratio' as indicator_code, 'A' as next_grade, 75.0 as needed_score, 0.875 as needed_value,
    null::varchar as not_reached_reason from fct_score where rated;
create table fct_measure as select scale, unit_code, year, scheme_code, scheme_version, 'leave' as measure_code,
    '退出' as name_zh, '甲局' as department, '等级D' as reason, true as illustrative from fct_score where rated;
create table fct_score_change as select scale, unit_code, year, scheme_code, scheme_version,
    score - 1 as previous_score, 1.0 as score_change, 0.75 as data_effect, 0.25 as ideal_effect,
    0.0 as weight_effect from fct_score where rated;
create table fct_score_stability as select scale, unit_code, year, scheme_code, scheme_version, 1 as rank_p05,
    3 as rank_p95, 0.625 as grade_probability, true as flag, 1000 as draws, score as missing_low,
    score as missing_high, true as illustrative, 'data' as hangs_on, 2 as data_rank_p05, 4 as data_rank_p95,
    0.5 as data_grade_probability, 500 as data_draws from fct_score where rated;
create table fct_score_left_out as select scale, unit_code, year, scheme_code, scheme_version,
    'plot_ratio' as indicator_code, 'C' as grade_without, unit_code = 'P000001' as grade_changes from fct_score;
create table bridge_parcel_enterprise as select 'P000001' as parcel_code, 'E' || i as uscc, 2024 as year,
    1.0::double as share, 'floor_area' as share_basis, 'declared' as matched_by from range(30) as t (i);
"""
WORKING = """
create schema ledger; create schema accepted;
create table ledger.load as select unnest([1, 2]) as load_id, unnest(['parcels/2024/a.gpkg', 'taxes/2024/t.xlsx'])
    as file_name, unnest([repeat('a', 64), repeat('f', 64)]) as file_sha256;
create table ledger.load_sheet as select 2::bigint as load_id, '申报表' as sheet,
    [{'row_no': 1::bigint, 'sheet_row': 3::bigint, 'sheet_rows': 50::bigint}] as runs;
create table accepted.parcels as select 1 as load_id, i + 1 as row_no, 2024 as data_year,
    printf('P%06d', i) as parcel_code from range(12) as t (i);
create table accepted.taxes as select 2 as load_id, 30 - i as row_no, 2024 as data_year, 'E' || i as uscc
    from range(30) as t (i);
"""


@pytest.fixture
def warehouse(settings: Settings) -> Settings:
    """A published city whose scores have everything behind them, and the working file that it came from."""
    settings.published.mkdir(parents=True)
    report_snapshot.write(settings.snapshot)
    with duckdb.connect(str(settings.snapshot)) as con:
        con.execute(WIDER)
    with db.connect(settings) as con:
        con.execute(WORKING)
    return settings


def folder(settings: Settings) -> Path:
    return settings.published / "report" / str(YEAR)


def page(settings: Settings) -> str:
    report(settings)
    return (folder(settings) / "scores" / "parcel_gz_performance_2020.html").read_text(encoding="utf-8")


def content(text: str) -> dict:
    found = page_parser.parse(text).id("data").text
    return json.loads(found)["results"][0]


def unit(text: str, code: str) -> dict:
    return next(u for u in content(text)["units"] if u["c"] == code)


def test_every_score_is_opened_down_to_file_and_row(warehouse):
    text = page(warehouse)
    D = content(text)  # noqa: N806 - as the page's script calls it
    assert [u["c"] for u in D["units"]] == [*(f"P{i:06d}" for i in range(11, -1, -1) if i != 2), "P000002"]
    opened = unit(text, "P000001")
    plot_ratio = next(k for k in opened["k"] if D["indicators"][k[0]]["code"] == "plot_ratio")
    assert plot_ratio[2:4] == [0.49, 0.98] and plot_ratio[9:11] == [4900.25, 10000.5] and plot_ratio[12] == 0.875
    assert D["ideals"][plot_ratio[1]] == ["无来源", True] and opened["x"] == ["A", 75]
    assert opened["ch"][:6] == [opened["s"] - 1, None, 1, 0.75, 0.25, 0] and opened["st"][:4] == [1, 3, 0.625, True]
    assert opened["st"][10:13] == [2, 4, 0.5] and opened["st"][-2:] == ["data", 500] and plot_ratio[14] == "C"
    assert all(k[14] is None for u in D["units"] for k in u["k"] if u["c"] != "P000001")
    assert opened["m"] == [["退出", "甲局", "等级D", True]] and D["medians"]["M1"]["1"] == 0.49
    files = {D["files"][f[0]][1]: f[1:] for f in opened["f"]}
    assert files["parcels/2024/a.gpkg"] == [1, ["2"], False]
    count, rows, later = files["taxes/2024/t.xlsx"]
    assert (count, len(rows), later) == (30, SHOWN, True) and rows[0] == "1(工作表“申报表”第 3 行)"
    assert len(opened["sh"]) == SHOWN and opened["sn"] == 30


def test_components_add_up_and_rules_are_named(warehouse):
    text = page(warehouse)
    for opened in content(text)["units"]:
        parts = [k[6] for k in opened["k"] if k[6] is not None]
        assert opened.get("t") == (math.fsum(parts) if parts else None)
        assert not parts or abs(opened["t"] - opened["s"]) < 1e-9
    assert {i["code"]: i["name"] for i in content(text)["indicators"]} == {"bonus": "创新加分", "plot_ratio": "容积率"}
    assert unit(text, "P000003")["v"] == ["no_tax", "全年无税收", True]
    assert unit(text, "P000002")["no"] == ["young", "成立不满三年", True] and unit(text, "P000002")["s"] is None


def test_peers_are_the_next_ranks_of_the_group(warehouse):
    text = page(warehouse)
    assert unit(text, "P000011")["p"] == ["P000011", "P000010", "P000009"]
    assert unit(text, "P000005")["p"] == ["P000007", "P000006", "P000005", "P000004", "P000003"]
    assert "p" not in unit(text, "P000002")


def test_city_page_links_there_and_back_and_names_the_reasons(warehouse):
    opened = page_parser.parse(page(warehouse))
    city = page_parser.parse((folder(warehouse) / "city.html").read_text(encoding="utf-8"))
    links = {a.attributes["href"] for a in city.id("scores").all("a") + city.id("lowest").all("a")}
    assert "scores/parcel_gz_performance_2020.html#P000003" in links
    assert all((folder(warehouse) / link.partition("#")[0]).is_file() for link in links)
    assert "../city.html#scores" in {a.attributes["href"] for a in opened.all("a")}
    assert "成立不满三年（young）" in city.id("scores").text and "全年无税收（no_tax）" in city.id("lowest").text
    marks = [e.text for e in city.walk() if e.attributes.get("class") == "mark"]
    assert marks.count("示意") >= 4


def test_hostile_texts_stay_text(warehouse):
    with duckdb.connect(str(warehouse.snapshot)) as con:
        for table, column in con.execute(
            "select table_name, column_name from duckdb_columns() where schema_name = 'marts' "
            "and data_type = 'VARCHAR' and column_name in ('name_zh', 'reason', "
            "'department', 'formula_zh', 'grade_name_zh', 'rule_code', "
            "'veto_code', 'not_rated_reason', 'source', 'uscc', 'group_code', 'document', 'note')"
        ).fetchall():
            con.execute(f"update marts.{table} set {column} = ? where {column} is not null", [HOSTILE])
        con.execute("update marts.fct_score set unit_code = unit_code || ?", [HOSTILE])
    with db.connect(warehouse) as con:
        con.execute("update ledger.load set file_name = ?", [HOSTILE])
    text = page(warehouse)
    tree = page_parser.parse(text)
    assert len(tree.all("script")) == 2 and not tree.all("img") and "<img" not in text
    assert content(text)["units"][0]["c"].endswith(HOSTILE)
    assert not re.search(r"[\u2028\u2029]", tree.id("data").text)


def test_embedded_data_cannot_end_their_element():
    text = str(embed({"a": HOSTILE}))
    assert not set("<>&\u2028") & set(text) and json.loads(text) == {"a": HOSTILE}
    with pytest.raises(ValueError, match="JSON compliant"):
        embed({"a": math.nan})


def test_page_loads_nothing_and_runs_its_own_script_only(warehouse):
    text = page(warehouse)
    tree = page_parser.parse(text)
    for element in tree.walk():
        assert element.tag not in {"link", "img", "iframe", "object", "embed", "base", "form"}
        assert not {"src", "action", "style"} & set(element.attributes)
    data, script = tree.all("script")
    digest = base64.b64encode(hashlib.sha256(script.text.encode()).digest()).decode()
    (policy,) = [m.attributes["content"] for m in tree.all("meta", http_equiv="Content-Security-Policy")]
    assert policy.startswith("default-src 'none'") and f"script-src 'sha256-{digest}'" in policy
    assert data.attributes["type"] == "application/json"
    for risky in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "fetch("):
        assert risky not in script.text


def test_same_inputs_give_the_same_bytes_and_old_pages_go(warehouse):
    first = page(warehouse)
    (folder(warehouse) / "scores" / "old.html").write_text("old")
    assert page(warehouse) == first
    names = {path.name for path in folder(warehouse).iterdir()}
    assert {"city.html", "scores"} <= names and not [name for name in names if name.startswith(".")]
    assert not (folder(warehouse) / "scores" / "old.html").exists()


def test_above_the_limit_the_city_page_gives_the_command(warehouse, monkeypatch):
    monkeypatch.setenv("LANDGAUGE_EXPLAIN_UNITS", "11")
    report(warehouse)
    text = (folder(warehouse) / "city.html").read_text(encoding="utf-8")
    assert not list((folder(warehouse) / "scores").iterdir())
    assert "landgauge explain --warehouse 目录 --scale parcel --unit 代码 --year 2024" in text
    assert 'href="scores/' not in text


@pytest.mark.parametrize(("given", "most"), [("", 10_000), ("12", 12), ("0", 0)])
def test_limit_is_a_setting(monkeypatch, given, most):
    monkeypatch.setenv("LANDGAUGE_EXPLAIN_UNITS", given)
    assert most_units() == most


@pytest.mark.parametrize("given", ["-1", "many", "1.5"])
def test_limit_that_is_no_number_is_a_wrong_setting(monkeypatch, given):
    monkeypatch.setenv("LANDGAUGE_EXPLAIN_UNITS", given)
    with pytest.raises(ConfigurationError, match="LANDGAUGE_EXPLAIN_UNITS"):
        most_units()


def test_without_working_file_the_rest_is_there(warehouse):
    warehouse.database.unlink()
    text = page(warehouse)
    assert "行号无从得知" in content(text)["missing"] and len(content(text)["units"]) == 12


def test_bare_and_empty_cities_have_pages_or_none(settings):
    settings.published.mkdir(parents=True)
    for empty in (True, False):
        settings.snapshot.unlink(missing_ok=True)
        report_snapshot.write_bare(settings.snapshot, empty_tables=empty)
        folder(settings).mkdir(parents=True, exist_ok=True)
        assert write_pages(settings, folder(settings)) == {}
    settings.snapshot.unlink()
    report_snapshot.write(settings.snapshot)  # scores without groups, ranks, parts and what follows
    assert [u["s"] for u in content(page(settings))["units"]][-1] is None


def test_one_unit_is_written_to_a_page_of_its_own(warehouse, tmp_path):
    target = tmp_path / "new" / "one.html"
    call = ["explain", "--warehouse", str(warehouse.warehouse), "--scale", "parcel", "--unit", "P000005"]
    assert main([*call, "--year", str(YEAR), "--html", str(target)]) == 0
    D = content(target.read_text(encoding="utf-8"))  # noqa: N806
    assert [u["c"] for u in D["units"]] == ["P000005"] and D["peers"]["P000006"][1] == 6
    assert not page_parser.parse(target.read_text(encoding="utf-8")).has("search")
    assert main([*call[:-1], "P9", "--year", str(YEAR), "--html", str(target)]) == 2


def test_settings_of_another_year_write_nothing(warehouse):
    other = Settings(warehouse.warehouse, 2019, date(2019, 12, 31))
    with pytest.raises(StageFailed, match="2019 is not published"):
        write_pages(other, folder(other))
    assert not folder(other).exists()


@pytest.mark.parametrize("scale", ["parcel", "district"])
def test_weights_of_a_group_are_those_of_its_units(warehouse, scale):
    """Weights by district: a unit's own group is named, and illustrative is marked weight by weight."""
    key = f"'gz_performance' as scheme_code, '2020' as scheme_version, 2024 as year, '{scale}:district_code=440112'"
    with duckdb.connect(str(warehouse.snapshot)) as con:
        con.execute(
            f"insert into marts.fct_weight by name select {key} as group_code, 'plot_ratio' as indicator_code, "
            "1.0 as weight, 'given' as method, '{}' as parameters"
        )
        con.execute("alter table marts.fct_weight add column illustrative boolean")
        con.execute("update marts.fct_weight set illustrative = starts_with(group_code, ?)", [scale])
        if scale == "district":
            for table in ("fct_score", "fct_score_component"):
                con.execute(
                    f"insert into marts.{table} select s.* replace ('district' as scale, c as unit_code) "
                    f"from marts.{table} as s, (values ('440112'), ('440113')) as t (c) where unit_code = 'P000001'"
                )
    report(warehouse)
    text = (folder(warehouse) / "scores" / f"{scale}_gz_performance_2020.html").read_text(encoding="utf-8")
    D = content(text)  # noqa: N806
    own = f"{scale}:district_code=440112"
    assert list(D["weights"]) == [own] and list(D["marked"]) == [own]
    expected = {"P000000", "P000003", "P000006", "P000009"} if scale == "parcel" else {"440112"}
    assert {u["c"] for u in D["units"] if u["w"] == own} == expected
