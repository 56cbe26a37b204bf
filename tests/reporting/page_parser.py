"""Just enough of a document tree to look at a report: elements by id or attribute, their text, their exact values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "img", "input", "hr"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(c if isinstance(c, str) else c.text for c in self.children)

    @property
    def value(self) -> float | None:
        """The exact mart value in a cell; None where the figure is missing."""
        found = self.all("data")
        return float(found[0].attributes["value"]) if found else None

    def walk(self) -> Iterator[Element]:
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.walk()

    def all(self, tag: str, **attributes: str) -> list[Element]:
        wanted = {k.strip("_").replace("_", "-"): v for k, v in attributes.items()}
        return [e for e in self.walk() if e.tag == tag and wanted.items() <= e.attributes.items()]

    def id(self, name: str) -> Element:
        found = [e for e in self.walk() if e.attributes.get("id") == name]
        assert len(found) == 1, f"{len(found)} elements with id {name}"
        return found[0]

    def has(self, name: str) -> bool:
        return any(e.attributes.get("id") == name for e in self.walk())

    def table(self) -> list[list[str]]:
        """The texts of a table's body."""
        body = self.all("tbody")[0]
        return [[c.text.strip() for c in row.all("th") + row.all("td")] for row in body.all("tr")]


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.open = [self.root]
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {k: v or "" for k, v in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, {k: v or "" for k, v in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if self.open[-1].tag != tag:
            self.faults.append(f"</{tag}> closes <{self.open[-1].tag}> at {self.getpos()}")
            return
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def parse(page: str) -> Element:
    """Return the document; fails where an element is not closed by its own end tag."""
    builder = _Builder()
    builder.feed(page)
    builder.close()
    assert not builder.faults, builder.faults[:3]
    assert builder.open == [builder.root], f"<{builder.open[-1].tag}> is never closed"
    return builder.root
