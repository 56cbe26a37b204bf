"""Mutations of a file's bytes that know nothing of its format."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_MAGICS = (b"PK\x03\x04", b"PAR1", b"SQLite format 3\0", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"%PDF-1.7\n", b"<html>")
_TOKENS = (
    b'"', b"\0", b"\r", b"\n", b",", b";", b"\t", b"\xff", b"\x80", b"\xe5", b"\xe5\xae", b"\x81\x30\x81\x30", b"\x1a",
    b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\\", b"'", b"=", b"<", b"&", b"{", b"[", b"1e999", b"NaN", b"-",
    b"\xef\xbb\xbf",
)  # fmt: skip
Mutation = Callable[[bytes, Random], bytes]


def flip(data: bytes, rng: Random) -> bytes:
    out = bytearray(data or b"\0")
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16, 64))):
        out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out)


def overwrite(data: bytes, rng: Random) -> bytes:
    """A run of bytes becomes zeros, ones or noise, as a bad disk leaves them."""
    out = bytearray(data or b"\0")
    at, length = rng.randrange(len(out)), rng.choice((1, 2, 4, 8, 64, 512, 4096))
    fill = rng.choice((b"\0" * length, b"\xff" * length, rng.randbytes(length)))
    out[at : at + length] = fill[: len(out) - at]
    return bytes(out)


def truncate(data: bytes, rng: Random) -> bytes:
    cut = rng.randrange(len(data) + 1)
    return rng.choice((data[:cut], data[:cut], data[cut:], data[: max(len(data) - rng.randint(1, 8), 0)]))


def insert(data: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    piece = rng.choice((*_TOKENS, *_TOKENS, *_BOMS, *_MAGICS, rng.randbytes(rng.choice((1, 8, 300)))))
    return data[:at] + piece * rng.choice((1, 1, 1, 2, 50)) + data[at:]


def replace(data: bytes, rng: Random) -> bytes:
    """A byte or two become something that means something."""
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice(_TOKENS) + data[at + rng.randint(1, 3) :]


def delete(data: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + data[at + rng.choice((1, 1, 2, 4, 30, 300)) :]


def repeat(data: bytes, rng: Random) -> bytes:
    at, length = rng.randrange(len(data) + 1), rng.choice((1, 10, 100, 1000))
    piece = data[at : at + length]
    return data[:at] + piece * rng.choice((2, 3, 100)) + data[at + length :]


def swap(data: bytes, rng: Random) -> bytes:
    """Two blocks change places."""
    if len(data) < 4:
        return data[::-1]
    a, b, c, d = sorted(rng.randrange(len(data)) for _ in range(4))
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def digits(data: bytes, rng: Random) -> bytes:
    """Bytes that are digits become other digits: lengths and offsets written as text lie."""
    places = [i for i, byte in enumerate(data) if 48 <= byte <= 57]
    out = bytearray(data)
    for place in rng.sample(places, min(len(places), rng.choice((1, 2, 8)))):
        out[place] = rng.choice(b"0123456789")
    return bytes(out)


def garbage_in_front(data: bytes, rng: Random) -> bytes:
    return rng.choice((*_BOMS, *_MAGICS, rng.randbytes(16), b"\n" * 20, b" " * 5000)) + data


def garbage_behind(data: bytes, rng: Random) -> bytes:
    return data + rng.choice((b"\0" * 512, rng.randbytes(64), b"\x1a", b"\n\n\n", data, *_MAGICS))


def noise(data: bytes, rng: Random) -> bytes:
    return rng.randbytes(rng.choice((1, 16, 500, 5000)))


def nothing_left(data: bytes, rng: Random) -> bytes:
    return rng.choice((b"", b"", b"\n", b"\0", b" ", b"\xef\xbb\xbf", b"\xff\xfe"))


MUTATIONS: dict[str, tuple[Mutation, int]] = {
    "flip": (flip, 6),
    "overwrite": (overwrite, 3),
    "truncate": (truncate, 3),
    "insert": (insert, 4),
    "replace": (replace, 4),
    "delete": (delete, 2),
    "repeat": (repeat, 2),
    "swap": (swap, 2),
    "digits": (digits, 2),
    "garbage in front": (garbage_in_front, 1),
    "garbage behind": (garbage_behind, 1),
    "noise": (noise, 1),
    "nothing left": (nothing_left, 1),
}
