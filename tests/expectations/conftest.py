"""The gate's tests start from a warehouse made by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from gate_warehouse import Made, make


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """An empty warehouse with the city's profile in it."""
    return make(tmp_path)
