"""The corpus: from a seed to files, each with the mutation that made it and what is known of its outcome."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

from ingestion.contract import all_contracts

from . import byte_mutations, container_mutations, counts, formats, table_mutations
from .table_mutations import Expected
from .tables import SLOTS, YEAR, Table, good

_DATASETS = tuple(all_contracts())
_NAMES = (
    "it's.{e}", 'double"quote.{e}', "semi;colon.{e}", "new\nline.{e}", "percent%41%s%n.{e}", "a'; drop table x;--.{e}",
    "星号*问号?.{e}", "[brackets]{{x}}.{e}", "$HOME`id`.{e}", "-rf.{e}", "a b  c .{e}", " lead.{e}",
    "😀\u202e\u200f.{e}",
    "a" * 200 + ".{e}", "dots...{e}", "back\\slash.{e}", "UPPER.{E}", "x.csv.{e}", "a&b<c>.{e}", "#hash,comma.{e}",
    "é.{e}", "e\u0301.{e}", "deep/er/x.{e}", "sub.csv/x.{e}", "tab\t.{e}", "colon:.{e}", "vsizip..{e}",
    "mapping.yml.{e}",
)  # fmt: skip
_RAW_NAMES = ("\u5b97\u5730.".encode("gb18030"), b"\xff\xfe\x80.", b"bad\xe5name.", b"latin\xe9.")
_EXTENSIONS = (".csv", ".xlsx", ".xls", ".parquet", ".gpkg", ".geojson", ".zip", ".shp", ".geoparquet", ".txt", "")
_SPECIALS = ("link out", "link to folder", "link dangling", "link to itself", "link inside", "pipe", "socket", "folder")
_PLAIN, _CONTAINER, _BYTES, _EXTENSION, _PARTS, _SPECIAL = (
    "table",
    "container",
    "bytes",
    "extension",
    "parts",
    "special",
)


UNKNOWN = Expected()


@dataclass(frozen=True)
class Case:
    """One mutated file, with what belongs to it: paths below the landing area to content.

    `special` instead of content: a kind of file that is no regular file. `rows` counts by other readers.
    """

    number: int
    format: str
    mutation: str
    dataset: str
    main: bytes
    files: dict[bytes, bytes] = field(default_factory=dict)
    special: str = ""
    expected: Expected = UNKNOWN
    rows: int | None = None

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.files[self.main]).hexdigest() if self.main in self.files else ""


def generate(seed: int, number: int, slot: int, heavy: bool = True) -> Case:
    """Return case `number` of a seed; the same arguments give the same case. `slot` gives it its keys."""
    rng = Random(f"{seed}/{number}")
    spatial = rng.random() < 0.3
    dataset = "parcels" if spatial or rng.random() < 0.2 else rng.choice(_DATASETS)
    style = rng.choice(sorted(formats.SPATIAL if spatial else formats.TABULAR))
    kind = rng.choices((_PLAIN, _CONTAINER, _BYTES, _EXTENSION, _PARTS, _SPECIAL), (40, 22, 28, 4, 4, 1.5))[0]
    table = good(dataset, slot % SLOTS, chinese=style not in ("shp", "shp zip") and rng.random() < 0.8)
    case = _KINDS[kind](Case(number, style, kind, dataset, b""), table, rng, heavy)
    return _named(case, rng) if not case.special else case


def _write(style: str, table: Table) -> formats.Files:
    return formats.ALL[style](table)


def _table(case: Case, table: Table, rng: Random, heavy: bool) -> Case:
    """The outcome is known but where a format cannot hold the mutated table as it stands."""
    choices = dict(table_mutations.ANY_FORMAT)
    if case.format.startswith(("csv", "xls")):
        choices |= table_mutations.SHEETS_AND_CSV
    if case.format.startswith("csv"):
        choices |= table_mutations.CSV_ONLY
    if not heavy:
        choices.pop("long text")
    name = _weighted(choices, rng)
    mutated = choices[name][0](table, rng)
    try:
        files = _write(case.format, mutated.table)
    except Exception:  # a name or value that this format's own writer refuses
        name, mutated = "none", table_mutations.nothing(table, rng)
        files = _write(case.format, table)
    expected = _softened(case.format, name, mutated)
    if _reads_as_utf8(case.format, files):
        expected = UNKNOWN
    return _cased(case, f"table: {name}", files, expected)


def _reads_as_utf8(style: str, files: formats.Files) -> bool:
    """原煤 in GB18030 happens to be two Latin letters in UTF-8: of a file with no other word nobody can tell."""
    if style not in ("csv gb18030", "csv semicolon"):
        return False
    try:
        return not files[".csv"].decode("utf-8").isascii()
    except UnicodeDecodeError:
        return False


def _softened(style: str, name: str, mutated: table_mutations.Mutated) -> Expected:
    expected = mutated.expected
    if style in formats.SPATIAL and style != "geoparquet":  # field types, widths and names are the format's
        return Expected(expected.rows)
    if style in ("xlsx two rows", "xlsx typed", "xls", "xlsx") and name in (
        "title rows",
        "blank rows",
        "renamed column",
    ):
        return replace(expected, state=None, rows=None, accepted_at_least=0)
    if style == "xlsx two rows" and (len(mutated.table.rows) < 2 or "header" in name):
        return UNKNOWN
    if style == "xlsx typed":
        return replace(expected, accepted_at_least=0)
    return expected


def _container(case: Case, table: Table, rng: Random, heavy: bool) -> Case:
    files = _write(case.format, table)
    extension = _main(files)
    choices = dict(container_mutations.BY_EXTENSION.get(extension, {}))
    if heavy and extension in (".xlsx", ".zip"):
        choices |= {name: (change, 1) for name, change in container_mutations.HEAVY.items()}
    if not choices:
        return _table(case, table, rng, heavy)
    name = _weighted(choices, rng)
    files[extension] = choices[name][0](files[extension], rng)
    return _counted(_cased(case, f"container: {name}", files), extension, table)


def _bytes(case: Case, table: Table, rng: Random, heavy: bool) -> Case:
    files = _write(case.format, table)
    damaged = rng.choice(sorted(files)) if rng.random() < 0.5 else _main(files)
    name = _weighted(byte_mutations.MUTATIONS, rng)
    files[damaged] = byte_mutations.MUTATIONS[name][0](files[damaged], rng)
    if rng.random() < 0.2:
        again = _weighted(byte_mutations.MUTATIONS, rng)
        files[damaged] = byte_mutations.MUTATIONS[again][0](files[damaged], rng)
    return _counted(_cased(case, f"bytes: {name}", files), _main(files), table)


def _extension(case: Case, table: Table, rng: Random, heavy: bool) -> Case:
    content = _write(case.format, table)
    return _cased(case, "extension exchanged", {rng.choice(_EXTENSIONS): content[_main(content)]})


def _parts(case: Case, table: Table, rng: Random, heavy: bool) -> Case:
    """Shapefiles whose parts are missing, empty, of another layer, or of an unknown encoding."""
    files = formats.shp_parts(good("parcels", 0, chinese=False) if case.dataset != "parcels" else table)
    other = formats.shp_parts(good("parcels", 0, rows=3, chinese=False))
    part = rng.choice(sorted(files))
    name = rng.choice(("missing", "exchanged", "empty", "text", "only one"))
    match name:
        case "missing":
            files.pop(part)
        case "exchanged":
            files[part] = other[part]
        case "empty":
            files[part] = b""
        case "text":
            files[part] = rng.choice((b"UTF-99", b"../../x", b"\xff\xff", b"GEOGCS[", b"65001", b"x" * 100_000))
        case "only one":
            files = {part: files[part]}
    changed = replace(case, dataset="parcels", format=rng.choice(("shp", "shp zip")))
    if changed.format == "shp zip":
        files = {".zip": container_mutations.write_members({f"a{suffix}": data for suffix, data in files.items()})}
    return _cased(changed, f"part {name}", files)


def _special(case: Case, table: Table, rng: Random, heavy: bool) -> Case:
    special = rng.choice(_SPECIALS)
    extension = rng.choice((".csv", ".xlsx", ".gpkg", ".shp", ".zip"))
    main = f"{case.dataset}/{YEAR}/{case.number:05d}-special{extension}".encode()
    return replace(case, format="-", mutation=f"special: {special}", main=main, special=special)


_KINDS: dict[str, Callable[[Case, Table, Random, bool], Case]] = {
    _PLAIN: _table,
    _CONTAINER: _container,
    _BYTES: _bytes,
    _EXTENSION: _extension,
    _PARTS: _parts,
    _SPECIAL: _special,
}


def _cased(case: Case, mutation: str, files: formats.Files, expected: Expected | None = None) -> Case:
    """The content under provisional names: the extension alone."""
    main = _main(files).encode()
    content = {extension.encode(): data for extension, data in files.items()}
    return replace(case, mutation=mutation, main=main, files=content, expected=expected or UNKNOWN)


def _counted(case: Case, extension: str, table: Table) -> Case:
    delimiter = {"csv tab": "\t", "csv semicolon": ";"}.get(case.format, ",")
    return replace(case, rows=counts.rows(extension, case.files[case.main], table, delimiter))


def _main(files: formats.Files) -> str:
    return ".shp" if ".shp" in files else next(iter(files))


def _weighted(choices: dict[str, tuple[object, int]], rng: Random) -> str:
    return rng.choices(list(choices), [weight for _, weight in choices.values()])[0]


def _named(case: Case, rng: Random) -> Case:
    """Put the files into the folder of their dataset and year, one in eight under an unusual name."""
    stem = f"{case.number:05d}".encode()
    pick = rng.random()
    extension = case.main.decode()
    if pick < 0.12:
        pattern = rng.choice(_NAMES)
        whole = pattern.format(e=extension.lstrip("."), E=extension.lstrip(".").upper())
        head, _, tail = whole.rpartition("/")
        stem = b"/".join(
            filter(None, (head.encode(), stem + (tail[: -len(extension)] if extension else tail).encode()))
        )
        upper = pattern.endswith("{E}")
    else:
        stem, upper = (stem + rng.choice(_RAW_NAMES).rstrip(b"."), False) if pick < 0.14 else (stem, False)
    folder = f"{case.dataset}/{YEAR}/".encode()
    named = {key: folder + stem + (key.upper() if upper else key) for key in case.files}
    return replace(case, main=named[case.main], files={named[key]: data for key, data in case.files.items()})
