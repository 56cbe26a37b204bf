"""Identifiers and text of fixed width, made for whole columns at once as bytes; and the seeded random generators."""

from __future__ import annotations

from zlib import crc32

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingestion.identifiers import USCC_ALPHABET

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]

_LETTERS = np.frombuffer(USCC_ALPHABET.encode(), dtype=np.uint8)
_BASE = len(USCC_ALPHABET)
_SERIAL_WIDTH = 6
_SERIALS = _BASE**_SERIAL_WIDTH
_STEP = 387_420_489  # 3^18: has no factor in common with 31^6, so that serials do not repeat and look mixed
_USCC_WEIGHTS = np.array([pow(3, place, 31) for place in range(17)], dtype=np.int64)
_ORGANISATION_WEIGHTS = np.array((3, 7, 9, 10, 5, 8, 4, 2), dtype=np.int64)
_ORGANISATION_CHECK = np.frombuffer(b"0123456789X", dtype=np.uint8)


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """Return the random generator of one purpose: the same seed and names give the same numbers."""
    return np.random.default_rng([seed, *(n if isinstance(n, int) else crc32(n.encode()) for n in names)])


def digits(values: npt.ArrayLike, width: int) -> Bytes:
    """Return numbers as (n, width) ASCII digits with leading zeros; higher digits are cut off."""
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return (np.asarray(values, dtype=np.int64)[:, None] // powers % 10 + ord("0")).astype(np.uint8)


def joined(*parts: str | Bytes, rows: int | None = None) -> Bytes:
    """Join constants and (n, k) byte columns to one (n, width) array."""
    count = rows if rows is not None else next(len(p) for p in parts if not isinstance(p, str))
    constant = (np.frombuffer(p.encode(), dtype=np.uint8) if isinstance(p, str) else p for p in parts)
    return np.concatenate([np.broadcast_to(c, (count, c.shape[-1])) for c in constant], axis=1)


def text(rows: Bytes, mask: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    """Return (n, width) bytes as a string column; NULL where `mask` is true."""
    count, width = rows.shape
    offsets = pa.py_buffer(np.arange(0, (count + 1) * width, max(width, 1), dtype=np.int32)[: count + 1])
    valid = None if mask is None else pa.py_buffer(np.packbits(~mask, bitorder="little"))
    return pa.Array.from_buffers(pa.string(), count, [valid, offsets, pa.py_buffer(np.ascontiguousarray(rows))])


def binary(rows: Bytes, mask: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    """Return (n, width) bytes as a binary column; NULL where `mask` is true."""
    return text(rows, mask).view(pa.binary())


def constant(value: str | None, count: int) -> pa.Array:
    """Return a string column that says the same in every row."""
    return pa.repeat(pa.scalar(value, pa.string()), count)


def labels(names: list[str], index: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> pa.Array:
    """Return a string column of `names[index]`."""
    return pa.array(names, pa.string()).take(pa.array(index.astype(np.int32)))


def ascii_rows(values: list[str]) -> Bytes:
    """Return texts of one length in ASCII as (n, width) bytes."""
    return np.frombuffer("".join(values).encode("ascii"), dtype=np.uint8).reshape(len(values), -1)


def usccs(serials: Integers, regions: Bytes) -> Bytes:
    """Return valid 统一社会信用代码 (n, 18) for distinct serials below 31^6 and six-digit regions (n, 6).

    GB 32100-2015 for the last character, GB 11714-1997 for the 17th.
    """
    mixed = (serials + 1) * _STEP % _SERIALS
    places = _BASE ** np.arange(_SERIAL_WIDTH - 1, -1, -1, dtype=np.int64)
    organisation = joined("MA", _LETTERS[mixed[:, None] // places % _BASE])
    first17 = joined("91", regions, organisation, _organisation_check(organisation))
    values = np.zeros(256, dtype=np.int32)
    values[_LETTERS] = np.arange(_BASE)
    check = -(values[first17] @ _USCC_WEIGHTS) % _BASE
    return joined(first17, _LETTERS[check][:, None])


def _organisation_check(organisation: Bytes) -> Bytes:
    values = np.where(organisation >= ord("A"), organisation - ord("A") + np.uint8(10), organisation - ord("0"))
    return _ORGANISATION_CHECK[-(values.astype(np.int64) @ _ORGANISATION_WEIGHTS) % 11][:, None]


def choose(rng: np.random.Generator, shares: dict[str, float], count: int) -> npt.NDArray[np.str_]:
    """Draw `count` keys of `shares` in proportion to their values."""
    weights = np.array(list(shares.values()), dtype=np.float64)
    return np.array(list(shares))[rng.choice(len(weights), size=count, p=weights / weights.sum())]


def allot(total: int, shares: npt.ArrayLike) -> Integers:
    """Divide a whole number by shares, largest remainders first; the parts sum to `total`."""
    weights = np.asarray(shares, dtype=np.float64)
    exact = total * weights / weights.sum()
    parts = np.floor(exact).astype(np.int64)
    rest = total - int(parts.sum())
    parts[np.argsort(parts - exact, kind="stable")[:rest]] += 1
    return parts
