"""Pictures in .zip files, which may be damaged, or made to harm."""

from __future__ import annotations

import hashlib
import os
import stat
import struct
import zipfile
from collections import Counter
from pathlib import Path
from typing import BinaryIO, Iterator

from mangastyle.data import members
from mangastyle.data.members import DAMAGED, Reader, failing_reader, member_reader
from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.io.files import open_file

MOST_DIRECTORY = 64_000_000  # bytes of the list of members: a million of them, which take ten times as much memory
LOCAL_HEADER = 30 + 2 * 65535  # bytes, at most, between the place of a member and its data


class Zip:
    """The pictures of a .zip file by name, see `archives.Source`.

    Parameters
    ----------
    path : Path
        The file.
    max_pixels : int
        Larger pictures are refused before they are unpacked.

    Attributes
    ----------
    left_out : Counter of str
        How many files are no pictures, by suffix.

    Raises
    ------
    MangastyleError
        For a file with too many members, or that unpacks to too much.
    """

    def __init__(self, path: Path, max_pixels: int) -> None:
        self.path, self.max_pixels, self.left_out = path, max_pixels, Counter[str]()
        with open_file(path) as file:
            if (size := _directory_size(file)) > MOST_DIRECTORY:
                raise MangastyleError(
                    f"{path}: holds too many files, a list of {size / 1e6:.0f} MB; split it, or unpack it and name the folder"
                )
        self.archive = zipfile.ZipFile(path)
        infos = self.archive.infolist()
        self.ends = _ends(infos, self.archive.start_dir)
        self.members = sorted(filter(self._is_picture, infos), key=lambda info: info.filename)
        readable = [info for info in self.members if not self._problem(info)]
        members.check_unpacked(path, sum(info.file_size for info in readable))

    def __len__(self) -> int:
        return len(self.members)

    def __iter__(self) -> Iterator[tuple[str, Reader]]:
        for info in self.members:
            shown = members.shown(info.filename)
            name = f"{self.path}/{shown}"
            if problem := self._problem(info):
                yield shown, failing_reader(f"{name}: {problem}")
                continue
            try:
                with self.archive.open(info) as stream:
                    found = member_reader(stream, info.file_size, name, self.max_pixels)
            except DAMAGED as error:
                found = failing_reader(f"{name}: cannot be unpacked ({members.shown(str(error))})")
            yield shown, found

    def identify(self, key: hashlib.blake2b) -> None:
        """Add to a hash what decides which pictures there are: the list of members, and the packed bytes of those that are read."""
        with open_file(self.path) as file:
            for info in self.members:
                listed = info.filename, info.file_size, info.CRC, info.compress_size, info.header_offset
                key.update(repr(listed).encode("utf-8", "replace"))
                if not self._problem(info):
                    file.seek(info.header_offset)
                    left = min(self.ends[info.header_offset] - info.header_offset, info.compress_size + LOCAL_HEADER)
                    while left > 0 and (block := file.read(min(left, 1 << 20))):
                        key.update(block)
                        left -= len(block)

    def _is_picture(self, info: zipfile.ZipInfo) -> bool:
        """Whether a member is to be read; counts what is left out."""
        if info.is_dir():
            return False
        kind = "link" if stat.S_ISLNK(info.external_attr >> 16) else members.left_out(info.filename)
        if kind:
            self.left_out[kind] += 1
        return kind == ""

    def _problem(self, info: zipfile.ZipInfo) -> str:
        """Why a member is not even unpacked."""
        if info.header_offset < 0 or info.header_offset + info.compress_size > self.ends[info.header_offset]:
            return "overlaps another member of the archive"
        if info.flag_bits & 1:
            return "is encrypted; unpack it yourself, and name the folder of its pictures"
        return images.too_large(info.file_size, self.max_pixels)


def _ends(infos: list[zipfile.ZipInfo], end: int) -> dict[int, int]:
    """By the place of each member, that of the next one; for several in one place, that place itself."""
    ends: dict[int, int] = {}
    for place in sorted((info.header_offset for info in infos), reverse=True):
        ends[place] = place if place in ends else end
        end = place
    return ends


def _directory_size(file: BinaryIO) -> int:
    """The size of the list of members, as the end of the archive states it; zipfile reads as much at once."""
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - 65535 - 22 - 20)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) < at + 22:
        return 0  # zipfile says what is wrong
    stated = struct.unpack_from("<L", tail, at + 12)[0]
    if at >= 20 and tail[at - 20 : at - 16] == b"PK\6\7":
        file.seek(min(struct.unpack_from("<Q", tail, at - 12)[0], size))
        record = file.read(56)
        if len(record) == 56:
            stated = max(stated if stated != 0xFFFFFFFF else 0, struct.unpack_from("<Q", record, 40)[0])
    return min(stated, size)
