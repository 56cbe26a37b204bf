"""The project's models, compiled once for the years of the random cities."""

from __future__ import annotations

import pytest

from .project import Compiled, Project


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Compiled]:
    project = Project(tmp_path_factory.mktemp("twin"))
    return {year: project.compile(year) for year in (2015, 2023)}
