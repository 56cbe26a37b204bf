"""A score opened to the row of the file: on a snapshot and a working file made by hand."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from landgauge.cli import main
from landgauge.errors import DONE, WRONG_CALL
from landgauge.settings import Settings, year_end
from warehouse import db

YEAR = 2024
SNAPSHOT = """
create schema marts; set schema = 'marts';
create table dim_scheme as select 'demo' as scheme_code, '1' as scheme_version, '示例方案' as name_zh,
    true as illustrative, 'parcel' as scale;
create table dim_unit as select 'parcel' as scale, 'P1' as unit_code, 2024 as year, '一号宗地' as name_zh;
create table fct_run as select 'r1' as run_id, 'provisional' as state;
create table dim_indicator as
    select unnest(['tax', 'ratio']) as indicator_code, unnest(['地均税收', '容积率']) as name_zh,
        unnest(['万元/ha', '1']) as unit, unnest(['税收 / 面积', '建筑 / 面积']) as formula_zh;
create table fct_score as
    select 'parcel' as scale, unit_code, 2024 as year, 'demo' as scheme_code, '1' as scheme_version,
        score::double as score,
        grade, '较集约' as grade_name_zh, 1 as rank_in_city, 1 as rank_in_group, 'M1' as group_code, 2 as group_size,
        score is not null as rated, reason as not_rated_reason, null::varchar as veto_code, 'r1' as run_id,
    from (values ('P1', 50.5, 'B', null), ('P2', null, null, 'no_value')) as t (unit_code, score, grade, reason);
create table fct_score_component as
    select 'parcel' as scale, unit_code, 2024 as year, 'demo' as scheme_code, '1' as scheme_version, indicator_code,
        value, 200.0::double as ideal_value, part / 50 as standardised, 0.5::double as weight, part as contribution,
        0.5::double as obstacle_degree, false as imputed,
    from (values ('P1', 'tax', 100.1::double, 25.25::double), ('P1', 'ratio', 1.7::double, 25.25),
        ('P2', 'tax', null, null), ('P2', 'ratio', null, null)) as t (unit_code, indicator_code, value, part);
create table fct_indicator_value as
    select 'parcel' as scale, unit_code, 2024 as year, 'tax' as indicator_code, value, null_reason,
        20.02::double as numerator, 0.2::double as denominator,
    from (values ('P1', 100.1::double, null), ('P2', null, 'no_enterprise')) as t (unit_code, value, null_reason);
create table fct_weight as select 'demo' as scheme_code, '1' as scheme_version, 2024 as year, group_code,
    'tax' as indicator_code, method, parameters, true as illustrative,
    from (values ('parcel', 'given', '{"undefined": "只有一个单元"}'), ('parcel:district_code=D1', 'entropy', '{}'))
        as t (group_code, method, parameters);
create table fct_next_grade as select 'parcel' as scale, 'P1' as unit_code, 2024 as year, 'demo' as scheme_code,
    '1' as scheme_version, 'tax' as indicator_code, 'A' as next_grade, 75.0 as needed_score, 160.5 as needed_value,
    null::varchar as not_reached_reason;
create table fct_score_stability as select 'parcel' as scale, 'P1' as unit_code, 2024 as year, 'demo' as scheme_code,
    '1' as scheme_version, 1 as rank_p05, 2 as rank_p95, 0.75 as grade_probability, true as flag, 100 as draws,
    50.5 as missing_low, 50.5 as missing_high, true as illustrative;
create table fct_score_change as select 'parcel' as scale, 'P1' as unit_code, 2024 as year, 'demo' as scheme_code,
    '1' as scheme_version, 40.5 as previous_score, 10.0 as score_change, 8.0 as data_effect, 2.0 as ideal_effect,
    0.0 as weight_effect;
create table fct_measure as select 'parcel' as scale, 'P1' as unit_code, 2024 as year, 'demo' as scheme_code,
    '1' as scheme_version, 'keep' as measure_code, '保持' as name_zh, '甲局' as department, '等级B' as reason,
    true as illustrative;
create table dim_scheme_rule as select 'demo' as scheme_code, '1' as scheme_version, 'parcel' as scale,
    'not_rated' as kind, 'young' as rule_code, '成立不满三年' as name_zh, true as illustrative;
create table dim_parcel as select unnest(['P1', 'P2']) as parcel_code, 2024 as year,
    unnest(['D1', 'D2']) as district_code;
create table dim_enterprise as select 'E1' as uscc, 2024 as year, '甲公司' as enterprise_name;
create table bridge_parcel_enterprise as select 'P1' as parcel_code, 'E1' as uscc, 2024 as year,
    0.625::double as share, 'floor_area' as share_basis, '承租' as tenure, 'declared' as matched_by;
create table fct_load as select 'aa11' as file_sha256, 'taxes/2024/a.csv' as file_name;
"""
WORKING = """
create schema ledger; create schema accepted;
create table ledger.load as select unnest([1, 2]) as load_id, unnest(['taxes/2024/a.csv', 'parcels/2024/b.xlsx'])
    as file_name, unnest(['aa11', 'bb22']) as file_sha256;
create table ledger.load_sheet as select 2::bigint as load_id, '申报表' as sheet,
    [{'row_no': 1::bigint, 'sheet_row': 3::bigint, 'sheet_rows': 5::bigint}] as runs;
create table accepted.taxes as select 1 as load_id, unnest([7, 8]) as row_no, 2024 as data_year,
    unnest(['E1', 'E2']) as uscc;
create table accepted.parcels as select 2 as load_id, 4 as row_no, 2024 as data_year, 'P1' as parcel_code;
create table accepted.verdicts as select 1 as load_id, 1 as row_no, 2024 as data_year;
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    (tmp_path / "published").mkdir()
    with duckdb.connect(str(tmp_path / "published" / "current.duckdb")) as con:
        con.execute(SNAPSHOT)
    with db.connect(Settings(tmp_path, YEAR, year_end(YEAR))) as con:
        con.execute(WORKING)
    return tmp_path


def call(warehouse: Path, unit: str = "P1", *more: str, scale: str = "parcel", year: int = YEAR) -> int:
    options = ["--warehouse", str(warehouse), "--scale", scale, "--unit", unit, "--year", str(year)]
    return main(["explain", *options, *more])


def test_a_score_is_opened_to_numerator_enterprise_file_and_row(warehouse, capsys):
    assert call(warehouse) == DONE
    said = capsys.readouterr().out
    for expected in (
        "宗地 P1 一号宗地,2024年",
        "方案 demo 1 示例方案,含示意值,不是正式结果",
        "得分 50.5,等级 B 较集约",
        "地均税收 (tax)",
        "数值 100.1 万元/ha",
        "分子 20.02,分母 0.2",
        "合计 50.5,与得分相差 0",
        "parcel:district_code=D1:entropy(示意值)",
        "宗地 P1 - 企业 E1 甲公司:份额 0.625(floor_area,declared,承租)",
        "taxes taxes/2024/a.csv (SHA-256 aa11…)\n   数据行 7\n",
        "parcels parcels/2024/b.xlsx (SHA-256 bb22…);发布之后才装入,不是这次得分的依据\n"
        "   数据行 4(工作表“申报表”第 6 行)",
    ):
        assert expected in said
    assert "parcel:given" not in said and "verdicts" not in said and "E2" not in said


def test_what_is_not_rated_says_why(warehouse, capsys):
    assert call(warehouse, "P2") == DONE
    said = capsys.readouterr().out
    assert "不评分:没有一项指标有值 (no_value)" in said
    assert "parcel:given(示意值),推求不出:只有一个单元" in said
    assert "数值 缺:没有计入的企业 (no_enterprise)" in said
    assert "企业与份额(共 0 条)" in said and "没有找到这一单元当年采纳的申报行" in said


def test_what_follows_from_a_score_is_said(warehouse, capsys):
    assert call(warehouse) == DONE
    said = capsys.readouterr().out
    for expected in (
        "升到 A 级所需 160.5 万元/ha,其他不变",
        "组中位数 100.1 万元/ha",
        "稳定性(示意值),须复核\n权重变动 100 次,名次 1 至 2,等级保持的概率 0.75",
        "与上年相比 10(上年 40.5)\n数据影响 8,理想值影响 2,权重影响 0",
        "保持(示意值) - 甲局:等级B",
        "同组邻近单元(组 M1)\n→ 第 1 名 P1 一号宗地:得分 50.5,等级 B\n\n",
    ):
        assert expected in said


def test_peers_of_the_group_stand_around_the_unit(warehouse, capsys):
    """Ranks of the same group only; ties by code; what is not rated has no rank."""
    with duckdb.connect(str(warehouse / "published" / "current.duckdb")) as con:
        con.execute(
            "insert into marts.fct_score select s.* replace (code as unit_code, place as rank_in_group, "
            "g as group_code) from marts.fct_score as s, (values ('P3', 1, 'M1'), "
            "('P4', 2, 'M1'), ('P5', 3, 'M1'), ('P6', 4, 'M1'), ('P0', 1, 'M2')) "
            "as t (code, place, g) where unit_code = 'P1'"
        )
    assert call(warehouse, "P4") == DONE
    lines = capsys.readouterr().out.splitlines()
    start = lines.index("同组邻近单元(组 M1)")
    assert [line.split()[:4] for line in lines[start + 1 : start + 6]] == [
        ["第", "1", "名", "P1"],
        ["第", "1", "名", "P3"],
        ["→", "第", "2", "名"],
        ["第", "3", "名", "P5"],
        ["第", "4", "名", "P6"],
    ]


def test_a_not_rated_class_has_the_name_that_its_scheme_gives(warehouse, capsys):
    with duckdb.connect(str(warehouse / "published" / "current.duckdb")) as con:
        con.execute("update marts.fct_score set not_rated_reason = 'young' where unit_code = 'P2'")
    assert call(warehouse, "P2") == DONE
    assert "不评分:成立不满三年 (young)" in capsys.readouterr().out


def test_an_area_is_opened_to_its_parcels_and_their_enterprises(warehouse, capsys):
    with duckdb.connect(str(warehouse / "published" / "current.duckdb")) as con:
        con.execute(
            "insert into marts.fct_score select * replace ('district' as scale, 'D1' as unit_code) "
            "from marts.fct_score where unit_code = 'P1'"
        )
    assert call(warehouse, "D1", scale="district") == DONE
    said = capsys.readouterr().out
    assert "区 D1,2024年" in said and "企业与份额(共 1 条)" in said
    assert "parcels/2024/b.xlsx" in said and "数据行 7\n" in said


def test_without_a_working_file_the_rows_are_said_to_be_unknown(warehouse, capsys):
    (warehouse / "warehouse.duckdb").unlink()
    assert call(warehouse) == DONE
    assert "行号无从得知" in capsys.readouterr().out
    (warehouse / "warehouse.duckdb").write_text("no database", encoding="utf-8")
    assert call(warehouse) == DONE
    assert "行号无从得知" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("unit", "more", "options", "said"),
    [
        ("P9", (), {}, "parcel P9 has no score in 2024"),
        ("P1", ("--scheme", "other"), {}, "Schemes: demo."),
        ("P1", (), {"year": 1999}, "Published years with scores: 2024."),
        ("D1", (), {"scale": "district"}, "Scored scales: parcel."),
    ],
)
def test_what_is_not_published_is_a_wrong_call(warehouse, capsys, unit, more, options, said):
    assert call(warehouse, unit, *more, **options) == WRONG_CALL
    assert said in capsys.readouterr().err


def test_nothing_published_is_a_wrong_call(tmp_path, capsys):
    assert call(tmp_path) == WRONG_CALL
    assert "nothing is published" in capsys.readouterr().err
