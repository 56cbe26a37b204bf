"""Shapefiles as they come: zipped, silent on their encoding, their field names cut in the middle of a letter."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path, PurePosixPath

from ingestion.source import Rejected, Request

LARGEST_UNPACKED = 8 << 30  # bytes; a .shp and a .dbf end at 2 GB each, three times that with their indexes
_HEADER, _DESCRIPTOR, _NAME = 32, 32, 11
_END = 0x0D
_CODE_PAGE = 29  # offset of the language driver id
_LONGEST_LETTER = 4  # bytes of a letter in UTF-8 and GB18030


def unpack(request: Request) -> tuple[Path, str | None]:
    """Return the .shp, unpacked into the work folder, and the encoding to read it in (None: as it says itself).

    Raises Rejected where the archive is broken, or does not hold exactly one .shp of the wanted name.
    """
    if not zipfile.is_zipfile(request.path):
        raise Rejected("unreadable", "不是 Shapefile 压缩包 (not an archive of a Shapefile)")
    folder = request.work / "shapefile"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with zipfile.ZipFile(request.path) as archive:
        _extract(archive, _shape_name(archive, request), folder)
    named = request.entry.encoding if request.entry else None
    return folder / "layer.shp", _mend(folder / "layer.dbf", named, (folder / "layer.cpg").is_file())


def _shape_name(archive: zipfile.ZipFile, request: Request) -> str:
    wanted = request.entry.layer if request.entry else None
    names = [n for n in archive.namelist() if n.lower().endswith(".shp") and not n.startswith("__MACOSX")]
    if wanted is not None:
        names = [n for n in names if PurePosixPath(n).stem == wanted]
    if len(names) != 1:
        raise Rejected("unreadable", f"压缩包内应有一个 .shp, 实有 {len(names)} 个 (expected one .shp)")
    return names[0]


def _extract(archive: zipfile.ZipFile, shape: str, folder: Path) -> None:
    """Write the .shp and what belongs to it under names of ours, so that no name in the archive leads elsewhere."""
    stem = shape[: -len(".shp")].lower()
    members = [m for m in archive.infolist() if m.filename.lower().startswith(stem + ".") and not m.is_dir()]
    if sum(m.file_size for m in members) > LARGEST_UNPACKED:
        raise Rejected("unreadable", f"解压后超出 {LARGEST_UNPACKED >> 30} GB (the archive unpacks to too much)")
    for member in members:
        suffix = PurePosixPath(member.filename.lower()).suffix
        with archive.open(member) as source, (folder / f"layer{suffix}").open("wb") as target:
            shutil.copyfileobj(source, target)


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
