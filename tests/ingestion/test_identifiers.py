"""Check digits against published codes."""

from __future__ import annotations

import numpy as np
import pytest

from ingestion import identifiers
from ingestion.identifiers import UsccState

# https://www.yc00.com/web/1713075042a2177900.html; www.qufu.gov.cn/art/2020/7/20/art_27520_2665032.html; GB 32100-2015
PUBLISHED = ["91350100M000100Y43", "11370881004339597L", "91440300708461136T"]


@pytest.mark.parametrize("code", PUBLISHED)
def test_published_codes_are_good(code):
    assert identifiers.uscc_state(code) is UsccState.GOOD
    assert identifiers.uscc_check_character(code[:17]) == code[17]


def test_every_other_check_character_is_wrong():
    for code in PUBLISHED:
        others = [code[:17] + c for c in identifiers.USCC_ALPHABET if c != code[17]]
        assert {identifiers.uscc_state(other) for other in others} == {UsccState.CHECK_DIGIT}


@pytest.mark.parametrize("letter", "IOZSV")
def test_letters_outside_the_alphabet(letter):
    assert identifiers.uscc_state("91350100M000100Y4" + letter) is UsccState.PATTERN


@pytest.mark.parametrize("code", ["", "91350100M000100Y4", "91350100M000100Y433", "91350100m000100Y43", "９" * 18])
def test_structure(code):
    assert identifiers.uscc_state(code) is UsccState.PATTERN


def test_an_array_of_codes_is_judged_code_by_code():
    codes = [*PUBLISHED, "91350100M000100Y44", "91350100M000100Y4Z"]
    states = identifiers.uscc_states(np.array([list(code.encode()) for code in codes], dtype=np.uint8))
    assert states.tolist() == [0, 0, 0, UsccState.CHECK_DIGIT, UsccState.PATTERN]


def test_organisation_part():
    assert identifiers.organisation_check_character("M000100Y") == "4"  # GB 11714: 139 mod 11 = 7, 11 - 7
    assert identifiers.organisation_part_fits("91350100M000100Y43")
    assert not identifiers.organisation_part_fits("91350100M000100Y53")
