"""Shapefiles as they come: zipped, silent on their encoding, their field names cut in the middle of a letter."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

from ingestion import reading_whole, reading_zip
from ingestion.refusal import Rejected

_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_HEADER, _DESCRIPTOR, _NAME = 32, 32, 11
_END = 0x0D
_CODE_PAGE = 29  # offset of the language driver id
_LONGEST_LETTER = 4  # bytes of a letter in UTF-8 and GB18030


def unpack(
    path: Path, folder: Path, wanted: str | None, named: str | None, notes: list[str], limits: dict[str, Any]
) -> tuple[Path, str | None]:
    """Return the .shp, unpacked into the folder, and the encoding to read it in (None: as it says itself).

    Raises Rejected where the archive is broken, does not hold exactly one .shp of the wanted name, or lacks the .dbf.
    """
    if not zipfile.is_zipfile(path):
        return _bare(path)
    with reading_zip.opened(path, limits) as archive:
        found = _extract(archive, _shape_name(archive, wanted), folder)
    if ".dbf" not in found:
        raise Rejected("unreadable", "Shapefile 缺少 .dbf, 没有属性 (the .dbf with the attributes is missing)")
    if not reading_whole.mend_index(folder / "layer.shx", folder / "layer.shp"):
        notes.append("Shapefile 缺少可用的 .shx, 已由 .shp 重建索引 (the index was missing or broken and was restored)")
    return folder / "layer.shp", _mend(folder / "layer.dbf", named, ".cpg" in found)


def _bare(path: Path) -> tuple[Path, str | None]:
    with path.open("rb") as handle:
        alone = handle.read(4) == b"\x00\x00\x27\x0a"
    if alone:
        raise Rejected("unreadable", "Shapefile 只有 .shp, 缺少 .dbf 等文件 (the .dbf and other parts are missing)")
    raise Rejected("unreadable", "不是 Shapefile 或其压缩包 (neither a Shapefile nor an archive of one)")


def _shape_name(archive: zipfile.ZipFile, wanted: str | None) -> str:
    names = [n for n in archive.namelist() if n.lower().endswith(".shp") and not n.startswith("__MACOSX")]
    if wanted is not None:
        names = [n for n in names if PurePosixPath(n).stem == wanted]
    if len(names) != 1:
        raise Rejected("unreadable", f"压缩包内应有一个 .shp, 实有 {len(names)} 个 (expected one .shp)")
    return names[0]


def _extract(archive: zipfile.ZipFile, shape: str, folder: Path) -> set[str]:
    """Write the .shp and what belongs to it under names of ours, so that no name in the archive leads elsewhere."""
    stem = shape[: -len(".shp")].lower()
    found = set()
    for member in archive.infolist():
        name = member.filename.lower()
        suffix = name.removeprefix(stem)
        if name.startswith(stem) and suffix in _PARTS:
            reading_zip.extract(archive, member.filename, folder / f"layer{suffix}")
            found.add(suffix)
    return found


def _mend(dbf: Path, named: str | None, says: bool) -> str | None:
    """Cut the broken last letter off field names; returns the encoding, guessed from the names where nobody says."""
    if not dbf.is_file():
        return named
    with dbf.open("r+b") as handle:
        header = handle.read(_HEADER)
        size = int.from_bytes(header[8:10], "little")
        block = bytearray(handle.read(max(size - _HEADER, 0)))
        places = [i for i in range(0, len(block), _DESCRIPTOR) if len(block) - i >= _DESCRIPTOR and block[i] != _END]
        names = [bytes(block[i : i + _NAME]).split(b"\0")[0] for i in places]
        whole = {encoding: [_whole(name, encoding) for name in names] for encoding in ("utf-8", "gb18030")}
        encoding = next((e for e, found in whole.items() if None not in found), None)
        if encoding is None:
            return named
        for place, name in zip(places, whole[encoding], strict=True):
            block[place : place + _NAME] = (name or b"").ljust(_NAME, b"\0")
        handle.seek(_HEADER)
        handle.write(block)
    plain = all(name.isascii() for name in names)
    return named if named or says else _by_content(dbf) if plain else encoding.upper()


def _by_content(dbf: Path) -> str | None:
    """UTF-8 or GB18030 by the beginning of the rows; None where they are ASCII, or the file names its code page."""
    with dbf.open("rb") as handle:
        header = handle.read(_HEADER)
        handle.seek(int.from_bytes(header[8:10], "little"))
        sample = handle.read(1 << 20)
    if header[_CODE_PAGE] or sample.isascii():
        return None
    return "UTF-8" if _whole(sample, "utf-8") is not None else "GB18030"


def _whole(name: bytes, encoding: str) -> bytes | None:
    """The bytes without a letter cut off at their end; None where they are not of that encoding."""
    cut = _LONGEST_LETTER if len(name) >= _NAME - 1 else 1
    for length in range(len(name), len(name) - cut, -1):
        try:
            name[:length].decode(encoding)
        except UnicodeDecodeError:
            continue
        return name[:length]
    return None
