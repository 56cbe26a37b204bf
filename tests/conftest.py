"""Which tests go to the same worker, and which begin first.

pytest-xdist's own groups (`xdist_group`) hold by a mark in the test's id, which pytest 9.2 no longer takes over: they
do nothing (https://github.com/pytest-dev/pytest-xdist/issues/1386). Here a file stays on one worker, so that what its
tests share is made once, and files that share more stay together.
"""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

# Longest first, so that no worker ends with a long one alone.
LONG = (
    *("upgrade/test_runbooks.py", "upgrade/test_upgrade.py"),
    *("acceptance/test_generated_city.py", "acceptance/test_restate.py", "warehouse/test_objections.py"),
    *("dbt", "twin", "life_cycle", "acceptance", "fuzz", "ingestion", "airflow"),
)
TOGETHER = ("dbt", "twin", "life_cycle", "airflow")  # folders whose files share a built warehouse or a project


def _place(nodeid: str) -> str:
    """Return the file of a test below tests/, or its folder where files stay together."""
    path = PurePosixPath(nodeid.split("::")[0].removeprefix("tests/"))
    return path.parts[0] if path.parts[0] in TOGETHER else path.as_posix()


def _turn(item: pytest.Item) -> int:
    place = _place(item.nodeid)
    return next((n for n, long in enumerate(LONG) if place == long or place.startswith(f"{long}/")), len(LONG))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_turn)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    from xdist.scheduler import LoadScopeScheduling

    class ByPlace(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _place(nodeid)

    config.option.loadscopereorder = False  # the order is that of LONG, not the number of tests
    return ByPlace(config, log)
