"""Check digits of identifiers: 统一社会信用代码 (GB 32100-2015) and 组织机构代码 (GB 11714-1997)."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # no I O Z S V; a character's value is its place in this list
USCC_LENGTH = 18
_USCC_WEIGHTS = np.array([pow(3, place, 31) for place in range(USCC_LENGTH - 1)], dtype=np.int16)
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_INVALID = np.int16(-1)


class UsccState(IntEnum):
    """What is wrong with a code, if anything: its structure comes before its check digit."""

    GOOD = 0
    PATTERN = 1
    CHECK_DIGIT = 2


def _value_table() -> npt.NDArray[np.int16]:
    table = np.full(256, _INVALID, dtype=np.int16)
    for value, character in enumerate(USCC_ALPHABET):
        table[ord(character)] = value
    return table


_VALUES = _value_table()


def uscc_states(codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.int8]:
    """Return the `UsccState` of each row of an (n, 18) array of bytes.

    GB 32100-2015: the 18th character is 31 minus the sum of value times 3^(i-1) mod 31 over the first 17, mod 31.
    """
    values = _VALUES[codes]
    states = np.full(len(codes), UsccState.GOOD, dtype=np.int8)
    expected = -(values[:, :-1] @ _USCC_WEIGHTS) % 31
    states[expected != values[:, -1]] = UsccState.CHECK_DIGIT
    states[(values == _INVALID).any(axis=1)] = UsccState.PATTERN
    return states


def uscc_state(code: str) -> UsccState:
    """Return what is wrong with one upper-case, trimmed code."""
    if len(code) != USCC_LENGTH or not code.isascii():
        return UsccState.PATTERN
    return UsccState(int(uscc_states(np.frombuffer(code.encode(), dtype=np.uint8).reshape(1, USCC_LENGTH))[0]))


def uscc_check_character(first17: str) -> str:
    """Return the 18th character that belongs to the first 17; ValueError where one is not of the alphabet."""
    total = sum(USCC_ALPHABET.index(c) * int(w) for c, w in zip(first17, _USCC_WEIGHTS, strict=True))
    return USCC_ALPHABET[-total % 31]


def organisation_check_character(first8: str) -> str:
    """Return the 9th character of an organisation code (characters 9 to 17 of a uscc) by GB 11714-1997.

    Letters count A = 10 to Z = 35; 11 minus the weighted sum mod 11, where 10 is written X and 11 is written 0.
    """
    total = sum(int(c, 36) * w for c, w in zip(first8, _ORGANISATION_WEIGHTS, strict=True))
    return "0123456789X"[-total % 11]


def organisation_part_fits(uscc: str) -> bool:
    """Say whether the organisation part of a uscc ends in its own check character: a warning, never an error."""
    return organisation_check_character(uscc[8:16]) == uscc[16]
