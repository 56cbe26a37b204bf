"""The catalogue page for BI tools, on a small snapshot made by hand."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import page_parser
import pytest
import report_snapshot

from reporting import bi_catalogue
from reporting.page import environment


@pytest.fixture(scope="module")
def page(city: Path) -> str:
    return bi_catalogue.render(city)


def test_every_table_and_column_is_listed(city: Path, page: str) -> None:
    text = page_parser.parse(page).text
    with duckdb.connect(str(city), read_only=True) as con:
        columns = con.execute("select table_name, column_name from duckdb_columns() where schema_name = 'marts'")
        for table, column in columns.fetchall():
            assert f'<details id="{table}">' in page
            assert column in text
        assert f"行数（按 year）：2024：{con.execute('select count(*) from marts.dim_parcel').fetchone()[0]}" in text


def test_the_page_is_whole_and_loads_nothing(page: str) -> None:
    assert "default-src 'none'" in page and "<script" not in page
    assert not re.search(r"(src|href)=[\"'](?!#)", page)
    assert "生成数据（示例）" in page and "current.duckdb" in page


def test_what_others_wrote_is_text(tmp_path: Path) -> None:
    path = report_snapshot.write(tmp_path / "current.duckdb", generated=False)
    with duckdb.connect(str(path)) as con:
        con.execute("create table marts.fct_extra (year integer, odd_ha double)")
        quoted = report_snapshot.XSS.replace("'", "''")
        con.execute(f"comment on table marts.fct_extra is '{quoted}'")
        con.execute(f"comment on column marts.fct_extra.odd_ha is '{quoted}'")
    page = bi_catalogue.render(path)
    assert page.count("&lt;script&gt;alert") == 2 and "<script" not in page and "<img" not in page
    assert "没有行" in page
    assert "生成数据" not in page


def test_equal_marts_give_equal_pages(city: Path, page: str) -> None:
    assert bi_catalogue.render(city) == page


def test_a_bare_city_has_a_catalogue(tmp_path: Path) -> None:
    path = report_snapshot.write_bare(tmp_path / "current.duckdb", empty_tables=False)
    page = bi_catalogue.render(path)
    assert "已发布的年度、运行与状态" in page
    assert "逾期未完成的履约事项" not in page  # its table is not published


@pytest.mark.parametrize(
    ("column", "unit"),
    [
        ("site_area_m2", "平方米"),
        ("land_output_cny10k_per_ha", "万元/公顷"),
        ("energy_per_output_tce_per_cny10k_equivalent", "吨标准煤/万元"),
        ("output_per_land_rise_ratio", "比值"),
        ("plot_ratio", "比值"),
        ("score", ""),
        ("alpha", ""),
    ],
)
def test_units_are_read_from_names(column: str, unit: str) -> None:
    assert bi_catalogue.unit(column) == unit


def test_templates_escape() -> None:
    assert environment().autoescape is True
