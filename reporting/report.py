"""The annual report: one self-contained page in Chinese, `published/report/<year>/city.html`.

It reads the published snapshot and nothing else; equal marts give equal bytes. Beside it stand the pages on which each
score can be opened (`reporting.opened`). The page loads nothing: style, script,
charts and map are in it, and its content security policy forbids anything else.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from landgauge.settings import Settings, StageResult
from reporting.chapters import contracts, districts, methods, quality, zones
from reporting.land import land
from reporting.marts import Marts
from reporting.opened.pages import most_units, write_pages
from reporting.opened.read import Key
from reporting.page import environment, script
from reporting.parcel_map import parcel_map
from reporting.scores import scores
from reporting.summary import headline
from warehouse.published import open_snapshot


def report(settings: Settings) -> StageResult:
    """Write the report of the settings' year from the published snapshot, by rename, and the pages of opened scores.

    Raises StageFailed when nothing, or not this year, is published.
    """
    target = settings.published / "report" / str(settings.year) / "city.html"
    opened = write_pages(settings, target.parent)
    page = render(settings.snapshot, settings.year, _data_docs(settings, target), opened)
    target.parent.mkdir(parents=True, exist_ok=True)
    building = target.with_name(f".{target.name}.building")
    building.write_text(page, encoding="utf-8", newline="\n")
    building.replace(target)
    return StageResult(rows={"bytes": target.stat().st_size, "score_pages": len(opened)})


def _data_docs(settings: Settings, page: Path) -> str | None:
    """Return the gate's Data Docs as seen from the page, where there are any; both move with the warehouse folder."""
    docs = settings.warehouse / "data_docs" / str(settings.year) / "index.html"
    return Path(os.path.relpath(docs, page.parent)).as_posix() if docs.is_file() else None


def render(snapshot: Path, year: int, data_docs: str | None = None, opened: Mapping[Key, str] | None = None) -> str:
    """Return the page of a year as HTML text.

    `data_docs` is a relative link to the gate's own pages, `opened` those to the pages on which scores are opened;
    None where no such pages were written at all.
    """
    with open_snapshot(snapshot) as con:
        content = _content(Marts(con, year)) | {"data_docs": data_docs, "opened": opened, "most_units": most_units()}
    return environment().get_template("city.html.j2").render(content | script("page.js"))


def _content(marts: Marts) -> dict[str, Any]:
    """Everything that the template shows, by chapter."""
    content: dict[str, Any] = {
        "year": marts.year,
        "run": marts.run,
        "quality": quality(marts),
        "districts": districts(marts),
        "scores": scores(marts),
        "land": land(marts),
        "contracts": contracts(marts),
        "zones": zones(marts),
        "methods": methods(marts),
    }
    content["map"] = parcel_map(marts, content["scores"].parcel)
    return content | {"title": headline(marts, content)}
