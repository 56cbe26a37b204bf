"""Checks of the machine and of what is installed on it."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import duckdb
import psutil
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet

from landgauge.doctor.findings import Finding, Installation, fault, ok, warn
from landgauge.errors import LandgaugeError
from landgauge.settings import threads_available
from warehouse import db

EXTENSIONS = ("spatial", "postgres_scanner")
LEAST_MEMORY_GB = 2  # a year of 2,000 parcels peaks below 1 GB, of 100,000 above this: docs/cost.md
LEAST_FILES = 1024  # the usual limit of Linux; Parquet of many tables is written at once
LEAST_TEMPORARY_GB = 1
_SHOWN = 8
_FROM_LOCK = "Install it anew: make env, or pip install -r requirements.lock."


def python(_: Installation) -> Iterator[Finding]:
    """The version of Python against what the package asks for."""
    running = ".".join(map(str, sys.version_info[:3]))
    wanted = str(metadata.metadata("landgauge")["Requires-Python"])
    if running in SpecifierSet(wanted):
        yield ok(f"Python {running}", sys.executable)
    else:
        yield fault(f"Python {running}, and {wanted} is needed", sys.executable, "Make .venv anew with such a Python.")


def packages(installation: Installation) -> Iterator[Finding]:
    """Installed packages against requirements.lock, and the project's own requirements."""
    if not installation.requirements.is_file():
        yield warn("there is no list of tested versions", installation.requirements, "Put requirements.lock back.")
        return
    locked, unreadable = _locked(installation.requirements)
    own = {r.name.lower(): r for r in map(Requirement, metadata.requires("landgauge") or ()) if _applies(r)}
    lacking = [r.name for r in own.values() if _version(r.name) is None]
    unfit = [f"{r} ({v} is installed)" for r in own.values() if (v := _version(r.name)) and not r.specifier.contains(v)]
    if lacking or unfit:
        yield fault(f"missing or unfit: {_listed(lacking + unfit)}", sys.prefix, _FROM_LOCK)
    others = [f"{n} {v} instead of {w}" for n, w in locked.items() if (v := _version(n)) != w and v and n not in unfit]
    if others:
        yield warn(f"{len(others)} of another version: {_listed(others)}", sys.prefix, _FROM_LOCK)
    absent = [n for n in locked if _version(n) is None and n not in lacking]
    if absent:
        yield warn(f"{len(absent)} of requirements.lock absent: {_listed(absent)}", sys.prefix, _FROM_LOCK)
    if unreadable:
        yield warn(f"unreadable: {_listed(unreadable)}", installation.requirements, "Write NAME==VERSION.")
    if not (lacking or unfit or others or absent or unreadable):
        yield ok(f"{len(locked)} packages as in requirements.lock", sys.prefix)


def extensions(installation: Installation) -> Iterator[Finding]:
    """DuckDB's extensions: their packages fit, and what is installed of them loads without a network."""
    folder = installation.extensions or db.EXTENSIONS
    for name in EXTENSIONS:
        package = f"duckdb-extension-{name.replace('_', '-')}"
        version = _version(package)
        if version is None:
            yield fault(f"{package} is not installed", sys.prefix, _FROM_LOCK)
        elif version != duckdb.__version__:
            yield fault(f"{package} {version} does not fit duckdb {duckdb.__version__}", sys.prefix, _FROM_LOCK)
        elif list(folder.glob(f"v{duckdb.__version__}/*/{name}.duckdb_extension")):
            yield _loaded(folder, name)
        elif writable(folder):
            yield ok(f"{name} is installed by the first run", folder)
        else:
            yield fault(
                f"{name} is not installed, and the folder cannot be written", folder, "Give the right to write."
            )


def memory(_: Installation) -> Iterator[Finding]:
    """Memory that is free now, and processors."""
    free = psutil.virtual_memory().available / 1e9
    text = f"{free:.1f} GB free, {threads_available()} processors"
    if free < LEAST_MEMORY_GB:
        yield warn(text, "memory", "End other programs, or give --memory-limit and --threads.")
    else:
        yield ok(text, "memory")


def temporary(_: Installation) -> Iterator[Finding]:
    """Folders that the engine, the browser and worker processes write to."""
    folder = Path(os.environ.get("TMPDIR") or tempfile.gettempdir())
    for place, advice in ((folder, "Name another in TMPDIR."), (Path("/dev/shm"), "Mount it; print needs it.")):  # noqa: S108 only looked at
        if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK, effective_ids=_EFFECTIVE):
            report = fault if place == folder else warn
            yield report("cannot be written", place, advice)
        elif place == folder and shutil.disk_usage(place).free < LEAST_TEMPORARY_GB * 1e9:
            yield warn(f"less than {LEAST_TEMPORARY_GB} GB is free", place, "Make room, or name another in TMPDIR.")
        else:
            yield ok("can be written", place)


def open_files(_: Installation) -> Iterator[Finding]:
    """How many files a process may have open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < LEAST_FILES:
        yield warn(f"a process may open {soft} files", "ulimit -n", f"Set ulimit -n {LEAST_FILES} (allowed: {hard}).")
    else:
        yield ok(f"a process may open {soft if soft != resource.RLIM_INFINITY else 'any number of'} files", "ulimit -n")


def browser(_: Installation) -> Iterator[Finding]:
    """The browser and the Chinese font with which `landgauge print` writes PDF."""
    from reporting.print import find_browser

    try:
        yield ok("a browser for print", find_browser())
    except LandgaugeError as error:
        yield warn(error.message, "landgauge print", error.next_step)
    lists = shutil.which("fc-list")
    if lists is None:
        yield warn("cannot tell whether there is a Chinese font", "fc-list", "Install fontconfig and fonts-noto-cjk.")
        return
    said = subprocess.run([lists, ":lang=zh", "family"], capture_output=True, timeout=30, check=False).stdout
    if said.strip():
        yield ok("a Chinese font for print", lists)
    else:
        yield warn("no Chinese font", lists, "Install one (Debian: apt-get install fonts-noto-cjk).")


def writable(folder: Path) -> bool:
    """Tell whether a folder, or the nearest one above it that exists, can be written by this process."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK, effective_ids=_EFFECTIVE)


_EFFECTIVE = os.access in os.supports_effective_ids


def _locked(path: Path) -> tuple[dict[str, str], list[str]]:
    """Versions by package for this Python, and lines that say none."""
    found, unreadable = {}, []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        text = line.split("#")[0].strip().rstrip("\\").strip()
        if not text or text.startswith("-"):
            continue
        try:
            wanted = Requirement(text)
            if _applies(wanted):
                found[wanted.name.lower()] = next(s.version for s in wanted.specifier if s.operator == "==")
        except (InvalidRequirement, StopIteration):
            unreadable.append(text[:60])
    return found, unreadable


def _applies(wanted: Requirement) -> bool:
    return wanted.marker is None or wanted.marker.evaluate({"extra": ""})


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _listed(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _loaded(folder: Path, name: str) -> Finding:
    options = {"extension_directory": str(folder), "allow_unsigned_extensions": "true"}
    try:
        with duckdb.connect(":memory:", config=options) as con:
            con.execute(f"load {name}")
    except duckdb.Error as error:
        advice = f"Delete {folder}; the next run installs it anew."
        return fault(f"{name} cannot be loaded: {str(error).splitlines()[0]}", folder, advice)
    return ok(f"{name} loads", folder)
