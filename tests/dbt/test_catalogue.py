"""The catalogue: one row an indicator, written out everywhere, held by data tests that can fail."""

from __future__ import annotations

import re
import shutil

import duckdb
import pytest
import yaml

from landgauge import catalogue, policy
from landgauge.settings import DBT_PROJECT, PROJECT_ROOT

ROWS = {row["indicator_code"]: row for row in policy.rows("indicator")}
WORDS = {"cny10k": "万元", "person": "人"}
BROKEN = [
    ("value_is_numerator_over_denominator", "update {long} set value = value * (1 + 1e-11) where value > 0"),
    ("value_is_numerator_over_denominator", "update {long} set denominator = null where unit_code = 'P1'"),
    (
        "reason_is_in_the_catalogue",
        "update {long} set null_reason = 'no_enterprise' where indicator_code = 'green_ratio'",
    ),
    ("reason_is_in_the_catalogue", "update {long} set null_reason = null where value is null"),
    ("every_unit_has_every_indicator", "delete from {long} where unit_code = 'P1' and indicator_code = 'plot_ratio'"),
    ("every_unit_has_every_indicator", "update {long} set unit_code = 'P2' where unit_code = 'P1'"),
    ("every_unit_has_every_indicator", "insert into {long} from {long} where unit_code = 'P1' and value > 1"),
    ("catalogue_is_what_is_built", "update {rows} set scales = 'parcel' where indicator_code = 'rd_intensity'"),
    ("catalogue_is_what_is_built", "update {rows} set scales = scales || '|block' where indicator_code = 'idle_ratio'"),
    (
        "catalogue_is_what_is_built",
        "update {rows} set null_reasons = 'value_missing' where indicator_code = 'plot_ratio'",
    ),
    ("catalogue_is_what_is_built", "delete from {rows} where indicator_code = 'plot_ratio'"),
]


def test_what_is_written_from_the_catalogue_is_up_to_date():
    for path, text in catalogue.outputs().items():
        assert path.read_text(encoding="utf-8") == text, f"run make catalogue: {path.relative_to(PROJECT_ROOT)}"


@pytest.mark.parametrize("code", ROWS)
def test_a_row_is_complete(code):
    row = ROWS[code]
    assert [name for name, cell in row.items() if not cell] == []
    assert set(row["scales"].split("|")) <= set(catalogue.SCALES)
    assert set(row["null_reasons"].split("|")) <= {reason["null_reason"] for reason in policy.rows("null_reason")}


@pytest.mark.parametrize("code", ROWS)
def test_the_unit_is_that_of_the_name(code):
    """The code of a ratio of two units ends with them; a plain ratio has unit 1."""
    named = re.search(r"_(cny10k|m2|tce|t|person|ha|km2)_per_(cny10k|m2|tce|t|person|ha|km2)(_equivalent)?$", code)
    unit = "/".join(WORDS.get(word, word) for word in named.groups()[:2]) if named else "1"
    assert ROWS[code]["unit"] == unit


@pytest.mark.parametrize("code", [code for code in ROWS if not {"zone"} & set(ROWS[code]["scales"].split("|"))])
def test_the_energy_of_the_name_is_that_of_the_formula(code):
    """当量 unless the code says 等价."""
    if "energy" in code:
        assert ("等价" in ROWS[code]["formula_zh"]) == code.endswith("_equivalent")


@pytest.mark.parametrize("seed", [path.stem for path in policy.files() if path.stem != "indicator"])
def test_other_seeds_name_indicators_of_the_catalogue_in_its_unit(seed):
    """A scheme may define ratios of its own; they are no indicators of the catalogue under another formula."""
    own = {row["indicator_code"]: row["unit"] for row in policy.rows("scheme_ratio")}
    units = {code: row["unit"] for code, row in ROWS.items()}
    assert not own.keys() & units.keys()
    for row in policy.rows(seed):
        code = row.get("indicator_code")
        assert not code or code in units | own
        if code and "unit" in row:
            assert row["unit"] == (units | own)[code]


def _expected_columns() -> set[str]:
    """Return the columns that stand in an expectation of some dbt unit test."""
    found: set[str] = set()
    for path in DBT_PROJECT.glob("models/**/*.yml"):
        for test in yaml.load(path.read_bytes(), yaml.CSafeLoader).get("unit_tests") or ():
            rows = test["expect"].get("rows", ())
            found |= {column for row in rows if isinstance(row, dict) for column in row}
    return found


def test_every_indicator_has_a_unit_test():
    found = _expected_columns()
    wanted = [f"{code}__{part}" for code in ROWS for part in ("num", "den", "reason")]
    assert [column for column in wanted if column not in found] == []


@pytest.mark.parametrize(("name", "change"), BROKEN)
def test_the_data_tests_find_what_is_broken(dbt, tmp_path, name, change):
    """Each test's own SQL, on a copy of the built warehouse: no row before the change, some after it."""
    sql = (dbt.folder / f"target/compiled/landgauge/tests/catalogue/{name}.sql").read_text(encoding="utf-8")
    copy = tmp_path / dbt.database.name
    shutil.copy(dbt.database, copy)
    with duckdb.connect(str(copy)) as con:
        assert con.execute(sql).fetchall() == []
        con.execute(change.format(long="marts.fct_indicator_value", rows="marts.dim_indicator"))
        assert con.execute(sql).fetchall() != []


def test_descriptions_are_replaced_and_missing_columns_added():
    row = {"indicator_code": "x_ratio", "name_zh": "比例", "name_en": "Ratio: a", "unit": "1", "scales": "parcel|zone"}
    old = "  - name: x_ratio\n    data_type: double\n    description: old\n"
    new = '  - name: x_ratio\n    data_type: double\n    description: "比例 (Ratio: a), 1"\n'
    head, tail = "- name: fct_{}_year\n  columns:\n", "  - name: run_id\n"
    text = f"models:\n{head.format('parcel')}{old}{tail}{head.format('zone')}{tail}{head.format('city')}{tail}"
    written = f"models:\n{head.format('parcel')}{new}{tail}{head.format('zone')}{new}{tail}{head.format('city')}{tail}"
    assert catalogue.with_columns(text, [row]) == written
    assert catalogue.with_columns(written, [row]) == written


def test_a_readme_without_its_marks_is_refused():
    with pytest.raises(ValueError, match="README needs the lines"):
        catalogue.with_table("# Title\n", [])
