"""What rows are looked up in: lists of the city profile and the policy seeds, as SQL lists and temporary tables."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import duckdb
import numpy as np
import pyarrow as pa

from ingestion import units
from ingestion.contract import ValuesFrom
from ingestion.identifiers import USCC_ALPHABET, USCC_LENGTH
from landgauge import policy
from landgauge.profile import District, Industry, Profile

DEFAULT_SERIES = "00"  # the input contract: all industries
_DIVISION, _DEEPEST = 2, 4  # digits of a division and of a class
_UNIT_NUMBER = r"\d{12}[A-Za-z]{2}\d{5}[A-Za-z]\d{8}"  # 不动产单元号: 宗地代码, 定着物特征码, 定着物单元号
_UNIT_NUMBER_STEP = "所填为28位不动产单元号：其前19位是宗地代码，后9位是定着物代码；按登记簿核对后只填前19位。"
CHUNK = 3  # characters of a uscc that one look-up takes
CHUNKS = USCC_LENGTH // CHUNK


def quoted(values: Iterable[str]) -> str:
    """Return the values as SQL string literals with commas between."""
    return ", ".join("'" + value.replace("'", "''") + "'" for value in values)


def values(source: ValuesFrom, profile: Profile, year: int) -> tuple[str, ...] | None:
    """Return the allowed values of a column in one year, or None where a table is joined instead."""
    if source == "land_use":
        return tuple(dict.fromkeys(row.code for row in profile.land_use))
    if source == "district":
        return tuple(d.code for d in profile.districts if d.valid_from_year <= year <= (d.valid_to_year or year))
    if source == "energy_type":
        return energy_types()
    if source == "industry_edition":
        return tuple(sorted({industry.edition for industry in industries(profile)}))
    return None


def successors(profile: Profile, year: int) -> dict[str, tuple[District, District]]:
    """Return, for each district code that is not valid in the year, its last district and the valid one after it."""
    valid = {d.code: d for d in profile.districts if d.valid_from_year <= year <= (d.valid_to_year or year)}
    ended = {d.code: d for d in profile.districts if d.code not in valid and d.valid_from_year <= year}
    found = {}
    for code, district in ended.items():
        after, seen = district.successor_code, {code}
        while after in ended and after not in seen:
            seen.add(after)
            after = ended[after].successor_code
        if after in valid:
            found[code] = (district, valid[after])
    return found


def advise(con: duckdb.DuckDBPyConnection, profile: Profile, load_id: int, year: int) -> None:
    """Say more in a load's findings where the value itself tells what is wrong; nothing is converted.

    A district code that has ended: the code that follows it. 28 characters in place of a 宗地代码: how a 不动产单元号
    is put together.
    """
    con.execute(
        "update quarantine.finding set next_step = ? || next_step where load_id = ? and origin = 'row' "
        "and starts_with(rule_code, 'pattern:') and regexp_full_match(trim(value), ?)",
        [_UNIT_NUMBER_STEP, load_id, _UNIT_NUMBER],
    )
    for code, (ended, after) in successors(profile, year).items():
        zh = f"{code}（{ended.name_zh}）在{year}年已无效，由{after.code}（{after.name_zh}）承继。"
        con.execute(
            "update quarantine.finding set message_zh = message_zh || ?, message_en = message_en || ?, "
            "next_step = ? || next_step where load_id = ? and origin = 'row' "
            "and rule_code = 'list:district_code' and trim(value) = ?",
            [
                zh, f" {code} is not valid in {year}; {after.code} follows it.",
                f"核对后改用{after.code}（{after.name_zh}）。", load_id, code,
            ],
        )  # fmt: skip


def energy_types() -> tuple[str, ...]:
    """Return the energy types of the policy seed, in its order."""
    return tuple(dict.fromkeys(row["energy_type"] for row in policy.rows("energy_coefficient")))


def industries(profile: Profile) -> tuple[Industry, ...]:
    """Return the policy seed's industries and the profile's own, without doubles."""
    seed = [
        Industry(
            edition=row["edition"],
            code=row["code"],
            name_zh=row["name_zh"],
            level=int(row["level"]),
            parent_code=row["parent_code"] or None,
        )
        for row in policy.rows("industry")
    ]
    found = {(row.edition, row.code): row for row in (*profile.industries, *seed)}
    return tuple(found[key] for key in sorted(found))


def register(con: duckdb.DuckDBPyConnection, profile: Profile) -> None:
    """Make the temporary look-up tables on this connection, anew each time."""
    listed = industries(profile)
    _table(con, "lg_industry", ("edition", "given", "code"), _enterprise_codes(listed))
    _table(con, "lg_series_industry", ("given", "code"), _series_codes(listed))
    _table(con, "lg_energy_unit", ("energy_type", "given", "unit"), _energy_units())
    _uscc_table(con)


def _table(
    con: duckdb.DuckDBPyConnection, name: str, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]
) -> None:
    """Make one table of text columns; its first columns but the last are the key, and the first row of a key stands."""
    unique: dict[tuple[str, ...], str] = {}
    for row in rows:
        unique.setdefault(row[:-1], row[-1])
    data = [[*key, value] for key, value in unique.items()]
    arrays = [pa.array([row[i] for row in data], pa.string()) for i in range(len(columns))]
    _store(con, name, pa.table(dict(zip(columns, arrays, strict=True))))


def _store(con: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    con.register("lg_incoming", table)
    con.execute(f"create or replace temp table {name} as select * from lg_incoming")
    con.unregister("lg_incoming")


def _national(industry: Industry, editions: frozenset[str]) -> bool:
    """Say whether a code is a national one: a section letter, then digits."""
    return industry.edition in editions and industry.code[:1].isalpha() and industry.code[1:].isdigit()


def _enterprise_codes(listed: tuple[Industry, ...]) -> Iterator[tuple[str, str, str]]:
    """Yield (edition, code as given, code kept): national codes with and without their letter, others as they are.

    Where an edition's table ends at the divisions, every code below a division stands.
    """
    editions = frozenset(row["edition"] for row in policy.rows("industry"))
    deep = {row.edition for row in listed if row.level > _DIVISION}
    for row in listed:
        if not _national(row, editions):
            if row.edition not in editions:
                yield row.edition, row.code, row.code
            continue
        for digits in [row.code[1:]] if row.edition in deep else _below(row.code[1:]):
            yield row.edition, digits, digits
            yield row.edition, row.code[0] + digits, digits


def _below(division: str) -> Iterator[str]:
    yield division
    for length in range(1, _DEEPEST - _DIVISION + 1):
        for digits in itertools.product("0123456789", repeat=length):
            yield division + "".join(digits)


def _series_codes(listed: tuple[Industry, ...]) -> Iterator[tuple[str, str]]:
    """Yield (code as given, code kept) of a statistical series: all, sections, divisions, of any edition."""
    editions = frozenset(row["edition"] for row in policy.rows("industry"))
    yield DEFAULT_SERIES, DEFAULT_SERIES
    for row in listed:
        if row.level > _DIVISION:
            continue
        kept = row.code[1:] if _national(row, editions) else row.code
        yield row.code, kept
        yield kept, kept


def _energy_units() -> Iterator[tuple[str, str, str]]:
    """Yield (energy type, unit as given or folded, unit of the seed) for the units that the type may come in."""
    for row in policy.rows("energy_coefficient"):
        wanted = units.find(row["per_unit"])
        for folded, unit in units.known().items():
            if wanted is not None and unit.dimension == wanted.dimension:
                yield row["energy_type"], unit.name, unit.name
                yield row["energy_type"], folded, unit.name


def energy_unit_spellings() -> tuple[str, ...]:
    """Return the units of the seed that some energy type may come in, as the seed spells them."""
    return tuple(sorted({unit for _, _, unit in _energy_units()}))


def _uscc_table(con: duckdb.DuckDBPyConnection) -> None:
    """Make the table of three-character pieces and what each adds, mod 31, at each of the six places.

    The whole sum over a good code is a multiple of 31 (GB 32100-2015: the 18th character weighs 1). Six hash
    look-ups a row are several times quicker than calling a Python function for each vector of rows.
    """
    size = len(USCC_ALPHABET)
    weights = [pow(3, place, size) for place in range(USCC_LENGTH - 1)] + [1]
    letters = np.array(list(USCC_ALPHABET))
    a, b, c = (index.ravel() for index in np.indices((size,) * CHUNK))
    columns = {"piece": pa.array(np.char.add(np.char.add(letters[a], letters[b]), letters[c]))}
    for place in range(CHUNKS):
        w = weights[place * CHUNK : (place + 1) * CHUNK]
        columns[f"s{place}"] = pa.array(((a * w[0] + b * w[1] + c * w[2]) % size).astype(np.int16))
    _store(con, "lg_uscc", pa.table(columns))
