"""The landing area: which files there are, and which dataset and year each of them feeds."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ingestion.contract import all_contracts
from ingestion.mapping import Entry, Feed, Mapping, YearColumn
from landgauge.errors import ConfigurationError

KINDS = {
    ".csv": "csv",
    ".xlsx": "sheet",
    ".xls": "sheet",
    ".parquet": "parquet",
    ".geoparquet": "parquet",
    ".gpkg": "vector",
    ".geojson": "vector",
    ".shp": "shp",
    ".zip": "shp",
}
UNKNOWN = "unknown"
_SIDECARS = {".dbf", ".shx", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".qpj", ".fix", ".ain", ".aih", ".xml"}
_LITTER = {"thumbs.db", "desktop.ini"}
_WORK_FILES = re.compile(r".*\.gpkg-(wal|shm|journal)$", re.IGNORECASE)
_PLACE = re.compile(r"^(?P<dataset>[^/]+)/(?P<year>\d{4})/.+")


@dataclass(frozen=True)
class SourceFile:
    """One file of the landing area; a Shapefile counts with its sidecars. `name` is the path below LANDING."""

    path: Path
    name: str
    sidecars: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Target:
    """What a file feeds: a dataset and a year, or the column that tells the year of each row."""

    dataset: str
    year: int | YearColumn
    entry: Entry | None = None

    @property
    def feed(self) -> Feed:
        """The mapping's part for this dataset; an empty one without a mapping."""
        return self.entry.datasets[self.dataset] if self.entry else Feed()


def kind(name: str) -> str:
    """Return how a file of that name is read: csv, sheet, parquet, vector, shp, or unknown."""
    return KINDS.get(Path(name).suffix.lower(), UNKNOWN)


def files(landing: Path, complaints: list[str]) -> list[SourceFile]:
    """Return the files of a landing area in byte order of their path; hidden and lock files are no files.

    What nobody could read is left out with a complaint, unopened: broken links, pipes, files without permission. A
    link to a file counts as that file, a link to a folder is not followed.
    """
    found: dict[str, Path] = {}
    for name, full in _walk(os.fsencode(landing)):
        path = Path(os.fsdecode(full))
        if name not in found and path.is_file() and os.access(full, os.R_OK):
            found[name] = path
        else:
            complaints.append(f"{name}: 不是可读的普通文件，未接收 (left out: no regular file that can be read)")
    stems = {name[: -len(".shp")].lower() for name in found if name.lower().endswith(".shp")}
    names = sorted((name for name in found if not is_sidecar(name, stems)), key=_bytes)
    return [SourceFile(found[name], name, _sidecars(name, found)) for name in names]


def targets(name: str, mapping: Mapping) -> list[Target]:
    """Return what the file of that name feeds: by the mapping where it matches, else by its folders.

    A folder that is no dataset is returned as it stands. Raises ConfigurationError where the mapping gives no year,
    or feeds one dataset twice from a file.
    """
    place = _PLACE.match(name)
    entries = mapping.entries(name)
    if not entries:
        return [Target(place["dataset"], int(place["year"]))] if place else []
    found = [Target(dataset, _year(entry, name), entry) for entry in entries for dataset in entry.datasets]
    fed = [(target.dataset, repr(target.year)) for target in found]
    if twice := {pair[0] for pair in fed if fed.count(pair) > 1}:
        message = f"mapping.yml: two entries feed {', '.join(sorted(twice))} from {name}"
        raise ConfigurationError(message, "Give the entries patterns that do not overlap, or one entry for both.")
    order = list(all_contracts())
    return sorted(found, key=lambda target: order.index(target.dataset))


def _year(entry: Entry, name: str) -> int | YearColumn:
    if entry.year is not None:
        return entry.year
    year = next((part for part in name.split("/")[:-1] if re.fullmatch(r"\d{4}", part)), None)
    if year is None:
        message = f"mapping.yml: {', '.join(entry.files)}: year: missing, and {name} lies in no year's folder"
        raise ConfigurationError(message, "Add year: 2024, or year: {column: ...}.")
    return int(year)


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _walk(landing: bytes) -> Iterator[tuple[str, bytes]]:
    """Files by name in byte order, and the folders that are links."""
    for folder, folders, names in os.walk(landing):
        folders[:] = sorted(f for f in folders if not f.startswith(b"."))
        for raw in sorted(names) + folders:
            full = os.path.join(folder, raw)  # noqa: PTH118 (paths are bytes: names may be in any encoding)
            if raw in folders and not os.path.islink(full):  # noqa: PTH114
                continue
            name = decoded(os.path.relpath(full, landing).replace(os.sep.encode(), b"/"))
            if not is_ignored(name.rsplit("/", 1)[-1]):
                yield name, full


def decoded(raw: bytes) -> str:
    """Return a file's name whatever encoding its bytes are in."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def is_ignored(name: str) -> bool:
    """Tell whether a file of that name is none to be loaded: hidden, a lock file, or left by a program."""
    return name.startswith((".", "~$")) or name.lower() in _LITTER or bool(_WORK_FILES.match(name))


def is_sidecar(name: str, stems: set[str]) -> bool:
    """Tell whether a file belongs to one of the Shapefiles, given as lower-case paths without .shp."""
    path, suffix = os.path.splitext(name.lower())  # noqa: PTH122 (a landing path, not one of this machine)
    return suffix in _SIDECARS and (path in stems or path.removesuffix(".shp") in stems)


def _sidecars(name: str, found: dict[str, Path]) -> tuple[Path, ...]:
    if not name.lower().endswith(".shp"):
        return ()
    stem = {name[: -len(".shp")].lower()}
    return tuple(found[other] for other in sorted(found, key=_bytes) if is_sidecar(other, stem))
