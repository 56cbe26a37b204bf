"""What rows are looked up in: lists of the city profile and the policy seeds, as SQL lists and temporary tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

import duckdb
import pyarrow as pa

from ingestion import units
from ingestion.contract import ValuesFrom
from ingestion.identifiers import USCC_ALPHABET, USCC_LENGTH
from landgauge import policy
from landgauge.profile import District, Industry, Profile
from landgauge.sql import literals

DEFAULT_SERIES = "00"  # the input contract: all industries
_DIVISION = 2  # digits of a division; a class has two more
_ENDINGS = ("", *(f"{n}" for n in range(10)), *(f"{n:02}" for n in range(100)))  # of the codes below a division
_UNIT_NUMBER = r"\d{12}[A-Za-z]{2}\d{5}[A-Za-z]\d{8}"  # 不动产单元号: 宗地代码, 定着物特征码, 定着物单元号
_UNIT_NUMBER_STEP = "所填为28位不动产单元号：其前19位是宗地代码，后9位是定着物代码；按登记簿核对后只填前19位。"
CHUNK = 3  # characters of a uscc that one look-up takes
CHUNKS = USCC_LENGTH // CHUNK


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
    given = con.execute(
        "select distinct trim(value) from quarantine.finding where load_id = ? and rule_code = 'list:district_code'",
        [load_id],
    ).fetchall()
    for code, (ended, after) in successors(profile, year).items() if given else ():
        if (code,) not in given:
            continue
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
    return _with_seed(profile.industries)


@cache
def _with_seed(own: tuple[Industry, ...]) -> tuple[Industry, ...]:
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
    found = {(row.edition, row.code): row for row in (*own, *seed)}
    return tuple(found[key] for key in sorted(found))


def register(con: duckdb.DuckDBPyConnection, profile: Profile) -> None:
    """Make the temporary look-up tables on this connection, anew each time."""
    listed = industries(profile)
    _table(con, "lg_listed", ("edition", "given", "code", "is_open"), _enterprise_codes(listed))
    con.execute(
        "create or replace temp table lg_industry as select edition, given || ending as given, code || ending as code "
        f"from lg_listed join (select unnest([{literals(_ENDINGS)}]) as ending) on ending = '' or is_open = 'true'"
    )
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
    listed = (*zip(*unique, strict=True), tuple(unique.values()))
    arrays = [pa.array(values, pa.string()) for values in listed]
    con.register("lg_incoming", pa.table(dict(zip(columns, arrays, strict=True))))
    con.execute(f"create or replace temp table {name} as select * from lg_incoming")
    con.unregister("lg_incoming")


def _national(industry: Industry, editions: frozenset[str]) -> bool:
    """Say whether a code is a national one: a section letter, then digits."""
    return industry.edition in editions and industry.code[:1].isalpha() and industry.code[1:].isdigit()


def _enterprise_codes(listed: tuple[Industry, ...]) -> Iterator[tuple[str, str, str, str]]:
    """Yield (edition, code as given, code kept, open): national codes with and without their letter, others as given.

    Where an edition's table ends at the divisions, these are open: every code below them stands.
    """
    editions = frozenset(row["edition"] for row in policy.rows("industry"))
    deep = {row.edition for row in listed if row.level > _DIVISION}
    for row in listed:
        if not _national(row, editions):
            if row.edition not in editions:
                yield row.edition, row.code, row.code, "false"
            continue
        digits, is_open = row.code[1:], "false" if row.edition in deep else "true"
        yield row.edition, digits, digits, is_open
        yield row.edition, row.code, digits, is_open


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
    sums = []
    for place in range(CHUNKS):
        a, b, c = weights[place * CHUNK : (place + 1) * CHUNK]
        sums.append(f"cast((a.value * {a} + b.value * {b} + c.value * {c}) % {size} as smallint) as s{place}")
    con.execute(
        "create or replace temp table lg_uscc as with letters as (select unnest(range("
        f"{size})) as value, unnest(string_split('{USCC_ALPHABET}', '')) as letter) "
        f"select a.letter || b.letter || c.letter as piece, {', '.join(sums)} "
        "from letters as a cross join letters as b cross join letters as c"
    )
