"""The annual report: one self-contained page in Chinese, `published/report/<year>/city.html`.

It reads the published snapshot and nothing else; equal marts give equal bytes. The page loads nothing: style, script,
charts and map are in it, and its content security policy forbids anything else.
"""

from __future__ import annotations

import base64
import hashlib
import os
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from landgauge.settings import Settings, StageResult
from reporting import figures, words
from reporting.chapters import contracts, districts, methods, quality, zones
from reporting.charts import HEIGHT, WIDTH
from reporting.land import land
from reporting.marts import Marts
from reporting.parcel_map import parcel_map
from reporting.scores import scores
from reporting.summary import headline
from warehouse.published import open_snapshot

_TEMPLATES = Path(__file__).parent / "templates"


def report(settings: Settings) -> StageResult:
    """Write the report of the settings' year from the published snapshot, by rename.

    Raises StageFailed when nothing, or not this year, is published.
    """
    target = settings.published / "report" / str(settings.year) / "city.html"
    page = render(settings.snapshot, settings.year, _data_docs(settings, target))
    target.parent.mkdir(parents=True, exist_ok=True)
    building = target.with_name(f".{target.name}.building")
    building.write_text(page, encoding="utf-8", newline="\n")
    building.replace(target)
    return StageResult(rows={"bytes": target.stat().st_size})


def _data_docs(settings: Settings, page: Path) -> str | None:
    """Return the gate's Data Docs as seen from the page, where there are any; both move with the warehouse folder."""
    docs = settings.warehouse / "data_docs" / str(settings.year) / "index.html"
    return Path(os.path.relpath(docs, page.parent)).as_posix() if docs.is_file() else None


def render(snapshot: Path, year: int, data_docs: str | None = None) -> str:
    """Return the page of a year as HTML text; `data_docs` is a relative link to the gate's own pages."""
    with open_snapshot(snapshot) as con:
        content = _content(Marts(con, year)) | {"data_docs": data_docs}
    return _environment().get_template("city.html.j2").render(content)


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


@cache
def _environment() -> jinja2.Environment:
    """Autoescape is on for every template: names come from files that others wrote."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = (_TEMPLATES / "page.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    environment.globals |= {
        "style": Markup((_TEMPLATES / "page.css").read_text(encoding="utf-8")),
        "script": Markup(script),
        "script_digest": digest,
        "forms": figures,
        "words": words,
        "chart_width": WIDTH,
        "chart_height": HEIGHT,
    }
    environment.filters |= {"write": figures.write, "exact": figures.exact, "word": words.word, "reason": words.reason}
    return environment
