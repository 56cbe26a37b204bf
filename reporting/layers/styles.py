"""Styles of the layers: QML for QGIS and SLD 1.0 for everything else, in the colours of the report's map."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from landgauge.errors import StageFailed
from reporting.layers.features import POINT, Graded, Layer

FONTS = ("Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei")
NOT_RATED = "未评级"
_CSS = Path(__file__).parents[1] / "templates" / "page.css"


@dataclass(frozen=True)
class Style:
    """A style of a layer: its name, the texts of both forms, and whether a map program takes it by itself."""

    layer: str
    name: str
    title: str
    qml: str
    sld: str
    default: bool


@dataclass(frozen=True)
class Class:
    """A grade in a style, best first; the empty grade is what is not rated."""

    grade: str
    label: str
    colour: str


@cache
def colours() -> dict[str, str]:
    """Return the colours of the report's map by the name of their variable: g0 (best), g1, …, none, ink.

    Raises StageFailed where the style sheet of the report does not name them.
    """
    found = dict(re.findall(r"--(g\d|none|ink):\s*(#[0-9a-fA-F]{6})\b", _CSS.read_text(encoding="utf-8")))
    if not {"g0", "none", "ink"} <= set(found):
        raise StageFailed(f"{_CSS.name} names no colours of grades", "It must set --g0 and on, --none and --ink.")
    return found


def styles_of(layer: Layer, about: str) -> list[Style]:
    """Return the styles of a layer, one for each result and the first as default; without results a plain one."""
    if not layer.graded:
        return [_style(layer, None, about, default=True)]
    return [_style(layer, graded, about, place == 0) for place, graded in enumerate(layer.graded)]


def classes_of(graded: Graded) -> list[Class]:
    """Return the grades that occur and 未评级 behind them."""
    known = colours()
    last = max(int(name[1:]) for name in known if re.fullmatch(r"g\d", name))
    some = [Class(grade, label, known[f"g{min(place, last)}"]) for grade, label, place in graded.grades]
    return [*some, Class("", NOT_RATED, known["none"])]


def _style(layer: Layer, graded: Graded | None, about: str, default: bool) -> Style:
    title = f"{layer.title}等级：{graded.name}" if graded else layer.title
    values = {
        "layer": layer.name,
        "style": graded.code if graded else layer.name,
        "title": title,
        "about": about,
        "point": layer.kind == POINT,
        "field": graded.field if graded else "",
        "classes": classes_of(graded) if graded else [],
        "labelled_by": layer.labelled_by,
        "scale": layer.labelled_from,
        "fields": layer.fields,
        "fonts": FONTS,
        "grey": colours()["none"],
        "ink": colours()["ink"],
    }
    name = graded.code if graded else layer.name
    return Style(layer.name, name, title, _render("style.qml.j2", values), _render("style.sld.j2", values), default)


def _render(template: str, values: dict[str, object]) -> str:
    return _environment().get_template(template).render(values) + "\n"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    environment.globals["rgb"] = lambda colour: ",".join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))
    return environment
