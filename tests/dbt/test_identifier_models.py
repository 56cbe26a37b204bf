"""What identifiers publish: the mapping between editions, the towns of the year."""

from __future__ import annotations

import hand_made


def test_the_mapping_between_editions_is_published(dbt):
    rows = dbt.query(
        "select from_edition, count(distinct from_code), count(share) from marts.dim_industry_mapping group by 1"
    )
    assert sorted(rows) == [("2002", 95, 0), ("2011", 96, 0)]


def test_nothing_is_converted_between_editions(dbt):
    assert dbt.query("select distinct industry_edition from marts.dim_enterprise") == [("2017",)]


def test_towns_of_the_year(dbt):
    assert dbt.query("select town_code, year, name_zh, district_code from marts.dim_town") == [
        ("440106001", hand_made.YEAR, "五山街道", "440106")
    ]
