"""What a run is made of: the city's tables in the warehouse, and one row of digests that names the run."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import duckdb

from ingestion.contract import Contract, all_contracts
from ingestion.mapping import Entry, Mapping
from landgauge import policy
from landgauge.profile import Profile
from landgauge.settings import DBT_PROJECT, PROJECT_ROOT, Settings

_PACKAGES = ("landgauge", "ingestion", "expectations", "scoring", "warehouse", "reporting")
_CODE = {".py", ".sql", ".yml", ".yaml"}
_WORK = {"target", "logs", "dbt_packages", "__pycache__"}
_ROW_SEEDS = {"unit", "energy_coefficient", "industry"}  # policy seeds that the row rules read
_NOT_FOR_ROWS = {"gate", "schemes", "name_zh", "generated", "notes", "district_outlines"}
_MANIFEST = """create table if not exists run.manifest (
    year integer, run_id varchar, as_of_date date, schemes varchar[], inputs_sha256 varchar, policy_sha256 varchar,
    code_sha256 varchar, git_sha varchar, started_at timestamp, profile_json varchar, mapping_json varchar)"""


def rules_digest(contract: Contract | None, entry: Entry | None, kind: str, profile: Profile) -> str:
    """Return the SHA-256 of all that decides how a file's rows are read: when it changes, a load is done again."""
    own = {name: value for name, value in profile.model_dump(mode="json").items() if name not in _NOT_FOR_ROWS}
    parts = [
        contract.model_dump_json() if contract else "",
        entry.rules(contract.dataset) if entry and contract else "",
        kind,
        json.dumps(own, ensure_ascii=False, sort_keys=True),
        _row_seeds(),
    ]
    return digest(parts)


@cache
def _row_seeds() -> str:
    return digest(path.read_text(encoding="utf-8") for path in policy.files() if path.stem in _ROW_SEEDS)


def digest(parts: Iterable[str]) -> str:
    """Return the SHA-256 over the parts, told apart from each other, in order."""
    total = hashlib.sha256()
    for part in parts:
        total.update(hashlib.sha256(part.encode("utf-8", "surrogateescape")).digest())
    return total.hexdigest()


def write_profile(con: duckdb.DuckDBPyConnection, profile: Profile) -> None:
    """Replace the tables of schema `profile` by the city's."""
    from ingestion.geometry import metres_a_unit

    west, south, east, north = profile.extent
    con.execute(
        "create or replace table profile.setting as select ?::varchar as city_code, ?::varchar as name_zh, "
        "?::varchar as projected_crs, ?::double as extent_min_lon, ?::double as extent_min_lat, "
        "?::double as extent_max_lon, ?::double as extent_max_lat, ?::double as area_warn, ?::double as area_error, "
        "?::double as gate_tolerated_share, ?::double as gate_stop_share, ?::varchar[] as schemes, "
        "?::boolean as generated, ?::varchar[] as notes, ?::double as projected_unit_m",
        [
            profile.city_code, profile.name_zh, profile.projected_crs, west, south, east, north,
            profile.area_tolerance.warn, profile.area_tolerance.error, profile.gate.tolerated_share,
            profile.gate.stop_share, list(profile.schemes), profile.generated, list(profile.notes),
            metres_a_unit(profile.projected_crs),
        ],
    )  # fmt: skip
    columns = "code varchar, name_zh varchar, valid_from_year integer, valid_to_year integer, successor_code varchar"
    districts = [(d.code, d.name_zh, d.valid_from_year, d.valid_to_year, d.successor_code) for d in profile.districts]
    _table(con, "district", columns, districts)
    towns = [
        (t.code, t.name_zh, t.district_code, t.valid_from_year, t.valid_to_year, t.successor_code)
        for t in profile.towns
    ]
    known = {d.code for d in profile.districts}  # the shipped outlines are no other city's
    outlines = [(o.code, bytes.fromhex(o.wkb), o.tolerance_m) for o in profile.district_outlines if o.code in known]
    _table(con, "district_outline", "code varchar, geometry blob, tolerance_m double", outlines)
    columns = "code varchar, name_zh varchar, district_code varchar, valid_from_year integer, valid_to_year integer, "
    _table(con, "town", columns + "successor_code varchar", towns)
    _table(con, "gate_rule", "rule varchar, tolerated_share double", sorted(profile.gate.rules.items()))
    uses = [(u.code, u.name_zh, u.is_industrial) for u in profile.land_use]
    _table(con, "land_use", "code varchar, name_zh varchar, is_industrial boolean", uses)
    _table(
        con, "industry", "edition varchar, code varchar, name_zh varchar, level integer, parent_code varchar",
        _industries(profile),
    )  # fmt: skip


def _industries(profile: Profile) -> list[tuple[object, ...]]:
    """The policy seed's rows; a code of the city's own takes the place of the seed's."""
    found = {
        (row["edition"], row["code"]): (row["name_zh"], int(row["level"]), row["parent_code"] or None)
        for row in policy.rows("industry")
    }
    found |= {(i.edition, i.code): (i.name_zh, i.level, i.parent_code) for i in profile.industries}
    return [(*key, *found[key]) for key in sorted(found)]


def _table(con: duckdb.DuckDBPyConnection, name: str, columns: str, values: list[tuple[object, ...]]) -> None:
    con.execute(f"create or replace table profile.{name} ({columns})")
    if values:  # through Arrow: row by row, thousands of industries take seconds
        import pyarrow as pa

        arrays = [pa.array(column) for column in zip(*values, strict=True)]
        con.register("incoming", pa.table(arrays, names=[f"c{i}" for i in range(len(arrays))]))
        con.execute(f"insert into profile.{name} select * from incoming")
        con.unregister("incoming")


def write(con: duckdb.DuckDBPyConnection, settings: Settings, profile: Profile, mapping: Mapping) -> str:
    """Write the year's manifest and return the run id; loads that belong to no run yet become this one's.

    Profile and mapping are kept whole, so that the year can be rebuilt without its landing area.
    """
    schemes = list(settings.schemes or profile.schemes)
    inputs, rules, code = inputs_digest(con, settings.year), policy_digest(), code_digest()
    profile_json = profile.model_dump_json()
    parts = [inputs, rules, code, profile_json, json.dumps(schemes), settings.as_of.isoformat(), str(settings.year)]
    run_id = digest(parts)[:16]
    con.execute(_MANIFEST)
    con.execute("begin")
    con.execute("delete from run.manifest where year = ?", [settings.year])
    con.execute(
        "insert into run.manifest values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            settings.year, run_id, settings.as_of, schemes, inputs, rules, code, git_sha(),
            datetime.now(UTC).replace(tzinfo=None), profile_json, mapping.model_dump_json(),
        ],
    )  # fmt: skip
    con.execute("update ledger.load set run_id = ? where run_id is null", [run_id])
    con.execute("commit")
    return run_id


def kept(con: duckdb.DuckDBPyConnection, year: int) -> tuple[str, str] | None:
    """Return profile and mapping, as JSON, that a year was ingested with last; None where it was not."""
    try:
        row = con.execute(f"select profile_json, mapping_json from run.manifest where year = {year:d}").fetchone()
    except (duckdb.CatalogException, duckdb.BinderException):  # of an earlier version
        return None
    return (row[0], row[1]) if row and row[0] and row[1] else None


def inputs_digest(con: duckdb.DuckDBPyConnection, year: int) -> str:
    """Return the SHA-256 over the loads on which an evaluation of the year depends."""
    found = con.execute(
        "select dataset, data_year, file_sha256, file_name, rules_sha256 from ledger.load where state = 'loaded'"
    ).fetchall()
    read = _read_for({(row[0], row[1]) for row in found}, year)
    return digest(json.dumps(row, ensure_ascii=False) for row in sorted(found) if (row[0], row[1]) in read)


def _read_for(loaded: set[tuple[str, int]], year: int) -> set[tuple[str, int]]:
    """Of the loaded dataset-years those that the year reads, and those that decide what is an orphan there."""
    contracts = all_contracts()
    waiting = [
        (d, y) for d, y in loaded if y == year or (y < year and d in contracts and contracts[d].scope == "running")
    ]
    found: set[tuple[str, int]] = set()
    while waiting:
        dataset, of_year = place = waiting.pop()
        if place in found:
            continue
        found.add(place)
        for reference in contracts[dataset].references if dataset in contracts else ():
            waiting += [
                (d, y)
                for d, y in loaded
                if d == reference.dataset and (y == of_year or (reference.years == "up_to" and y < of_year))
            ]
    return found


def policy_digest() -> str:
    """Return the SHA-256 over the policy seeds, by name and content."""
    return digest(_named(policy.files(), policy.files()[0].parent if policy.files() else PROJECT_ROOT))


@cache
def code_digest() -> str:
    """Return the SHA-256 over the project's code: Python, SQL and YAML of its packages and of the dbt project.

    Once a process: what it has loaded does not change when files do.
    """
    folders = [PROJECT_ROOT / name for name in _PACKAGES] + [DBT_PROJECT]
    paths = [path for folder in folders if folder.is_dir() for path in folder.rglob("*") if path.suffix in _CODE]
    kept = [path for path in paths if not _WORK & set(path.relative_to(PROJECT_ROOT).parts)]
    return digest(_named(sorted(kept, key=lambda p: p.relative_to(PROJECT_ROOT).as_posix()), PROJECT_ROOT))


def _named(paths: list[Path], root: Path) -> Iterable[str]:
    for path in paths:
        yield path.relative_to(root).as_posix()
        yield path.read_text(encoding="utf-8", errors="surrogateescape")


def git_sha() -> str | None:
    """Return the commit of the working tree, or None where there is none."""
    try:
        command = ["git", "-C", str(PROJECT_ROOT), "rev-parse", "HEAD"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None
