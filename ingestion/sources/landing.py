"""The edge of the warehouse: wherever a landing area stands, afterwards it is a folder and a list of files."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from ingestion import scan
from ingestion.mapping import glob
from ingestion.scan import SourceFile
from ingestion.sources import connections, declared, mirror, stores
from ingestion.sources.declared import FilesSource, TablesSource
from ingestion.sources.stores import Place
from landgauge.errors import ConfigurationError, SourceRefused
from landgauge.settings import Settings

FETCHED = "fetched"


@dataclass(frozen=True)
class Landed:
    """A landing area at hand: the folder with its mapping and profile, every file in byte order, and complaints."""

    folder: Path
    files: list[SourceFile]
    complaints: tuple[str, ...] = ()


def bring(settings: Settings) -> Landed:
    """Return the landing area of a run; what stands elsewhere is brought into `WAREHOUSE/fetched` first.

    Raises ConfigurationError for a missing landing area or a wrong `sources.yml`, SourceRefused or SourceUnavailable
    where a source cannot be read; what was complete by then is not fetched again.
    """
    complaints: list[str] = []
    folder = _folder(settings, complaints)
    found = scan.files(folder, complaints)
    for source in declared.load(folder):
        if isinstance(source, TablesSource):
            from ingestion.sources import tables  # Arrow takes long to import

            known = connections.find(source.connection).of_kind("postgres")
            brought = tables.bring(source, known, settings, settings.warehouse / FETCHED / "tables")
            found += [SourceFile(path, name) for name, path in brought.items()]
        else:
            found += _files(settings, source, complaints)
    return Landed(folder, _distinct(found), tuple(complaints))


def _folder(settings: Settings, complaints: list[str]) -> Path:
    if settings.landing_url:
        return _mirrored(settings, stores.place(settings.landing_url), ("**",), complaints)
    if settings.landing is None:
        raise ConfigurationError("没有给出数据目录 (no landing area was given)", "Give --landing DIR or --landing URL.")
    if not settings.landing.is_dir():
        message = f"数据目录不存在: {settings.landing} (no such landing folder)"
        raise ConfigurationError(message, "Give an existing folder with --landing; see docs for its layout.")
    return settings.landing


def _files(settings: Settings, source: FilesSource, complaints: list[str]) -> list[SourceFile]:
    """The files of a further source under the names that they have in the landing area."""
    place = stores.place(source.url, source.connection)
    if place.scheme == "file":
        folder = Path(place.path)
        if not folder.is_dir():
            raise SourceRefused(f"{place}: 不存在 (no such folder)", "Put it back, or correct sources.yml.")
    else:
        folder = _mirrored(settings, place, source.files, complaints)
    fits = [re.compile(glob(pattern), re.DOTALL).fullmatch for pattern in source.files]
    found = [file for file in scan.files(folder, complaints) if any(fit(file.name) for fit in fits)]
    prefix = f"{source.to}/" if source.to else ""
    return [replace(file, name=prefix + file.name) for file in found]


def _mirrored(settings: Settings, place: Place, patterns: tuple[str, ...], complaints: list[str]) -> Path:
    """The mirror of a place; one for each place and choice of files, so that none empties another's."""
    connection = place.connection.name if place.connection else ""
    key = "\n".join((str(place), connection, *patterns)).encode("utf-8", "surrogateescape")
    folder = settings.warehouse / FETCHED / hashlib.sha256(key).hexdigest()[:16]
    complaints += mirror.bring(place, patterns, folder)
    return folder


def _distinct(found: list[SourceFile]) -> list[SourceFile]:
    """In byte order. Raises ConfigurationError where two sources bring a file of the same name."""
    ordered = sorted(found, key=lambda file: file.name.encode("utf-8", "surrogateescape"))
    for one, other in pairwise(ordered):
        if one.name == other.name:
            raise ConfigurationError(
                f"{declared.FILE}: {one.name} comes from two sources", "Give one of them another `to`."
            )
    return ordered
