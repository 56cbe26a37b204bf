"""Pages on which each score can be opened: one self-contained page for each scheme at each scale.

`published/report/<year>/scores/<scale>_<scheme>_<version>.html`, linked from the city's page and back. Marts come from
the snapshot, row numbers from the working file. Equal marts and declarations give equal bytes.
"""

from __future__ import annotations

import gc
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from landgauge.errors import ConfigurationError
from landgauge.settings import Settings
from reporting import words
from reporting.marts import Marts, Row
from reporting.opened.compact import compact, embed
from reporting.opened.read import Key, Opened, keys, read
from reporting.opened.sources import Sources, sources
from reporting.page import environment, script
from warehouse.published import open_snapshot

FOLDER = "scores"
UNITS = 10_000  # of one scheme at one scale: a page of about 30 MB, which a browser opens in some seconds
_UNITS = "LANDGAUGE_EXPLAIN_UNITS"
_MEMBERS = 20  # parcels and enterprises for each of these units, beyond which an area's are not traced to their files


def most_units() -> int:
    """Return up to how many units of a scheme at a scale have a page: LANDGAUGE_EXPLAIN_UNITS, 0 for no pages.

    Raises ConfigurationError when it is set to something else than a whole number.
    """
    given = os.environ.get(_UNITS, "").strip()
    if given and not given.isdecimal():
        raise ConfigurationError(f"{_UNITS} is {given!r}, not a whole number", f"Set {_UNITS} to a number of units.")
    return int(given) if given else UNITS


def write_pages(settings: Settings, folder: Path) -> dict[Key, str]:
    """Write the pages of the settings' year into `folder`/scores, replacing those that stand there.

    Returns their addresses as seen from `folder`; a result of more units than `most_units` has none.
    Raises StageFailed when the year is not published.
    """
    building = folder / f".{FOLDER}.building"
    shutil.rmtree(building, ignore_errors=True)
    with open_snapshot(settings.snapshot) as con, _uncollected():
        marts = Marts(con, settings.year)
        most = most_units()
        links = addresses([row for row in keys(marts) if row["units"] <= most])
        building.mkdir(parents=True)
        for key, link in links.items():
            text = _page(settings, marts, key, links)
            (folder / link.replace(FOLDER, building.name, 1)).write_text(text, encoding="utf-8", newline="\n")
    _replace(building, folder / FOLDER)
    return links


@contextmanager
def _uncollected() -> Iterator[None]:
    """Millions of values live at once and hold no cycles: looking for some over and over took a quarter of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _key(row: Row) -> Key:
    return row["scale"], row["scheme_code"], row["scheme_version"]


def addresses(rows: list[Row]) -> dict[Key, str]:
    """Return the address of each result; codes that differ only by signs a file name must not have get a number."""
    result: dict[Key, str] = {}
    for row in rows:
        name = re.sub(r"[^A-Za-z0-9_-]+", "-", "_".join(_key(row)))
        taken = sum(link.startswith(f"{FOLDER}/{name}.") for link in result.values())
        result[_key(row)] = f"{FOLDER}/{name}.{taken}.html" if taken else f"{FOLDER}/{name}.html"
    return result


def _page(settings: Settings, marts: Marts, key: Key, links: Mapping[Key, str]) -> str:
    return _render(marts, [_content(settings, marts, key)], links)


def _content(settings: Settings, marts: Marts, key: Key) -> dict[str, Any]:
    opened = read(marts, key)
    return content(opened, sources(settings, marts, opened.scale, _MEMBERS * most_units()))


def content(opened: Opened, declared: Sources) -> dict[str, Any]:
    """Return what a page shows of a result, with the scheme."""
    key, scheme = opened.key, opened.scheme
    return compact(opened, declared) | {
        "scheme": {
            "code": key[1],
            "version": key[2],
            "name": scheme.get("name_zh") or key[1],
            "document": scheme.get("document"),
            "note": scheme.get("note"),
            "illustrative": bool(scheme.get("illustrative")),
        },
        "unit": words.word(key[0], words.SCALES),
    }


def _render(marts: Marts, contents: list[dict[str, Any]], links: Mapping[Key, str]) -> str:
    """Return a page of the report, with links to the others."""
    here = [(c["scale"], c["scheme"]["code"], c["scheme"]["version"]) for c in contents]
    run = marts.run
    return (
        environment()
        .get_template("opened.html.j2")
        .render(
            year=marts.year,
            run=run,
            is_final=run["state"] == "final",
            contents=contents,
            others=[(key, link.split("/")[1], key in here) for key, link in links.items()],
            data=embed({"results": contents}),
            **script("opened.js"),
        )
    )


def _replace(building: Path, target: Path) -> None:
    """Put a folder in the place of another."""
    old = building.with_name(f".{FOLDER}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    building.rename(target)
    shutil.rmtree(old, ignore_errors=True)
