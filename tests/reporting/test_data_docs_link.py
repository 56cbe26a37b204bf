"""The page of a year links the gate's own pages, relatively, and only where there are any."""

from __future__ import annotations

import re
import shutil
from pathlib import Path


def _link(page: str) -> list[str]:
    return re.findall(r'<a href="([^"#]+)"', page)


def test_data_docs_are_linked_so_that_the_link_moves_with_the_warehouse(settings, written, tmp_path):
    assert not [href for href in _link(written()) if "data_docs" in href]
    docs = settings.warehouse / "data_docs" / str(settings.year) / "index.html"
    docs.parent.mkdir(parents=True)
    docs.write_text("checks", encoding="utf-8")
    (href,) = [href for href in _link(written()) if "data_docs" in href]
    moved = shutil.copytree(tmp_path, tmp_path.with_name("moved"))
    page = moved / "published" / "report" / str(settings.year) / "city.html"
    assert Path(page.parent / href).resolve() == (moved / "data_docs" / str(settings.year) / "index.html").resolve()
    assert (page.parent / href).read_text(encoding="utf-8") == "checks"
