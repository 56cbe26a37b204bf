"""How a figure is written: unit and decimals. Only the writing changes here; the value is the mart's."""

from __future__ import annotations

import math
from dataclasses import dataclass

DASH = "—"


@dataclass(frozen=True)
class Form:
    """A way to write a figure: shown value = mart value × factor, with that many decimals and that unit."""

    unit: str
    decimals: int
    factor: float = 1.0


COUNT = Form("", 0)
HA = Form("公顷", 2)
HA_OF_M2 = Form("公顷", 2, 1e-4)
CNY10K = Form("万元", 2)
CNY100M = Form("亿元", 2, 1e-4)
CNY10K_PER_HA = Form("万元/公顷", 1)
RATIO = Form("", 2)
PERCENT = Form("%", 2, 100.0)
TCE = Form("吨标准煤/万元", 4)
SCORE = Form("分", 2)
WEIGHT = Form("", 4)


def money(largest_cny10k: float | None) -> Form:
    """Return 亿元 for amounts of at least one of them, else 万元: one unit for a whole column."""
    return CNY100M if largest_cny10k is not None and abs(largest_cny10k) >= 1e4 else CNY10K


def write(value: float | int | None, form: Form) -> str:
    """Return the figure with thousands commas, without its unit; a dash where it is missing.

    A value that would round to nothing keeps two significant digits, so that 0 always means zero.
    """
    if value is None or not math.isfinite(value):
        return DASH
    shown = value * form.factor
    text = f"{shown:,.{form.decimals}f}"
    if shown and not text.strip("-0.,"):
        text = f"{shown:.2g}" if abs(shown) < 1e-6 else f"{shown:.{1 - math.floor(math.log10(abs(shown)))}f}"
    return text.replace("-", "−", 1) if shown < 0 else text.lstrip("-")


def exact(value: float | int | None) -> str:
    """Return the mart's own value, in the mart's unit and precision, for machines that read the page."""
    return "" if value is None else repr(value)
