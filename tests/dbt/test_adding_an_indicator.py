"""Steps 1 to 4 of docs/adding-an-indicator.md, followed to the letter in a copy of the project."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import hand_made
import pytest
from conftest import DbtRun

from landgauge import catalogue
from landgauge.settings import DBT_PROJECT, PROJECT_ROOT

CODE = "land_revenue_cny10k_per_ha"
PAGE = PROJECT_ROOT / "docs" / "adding-an-indicator.md"
UNITS = {
    "parcel": "parcel_code",
    "enterprise": "uscc",
    "block": "block_code",
    "district": "district_code",
    "city": "city_code",
    "industry": "industry_edition || ':' || industry_code",
}


def _block(language: str) -> str:
    return re.search(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]


def _append(path: Path, text: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def _copy(root: Path) -> Path:
    """Copy what the page names; the unit tests are left out, other tests run them."""
    project = root / "dbt_project"
    shutil.copytree(DBT_PROJECT, project, ignore=shutil.ignore_patterns("target", "logs", "_unit_tests*.yml"))
    (root / "docs").mkdir()
    shutil.copy(PROJECT_ROOT / "README.md", root / "README.md")
    (project / "models/intermediate/_unit_tests.yml").write_text("version: 2\nunit_tests:\n", encoding="utf-8")
    return project


def _follow(root: Path, project: Path) -> None:
    """Do what steps 1 to 4 of the page say."""
    _append(project / "seeds/policy/indicator.csv", _block("csv"))
    macros = project / "macros/indicators.sql"
    text = macros.read_text(encoding="utf-8")
    head = re.search(r"macro _land_specs\(.*?return\(\[\n", text, re.DOTALL).end()
    macros.write_text(text[:head] + _block("jinja") + text[head:], encoding="utf-8")
    catalogue.main(root)
    _append(project / "models/intermediate/_unit_tests.yml", _block("yaml"))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> DbtRun:
    """The hand-made year's indicators, built by the copy with the new one, its unit test and the data tests."""
    root = tmp_path_factory.mktemp("adding")
    project = _copy(root)
    _follow(root, project)
    run = DbtRun(root / "run", project)
    run.folder.mkdir()
    hand_made.write(run.database)
    marts = ("+path:models/marts/indicators", "+dim_indicator", "+dim_unit")
    done = run("build", "--select", *marts, f"parcel_{CODE}")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert re.search(rf"PASS \S+::parcel_{CODE} ", done.stdout), "the unit test did not run"
    return run


def test_the_catalogue_has_it(built):
    row = built.query(f"select name_zh, unit, direction from marts.dim_indicator where indicator_code = '{CODE}'")
    assert row == [("地均营业收入", "万元/ha", "positive")]


@pytest.mark.parametrize("scale", UNITS)
def test_long_and_wide_marts_have_it(built, scale):
    wide = dict(built.query(f"select {UNITS[scale]}, {CODE} from marts.fct_{scale}_year"))
    long = dict(
        built.query(
            f"select unit_code, value from marts.fct_indicator_value where scale = '{scale}' "
            f"and indicator_code = '{CODE}'"
        )
    )
    assert wide == long
    assert any(value for value in wide.values())


def test_its_value_is_right(built):
    """P1 of one hectare: E1 x 0.75 + E2 + E3 x 0.25 + E8 / 3."""
    value = built.query(f"select {CODE} from marts.fct_parcel_year where parcel_code = 'P1'")[0][0]
    assert value == pytest.approx(1500 + 600 + 0 + 90 / 3, rel=1e-12)


def test_the_written_files_name_it(built):
    root = built.project.parent
    assert f"`{CODE}`" in (root / "docs/indicators.md").read_text(encoding="utf-8")
    assert "地均营业收入" in (root / "README.md").read_text(encoding="utf-8")
    marts = (built.project / "models/marts/indicators/_indicators.yml").read_text(encoding="utf-8")
    assert (
        marts.count(f"- name: {CODE}\n    data_type: double\n    description: 地均营业收入 (Land revenue), 万元/ha\n")
        == 6
    )
