"""The wrong formulas of `make test-mutation` still fit the project."""

from __future__ import annotations

import pytest

from landgauge.settings import DBT_PROJECT

from .mutations import FORMULAS, REGIONAL, WORDS


@pytest.mark.parametrize("change", (*FORMULAS, *REGIONAL, *WORDS), ids=lambda change: change.old[:40])
def test_the_text_to_be_made_wrong_stands_once(change):
    assert (DBT_PROJECT / change.path).read_text(encoding="utf-8").count(change.old) == 1
