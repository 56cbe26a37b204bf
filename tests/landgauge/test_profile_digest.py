"""A city profile is the same where all files that it is made of are."""

from __future__ import annotations

from pathlib import Path

import pytest

from landgauge import profile
from landgauge.errors import ConfigurationError

CITY = """
districts: districts.csv
towns: towns.csv
district_outlines: {file: outlines.shp, code: code}
"""


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    (tmp_path / "city.yml").write_text(CITY, encoding="utf-8")
    for name in ("districts.csv", "towns.csv", "outlines.shp", "outlines.dbf", "other.csv"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("name", ["city.yml", "districts.csv", "towns.csv", "outlines.shp", "outlines.dbf"])
def test_each_file_of_a_profile_counts(landing: Path, name: str) -> None:
    before = profile.digest(landing)
    (landing / "other.csv").write_text("changed", encoding="utf-8")
    assert profile.digest(landing) == before
    with (landing / name).open("a", encoding="utf-8") as file:
        file.write("\n# more\n")
    assert profile.digest(landing) != before


@pytest.mark.parametrize("name", ["districts.csv", "outlines.dbf"])
def test_a_file_that_is_gone_or_comes_counts(landing: Path, name: str) -> None:
    before = profile.digest(landing)
    (landing / name).rename(landing / f"{name}.away")
    assert profile.digest(landing) != before


def test_a_landing_area_without_a_profile_of_its_own_has_the_shipped_one(
    landing: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    bare = tmp_path_factory.mktemp("bare")
    assert profile.digest(bare) == profile.digest(None) != profile.digest(landing)


def test_the_shipped_files_count(monkeypatch: pytest.MonkeyPatch, landing: Path) -> None:
    before = profile.digest(None)
    monkeypatch.setattr(profile, "SHIPPED", landing)
    assert profile.digest(None) != before


def test_a_profile_that_is_none_is_said(landing: Path) -> None:
    (landing / "city.yml").write_text("- a\n- list\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="expected keys and values"):
        profile.digest(landing)
