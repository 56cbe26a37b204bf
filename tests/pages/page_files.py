"""The pages of a published report that are looked at."""

from __future__ import annotations

from pathlib import Path

from landgauge.settings import Settings

KINDS = ("city", "district", "zone")


def of(settings: Settings) -> Path:
    return settings.published / "report" / str(settings.year)


def chosen(settings: Settings) -> list[Path]:
    """The city's page, and the first and last page of a district and of a zone, where there are any."""
    pages = sorted(of(settings).glob("*.html"))
    kinds = [[p for p in pages if p.stem.split("-")[0] == kind] for kind in KINDS]
    return [page for found in kinds for page in dict.fromkeys([*found[:1], *found[-1:]])]
