"""The whole way on a small generated city: the truth is found, rows add up, and repeating changes nothing."""

from __future__ import annotations

import hashlib
import html
import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

from benchmarks.job import answer
from benchmarks.whole import bare
from benchmarks.whole import workload as whole
from landgauge import cli
from landgauge.errors import COMPLAINTS, DONE, STOPPED, WRONG_CALL
from reporting import bi_catalogue
from warehouse.publish import registry

YEARS = (2023, 2024)
TIMES = {"fct_run", "fct_load"}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("city")
    arguments = ["--parcels", "120", "--enterprises", "500", "--years", "2", "--last-year", "2024", "--seed", "5"]
    assert cli.main(["demo", "--warehouse", str(folder), *arguments]) == DONE
    return folder


def rows(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(folder / "published" / "current.duckdb"), read_only=True) as con:
        con.execute("set search_path = 'marts'")
        return con.execute(sql).fetchall()


def contents(folder: Path, where: str = "true") -> dict[str, str]:
    """A digest of every published table, times apart; `where` may use `year` on the tables that have it."""
    with duckdb.connect(str(folder / "published" / "current.duckdb"), read_only=True) as con:
        columns: dict[str, list[str]] = {}
        for table, column in con.execute(
            "select table_name, column_name from duckdb_columns() where schema_name = 'marts' order by all"
        ).fetchall():
            columns.setdefault(table, []).append(column)
        found = {}
        for table, names in columns.items():
            kept = ", ".join(n for n in names if n not in ("started_at", "finished_at", "published_at", "loaded_at"))
            condition = where if "year" in names else "true"
            lines = con.execute(f"select {kept} from marts.{table} where {condition} order by all").fetchall()
            found[table] = hashlib.sha256(repr(lines).encode()).hexdigest()
        return found


def parquet(folder: Path) -> dict[str, str]:
    root = folder / "published" / "parquet"
    return {
        str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in root.rglob("*.parquet")
        if p.parent.name not in TIMES
    }


def evaluate(city: Path, year: int, *more: str) -> int:
    return cli.main(
        ["evaluate", "--landing", str(city / "landing"), "--warehouse", str(city), "--year", str(year), *more]
    )


def test_every_seeded_defect_is_found_and_no_good_row_is_quarantined(city: Path) -> None:
    truth = json.loads((city / "landing" / "truth.json").read_text(encoding="utf-8"))
    seeded = {(d["file_name"], d["row_no"], d["rule_code"]) for d in truth["defects"] if d["severity"] == "error"}
    found = rows(city, "select file_name, row_no, rule_code from fct_quarantine where severity = 'error'")
    assert len(seeded) > 100
    assert set(found) == seeded


def test_seeded_oddities_only_warn(city: Path) -> None:
    truth = json.loads((city / "landing" / "truth.json").read_text(encoding="utf-8"))
    seeded = [d["rule_code"] for d in truth["defects"] if d["severity"] == "warning"]
    for rule, table in (("qc_area", "qc_parcel_area"), ("qc_tax_above_output", "qc_tax_above_output")):
        assert rows(city, f"select count(*) from {table}") == [(seeded.count(rule),)]
    assert rows(city, "select count(*) * 2 from qc_parcel_overlap") == [(seeded.count("qc_overlap"),)]


def test_rows_add_up_for_every_file(city: Path) -> None:
    truth = json.loads((city / "landing" / "truth.json").read_text(encoding="utf-8"))
    ledger = rows(city, "select file_name, rows_in, accepted, quarantined, superseded from fct_load")
    assert {name: n for name, n, *_ in ledger} == truth["rows"]
    assert all(n == accepted + quarantined + superseded for _, n, accepted, quarantined, superseded in ledger)
    counted = rows(
        city,
        "select count(*) from fct_load as l join (select file_name, count(distinct row_no) as n from fct_quarantine "
        "where severity = 'error' group by all) as q using (file_name) where l.quarantined <> q.n",
    )
    assert counted == [(0,)]


def test_keys_are_unique_and_every_row_carries_its_run(city: Path) -> None:
    published = {name for (name,) in rows(city, "select table_name from duckdb_tables() where schema_name = 'marts'")}
    for name in sorted(published & set(registry())):
        key = ", ".join(registry()[name].key)
        assert rows(city, f"select {key} from {name} group by all having count(*) > 1 limit 1") == [], name
        assert rows(city, f"select count(*) from {name} where run_id is null") == [(0,)], name
    assert len(published & set(registry())) > 25


def test_parcels_and_what_is_unmatched_add_up_to_the_enterprises(city: Path) -> None:
    for year in YEARS:
        (parcels, district, unmatched, total) = rows(
            city,
            f"select (select sum(output_cny10k) from fct_parcel_year where year = {year}), "
            f"(select sum(output_cny10k) from fct_district_year where year = {year}), "
            f"(select unmatched_output_cny10k from fct_city_year where year = {year}), "
            f"(select sum(output_cny10k) from fct_industry_year where year = {year})",
        )[0]
        assert parcels == pytest.approx(district, rel=1e-12)
        assert unmatched > 0
        assert parcels + unmatched == pytest.approx(total, rel=1e-12)


def test_long_and_wide_never_disagree(city: Path) -> None:
    for scale, table, key in (("parcel", "fct_parcel_year", "parcel_code"), ("city", "fct_city_year", "city_code")):
        codes = [
            code
            for (code,) in rows(
                city, f"select distinct indicator_code from fct_indicator_value where scale = '{scale}'"
            )
        ]
        assert len(codes) > 5
        for code in codes:
            differing = rows(
                city,
                f"select count(*) from fct_indicator_value as l join {table} as w on l.unit_code = w.{key} "
                f"and l.year = w.year where l.scale = '{scale}' and l.indicator_code = '{code}' "
                f"and (l.value is distinct from w.{code} or (l.value is null) = (l.null_reason is null))",
            )
            assert differing == [(0,)], code


def test_components_add_up_to_the_score(city: Path) -> None:
    differing = rows(
        city,
        "select count(*) from fct_score as s join (select scale, unit_code, year, scheme_code, scheme_version, "
        "sum(contribution) as total from fct_score_component group by all) as c "
        "using (scale, unit_code, year, scheme_code, scheme_version) where s.rated and abs(s.score - c.total) > 1e-9",
    )
    assert differing == [(0,)]
    assert rows(city, "select count(*) > 100 from fct_score where rated") == [(True,)]


def test_the_catalogue_of_the_tables_holds(city: Path) -> None:
    """Every example query answers, every join that the page names finds at most one row, every column is described."""
    page = (city / "published" / "catalogue.html").read_text(encoding="utf-8")
    with duckdb.connect(str(city / "published" / "current.duckdb"), read_only=True) as con:
        tables = bi_catalogue.read(con)
        queries = bi_catalogue.queries({table.name for table in tables})
        assert len(queries) == page.count("<h3>") - 5 >= 12
        for query in queries:
            assert con.execute(query.sql).fetchall(), query.title
        for table in tables:
            assert table.comment and all(column.comment for column in table.columns), table.name
            for join in table.joins:
                joined = f"from marts.{table.name} as t left join marts.{join.table} on {join.on}"
                assert con.execute(f"select count(*) {joined}").fetchone() == (sum(table.counts.values()),), joined


def test_generated_data_are_labelled(city: Path) -> None:
    page = (city / "published" / "report" / "2024" / "city.html").read_text(encoding="utf-8")
    assert "生成数据" in page
    assert rows(city, "select bool_and(generated) from fct_run") == [(True,)]


def test_running_again_with_approval_publishes_the_same_rows_as_final(city: Path) -> None:
    before, files = contents(city), parquet(city)
    earlier = contents(city, "year = 2023")
    assert evaluate(city, 2024, "--approved-by", "土地管理委员会") == DONE
    after = contents(city)
    assert {table for table in after if after[table] != before[table]} == {"fct_run"}
    assert parquet(city) == files
    assert contents(city, "year = 2023") == earlier
    assert rows(city, "select year, approved_by from fct_run where state = 'final'") == [(2024, "土地管理委员会")]


def test_a_file_without_a_required_column_stops_itself_and_not_the_city(city: Path) -> None:
    extra = city / "landing" / "taxes" / "2024" / "taxes_late.csv"
    extra.write_text("统一社会信用代码,金额\n91440100MA59ABCD12,5\n", encoding="utf-8")
    try:
        assert evaluate(city, 2024) == COMPLAINTS
    finally:
        extra.unlink()
    state = rows(
        city, "select state, rows_in, quarantined, reason from fct_load where file_name like '%taxes_late.csv'"
    )
    assert state[0][:3] == ("rejected", 1, 1)
    assert "tax_paid_cny10k" in state[0][3]
    assert rows(city, "select count(*) > 0 from fct_parcel_year where year = 2024") == [(True,)]


def test_a_year_without_parcels_is_refused(city: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(city, 2031) == WRONG_CALL
    said = capsys.readouterr().err
    assert "parcels" in said
    assert "Traceback" not in said


def test_a_year_with_no_accepted_parcel_is_stopped_by_the_gate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "landing" / "parcels" / "2024" / "parcels.csv"
    broken.parent.mkdir(parents=True)
    broken.write_text("宗地代码,行政区代码,土地用途代码,宗地面积\nX,440112,M1,100\n", encoding="utf-8")
    code = cli.main(
        ["evaluate", "--landing", str(tmp_path / "landing"), "--warehouse", str(tmp_path), "--year", "2024"]
    )
    assert code == STOPPED
    assert not (tmp_path / "published" / "current.duckdb").exists()
    assert "Traceback" not in capsys.readouterr().err


def test_every_figure_of_the_report_can_be_followed(city):
    """The queries that stand in the pages of the city, a district and a zone run, and return what the pages show."""
    folder = city / "published" / "report" / "2024"
    asked = [folder / "city.html", *sorted(folder.glob("district-*"))[:1], *sorted(folder.glob("zone-*"))[:1]]
    assert len(asked) == 3 and (folder / "index.html").is_file()
    for page in asked:
        text = page.read_text(encoding="utf-8")
        found = re.findall(r'<details class="origin">.*?<code>(.*?)</code>', text)
        assert len(found) > 8, page.name
        answers = {query: rows(city, query) for query in map(html.unescape, found)}
        parcels = next((answer for query, answer in answers.items() if "geometry from marts.dim_parcel" in query), [])
        assert f'<dt>工业宗地</dt><dd><data value="{len(parcels)}">' in text, page.name
        low = next((answer for query, answer in answers.items() if "marts.fct_low_efficiency_parcel" in query), [])
        assert not low or f'共 <data value="{sum(r[1] for r in low)}">' in text, page.name


def test_the_bare_script_of_the_benchmarks_makes_the_same_marts(city: Path, tmp_path: Path) -> None:
    assert bare.run(city / "landing", YEARS, tmp_path, "", 1) == []
    made, published = whole.values(tmp_path, "bare"), whole.values(city, "landgauge")
    assert len(made) > 200
    assert answer.differences(made, published) == []
