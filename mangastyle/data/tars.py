"""Pictures in .tar files, compressed or not, which may be damaged, or made to harm."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import tarfile
from collections import Counter
from pathlib import Path
from typing import IO, Any, BinaryIO, Callable, Iterator

from mangastyle.data import members
from mangastyle.data.members import DAMAGED, Reader, failing_reader, member_reader
from mangastyle.io import images
from mangastyle.io.files import open_file

COMPRESSED: dict[bytes, Callable[[BinaryIO], Any]] = {  # by how the file begins
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
    b"]\0\0": lzma.LZMAFile,
}
MOST_HEADERS = 2**20  # bytes of the headers before one member
KINDS = {  # of what is no file
    tarfile.SYMTYPE: "link", tarfile.LNKTYPE: "link", tarfile.FIFOTYPE: "pipe", tarfile.CHRTYPE: "device", tarfile.BLKTYPE: "device",
}  # fmt: skip


class Tar:
    """The pictures of a .tar file in the file's order, see `archives.Source`.

    Parameters
    ----------
    path : Path
        The file; it is read through.
    max_pixels : int
        Larger pictures are refused before they are unpacked.

    Attributes
    ----------
    left_out : Counter of str
        How many files are no pictures, by suffix or kind.

    Raises
    ------
    MangastyleError
        If it unpacks to too much.
    """

    def __init__(self, path: Path, max_pixels: int) -> None:
        self.path, self.max_pixels, self.left_out = path, max_pixels, Counter[str]()
        self.count, self.digest = 0, hashlib.blake2b()
        for member, stream in self._pictures(self.left_out):
            self.count += 1
            self.digest.update(repr((member.name, member.size)).encode("utf-8", "replace"))
            if stream:
                left = member.size
                while left > 0 and (block := stream.read(min(left, 1 << 16))):
                    self.digest.update(block)
                    left -= len(block)

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[tuple[str, Reader]]:
        for member, stream in self._pictures(Counter()):
            shown = members.shown(member.name)
            name = f"{self.path}/{shown}"
            if not stream:
                yield shown, failing_reader(f"{name}: {self._problem(member)}")
                continue
            yield shown, member_reader(stream, member.size, name, self.max_pixels)

    def identify(self, key: hashlib.blake2b) -> None:
        """Add to a hash what decides which pictures there are: their names and bytes."""
        key.update(self.digest.digest())

    def _pictures(self, left_out: Counter[str]) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
        """The members that are pictures by name, with their bytes, or without if they are not to be read; `left_out` counts the others.

        In file order: seeking back in a compressed tar is slow.
        """
        with opened(self.path) as file, tarfile.open(fileobj=file, mode="r:") as archive:  # type: ignore[call-overload]
            last = -1
            while True:
                file.left = MOST_HEADERS
                if (member := archive.next()) is None:
                    break
                archive.members.clear()  # else it keeps them all
                if member.size < 0 or archive.offset <= last:
                    raise tarfile.ReadError("a member of less than no bytes")
                last = archive.offset
                members.check_unpacked(self.path, member.offset_data + (0 if member.issparse() else member.size))
                kind = KINDS.get(member.type) or members.left_out(member.name)
                if member.isdir() or kind is None:
                    continue
                if kind:
                    left_out[kind] += 1
                    continue
                file.left = member.size + MOST_HEADERS
                yield member, None if self._problem(member) else archive.extractfile(member)
            file.left = MOST_HEADERS
            file.seek(archive.offset)
            if file.read(tarfile.BLOCKSIZE).strip(b"\0"):  # tarfile takes a damaged header for the end
                raise tarfile.ReadError(f"a damaged header at byte {archive.offset}")

    def _problem(self, member: tarfile.TarInfo) -> str:
        """Why a member is not even unpacked."""
        if member.issparse():
            return "a sparse file, which is not read from an archive; unpack it"
        return images.too_large(member.size, self.max_pixels)


class opened:
    """The bytes of a .tar file, unpacked, as tarfile reads them: never more at once than is sensible.

    tarfile believes the sizes that it reads: it would take a header of 3 GB into memory, and go round in circles with negative ones.

    Attributes
    ----------
    left : int
        How many bytes may be read.
    """

    def __init__(self, path: Path) -> None:
        self.file = open_file(path)
        self.unpacked: Any = self.file
        self.left = MOST_HEADERS
        head = self.file.read(8)
        self.file.seek(0)
        for magic, unpack in COMPRESSED.items():
            if head.startswith(magic):
                self.unpacked = unpack(self.file)
        self.name = str(path)
        self.mode = "rb"

    def __enter__(self) -> opened:
        return self

    def __exit__(self, *error: object) -> None:
        self.unpacked.close()
        self.file.close()

    def read(self, size: int = -1) -> bytes:
        self.left -= size
        if size < 0 or self.left < 0:
            raise tarfile.ReadError("a header of impossible size")
        return self.unpacked.read(size)

    def seek(self, place: int) -> int:
        return self.unpacked.seek(place)

    def tell(self) -> int:
        return self.unpacked.tell()


def is_tar(path: Path) -> bool:
    """Whether a file is a .tar file, compressed or not."""
    with opened(path) as file:
        try:
            tarfile.open(fileobj=file, mode="r:").close()  # type: ignore[call-overload]
            return True
        except DAMAGED:
            return False
