"""The annual report: self-contained pages in Chinese with an English switch, in `published/report/<year>/`.

`city.html`, a page of each district and each zone, and `index.html`, which links them. They read the published
snapshot and nothing else; equal marts give equal bytes. Beside them stand the pages on which each
score can be opened (`reporting.opened`). A page loads nothing: style, script,
charts and map are in it, and its content security policy forbids anything else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from landgauge.settings import Settings, StageResult
from reporting import bi_catalogue
from reporting.changes import change
from reporting.chapters import contracts, districts, gaps, methods, quality, zones
from reporting.land import land
from reporting.language import English, of_marts, with_english
from reporting.low_efficiency import low_efficiency
from reporting.marts import Marts
from reporting.objections import objections
from reporting.opened.pages import most_units, write_pages
from reporting.opened.read import Key
from reporting.origins import origins
from reporting.page import environment, script
from reporting.parcel_map import parcel_map
from reporting.scope import Scope, narrow, prepare, scopes
from reporting.scores import scores
from reporting.summary import headline
from warehouse.published import open_snapshot

INDEX = "index.html"
SAME = ("quality", "methods", "run")


def report(settings: Settings) -> StageResult:
    """Write the pages of the settings' year from the published snapshot, each by rename, and those of opened scores.

    Pages of districts and zones that the year no longer has are taken away.
    Raises StageFailed when nothing, or not this year, is published.
    """
    folder = settings.published / "report" / str(settings.year)
    opened = write_pages(settings, folder)
    written = {}
    for name, page in pages(settings.snapshot, settings.year, _data_docs(settings, folder), opened):
        written[name] = _write(folder / name, page)
    for old in [*folder.glob("district-*.html"), *folder.glob("zone-*.html")]:
        if old.name not in written:
            old.unlink()
    bi_catalogue.write(settings)
    return StageResult(rows={"bytes": sum(written.values()), "pages": len(written), "score_pages": len(opened)})


def _write(target: Path, page: str) -> int:
    """Put a page into its place by rename; return its bytes."""
    building = target.with_name(f".{target.name}.building")
    building.write_text(page, encoding="utf-8", newline="\n")
    building.replace(target)
    return target.stat().st_size


def _data_docs(settings: Settings, folder: Path) -> str | None:
    """Return the gate's Data Docs as seen from the pages, where there are any; both move with the warehouse folder."""
    docs = settings.warehouse / "data_docs" / str(settings.year) / "index.html"
    return Path(os.path.relpath(docs, folder)).as_posix() if docs.is_file() else None


def render(snapshot: Path, year: int, data_docs: str | None = None, opened: Mapping[Key, str] | None = None) -> str:
    """Return the city's page of a year as HTML text; the arguments are those of `pages`."""
    return next(page for name, page in pages(snapshot, year, data_docs, opened) if name == "city.html")


def pages(
    snapshot: Path, year: int, data_docs: str | None = None, opened: Mapping[Key, str] | None = None
) -> Iterator[tuple[str, str]]:
    """Yield file name and HTML text of every page of a year: the city's, the districts', the zones' and the index.

    `data_docs` is a relative link to the gate's own pages, `opened` those to the pages on which scores are opened;
    None where no such pages were written at all.
    """
    with open_snapshot(snapshot) as con:
        marts = Marts(con, year)
        english = English(of_marts(marts))
        prepare(marts)
        found = scopes(marts)
        shared = {"year": year, "run": marts.run, "methods": methods(marts), "scopes": found}
        shared |= {"data_docs": data_docs, "opened": opened, "most_units": most_units(), "quality": quality(marts)}
        titles = {}
        for scope in found:
            content = _content(marts, scope, shared)
            if "same" not in shared:
                shared["same"] = {part: _same(part, content) for part in SAME}
            content["same"] = shared["same"]
            titles[scope.page] = content["title"]
            yield scope.page, _page("city.html.j2", content | script("page.js", "language.js"), english)
        yield INDEX, _page("index.html.j2", dict(shared) | {"titles": titles} | script("language.js"), english)


def _same(part: str, content: Mapping[str, Any]) -> Markup:
    """Return a part that every page shows alike, so that it is made once."""
    return Markup(environment().get_template(f"{part}.html.j2").render(content))  # noqa: S704 escaped by the template


def _page(template: str, content: Mapping[str, Any], english: English) -> str:
    return with_english(environment().get_template(template).render(content), english)


def _content(marts: Marts, scope: Scope, shared: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that the template shows of a scope, by chapter."""
    narrow(marts, scope)
    content = dict(shared) | {
        "scope": scope,
        "gaps": gaps(marts),
        "districts": districts(marts) if scope.scale != "zone" else None,
        "scores": scores(marts),
        "land": land(marts) if scope.scale != "zone" else None,
        "contracts": contracts(marts),
        "zones": zones(marts),
        "low": low_efficiency(marts),
        "objections": objections(marts),
    }
    parcel = content["scores"].parcel
    content |= {"map": parcel_map(marts, parcel), "change": change(marts, scope, parcel)}
    content["origins"] = origins(marts, scope, parcel)
    return content | {"title": headline(marts, scope, content)}
