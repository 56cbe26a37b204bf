"""What every page of the report shares: templates that escape every text, one style, scripts allowed by digest."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

import jinja2
from markupsafe import Markup

from reporting import figures, words
from reporting.balance import words as balance_words
from reporting.charts import HEIGHT, WIDTH
from reporting.language import PLACE

_TEMPLATES = Path(__file__).parent / "templates"


@cache
def environment() -> jinja2.Environment:
    """Return the templates. Autoescape is on for every one of them: names come from files that others wrote."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "style": Markup((_TEMPLATES / "page.css").read_text(encoding="utf-8")),  # noqa: S704 the project's own file
        "forms": figures,
        "words": words,
        "english": Markup(PLACE),  # noqa: S704 a constant
        "chart_width": WIDTH,
        "chart_height": HEIGHT,
    }
    environment.filters |= {"write": figures.write, "exact": figures.exact, "word": words.word, "reason": words.reason}
    environment.filters |= {"measure": balance_words.measure, "lacking": balance_words.lacking}
    return environment


@cache
def script(*names: str) -> dict[str, str]:
    """Return a page's script and the digest by which its content security policy lets it run, and no other."""
    text = "".join((_TEMPLATES / name).read_text(encoding="utf-8") for name in names)
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return {"script": Markup(text), "script_digest": digest}  # noqa: S704 the project's own files
