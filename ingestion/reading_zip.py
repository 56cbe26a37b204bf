"""Archives that are what they say: no bomb, no entry twice, nothing locked."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ingestion.refusal import Rejected

_MEMBERS = 10_000  # a workbook of hundreds of sheets has some thousand
_RATIO = 500  # unpacked to packed; sheets of repeated figures reach about 50
_HARMLESS = 100 << 20  # bytes; below it the ratio does not matter
_ENCRYPTED = 0x1
_BLOCK = 1 << 20


@contextmanager
def opened(path: Path, limits: dict[str, Any]) -> Iterator[zipfile.ZipFile]:
    """Open an archive. Raises Rejected where its directory is broken or promises too much."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise Rejected("unreadable", f"压缩包损坏或不完整 (a broken or truncated archive): {error}") from error
    with archive:
        _judge(archive, limits["unpacked_mb"] << 20)
        yield archive


def _judge(archive: zipfile.ZipFile, limit: int) -> None:
    members = archive.infolist()
    if len(members) > _MEMBERS:
        raise Rejected("unreadable", f"压缩包内有 {len(members)} 个文件 (an archive of too many entries)")
    names = [member.filename.casefold() for member in members]
    twice = next((name for name in names if names.count(name) > 1), None) if len(set(names)) < len(names) else None
    if twice is not None:
        raise Rejected("unreadable", f"压缩包内“{twice}”出现两次 (an entry stands twice in the archive)")
    if any(member.flag_bits & _ENCRYPTED for member in members):
        raise Rejected("unreadable", "压缩包有密码保护 (the archive is protected by a password)")
    unpacked, packed = sum(m.file_size for m in members), sum(m.compress_size for m in members) or 1
    if unpacked > limit or (unpacked > _HARMLESS and unpacked / packed > _RATIO):
        raise _bomb(unpacked)


def _bomb(size: int) -> Rejected:
    return Rejected("unreadable", f"解压后达 {size / 1e6:.0f} MB, 疑为压缩炸弹 (unpacks to too much: a zip bomb?)")


def blocks(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """Yield an entry in blocks of a megabyte. Raises Rejected where it holds more than it declared."""
    declared, size = archive.getinfo(name).file_size, 0
    with archive.open(name) as handle:
        while block := handle.read(_BLOCK):
            size += len(block)
            if size > declared:
                raise _bomb(size)
            yield block


def whole(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """Return an entry. Raises Rejected where it is larger than `limit` bytes."""
    if archive.getinfo(name).file_size > limit:
        raise _bomb(archive.getinfo(name).file_size)
    return b"".join(blocks(archive, name))


def extract(archive: zipfile.ZipFile, name: str, target: Path) -> None:
    """Write an entry to a path of ours, whatever path or link the archive means."""
    with target.open("wb") as out:
        for block in blocks(archive, name):
            out.write(block)
