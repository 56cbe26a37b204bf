"""Unit and direction of each indicator, stated a second time."""

from __future__ import annotations

from landgauge.settings import DBT_PROJECT

from .catalogue import catalogue_faults
from .mutations import CATALOGUE


def test_catalogue_says_what_is_stated():
    assert catalogue_faults((DBT_PROJECT / CATALOGUE).read_text(encoding="utf-8")) == []
