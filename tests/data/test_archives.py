"""Archives as people have them, damaged, and made to harm: each bad member is one line, and the others are read."""

from __future__ import annotations

import bz2
import functools
import hashlib
import io
import lzma
import os
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mangastyle.data import archives, dataset, members, tars, zips
from mangastyle.errors import MangastyleError
from mangastyle.io import images

LIMIT = 10_000  # pixels


def encoded(seed: int, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (20, 16, 3), np.uint8)).save(buffer, kind)
    return buffer.getvalue()


def pack_zip(path: Path, contents: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return path


def pack_tar(path: Path, contents: dict[str, bytes], mode: str = "w", **options) -> Path:
    with tarfile.open(path, mode, **options) as archive:  # type: ignore[call-overload]
        for name, data in contents.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def read(path: Path, max_pixels: int = LIMIT) -> tuple[int, list[str]]:
    """How many pictures of an archive are read, and what is said of the others."""
    source = archives.open_source(str(path), 16, max_pixels)
    good, bad = 0, []
    for name, reader in source:
        assert "\n" not in name and len(name) <= 500
        try:
            assert reader().shape == (20, 16, 3)
            good += 1
        except MangastyleError as error:
            assert "\n" not in str(error) and str(error).startswith(str(path))
            bad.append(str(error).removeprefix(f"{path}/"))
    assert good + len(bad) == len(source)
    return good, bad


def refused(path: Path, match: str) -> None:
    with pytest.raises(MangastyleError, match=match) as error:
        read(path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


TWO = {"a.png": encoded(0), "b.png": encoded(1)}
BOMB = bytes(40_000_000)  # more than a picture of 10,000 pixels can have


# Zip


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_all_kinds_of_compression(tmp_path, compression):
    assert read(pack_zip(tmp_path / "a.zip", TWO, compression)) == (2, [])


def test_a_member_that_is_too_large_is_skipped_by_what_it_declares(tmp_path, monkeypatch):
    path = pack_zip(tmp_path / "a.zip", {"bomb.png": BOMB, **TWO})
    monkeypatch.setattr(members, "PIECE", 10**9)
    good, bad = read(path)
    assert good == 2 and bad == ["bomb.png: 40 MB is over the limit of 32 MB for 0.01 megapixels; make it smaller, or raise `max_pixels`"]


def lying(path: Path, size: int) -> Path:
    """The zip file with another size declared for its first member."""
    data = bytearray(path.read_bytes())
    for magic, place in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        struct.pack_into("<L", data, data.index(magic) + place, size)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_member_that_unpacks_to_more_than_it_declares_is_cut(tmp_path, compression):
    path = lying(pack_zip(tmp_path / "a.zip", {"bomb.png": BOMB, **TWO}, compression), 1000)
    good, bad = read(path)
    assert good == 2 and len(bad) == 1 and bad[0].startswith("bomb.png: ")


def test_members_that_share_their_bytes_are_skipped(tmp_path):
    path = pack_zip(tmp_path / "a.zip", {"a.png": encoded(0), "b.png": encoded(1), "c.png": encoded(2)}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    second = data.index(b"PK\1\2", data.index(b"PK\1\2") + 1)
    struct.pack_into("<L", data, second + 42, 0)  # b.png lies where a.png does
    path.write_bytes(data)
    good, bad = read(path)
    assert good == 1 and len(bad) == 2 and all("overlaps another member" in line for line in bad)


def test_an_encrypted_member_and_one_of_unknown_compression_are_skipped(tmp_path):
    for place, value, word in ((8, 1, "is encrypted; unpack it yourself"), (10, 9, "cannot be unpacked (That compression")):
        path = pack_zip(tmp_path / "a.zip", {"x.png": encoded(5), **TWO})
        data = bytearray(path.read_bytes())
        struct.pack_into("<H", data, data.index(b"PK\1\2") + place, value)
        struct.pack_into("<H", data, data.index(b"PK\3\4") + place - 2, value)
        path.write_bytes(data)
        good, bad = read(path)
        assert good == 2 and bad[0].startswith(f"x.png: {word}") and "ZipInfo" not in bad[0]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.zip", bytes(4096), "begins with zeros, as a download that was never finished"),
        ("a.tar", b"", "is empty"),
        ("a.zip", b"PK\3\4" + bytes(400), "cut off or damaged; get it again"),
        ("a.bin", b"PK\3\4" + bytes(400), "cut off or damaged; get it again"),
        ("a.tar.gz", b"\x1f\x8b\x08" + bytes(400), "cut off or damaged; get it again"),
        ("a.zip", b"<html>" * 100, "cut off or damaged; get it again"),
        ("a.txt", b"no archive" * 100, "neither a folder nor a .zip or .tar file"),
    ],
)
def test_what_is_no_intact_archive_is_said_in_plain_words(tmp_path, name, data, message):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(MangastyleError, match=message):
        archives.check([str(tmp_path / name)])


def test_a_zip_of_impossibly_many_files_is_refused_before_its_list_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(zips, "MOST_DIRECTORY", 3000)
    assert read(pack_zip(tmp_path / "a.zip", {f"{i}.png": encoded(i) for i in range(40)}))[0] == 40
    path = pack_zip(tmp_path / "b.zip", {f"{i}.png": b"" for i in range(70)})
    refused(path, "holds too many files")
    with zipfile.ZipFile(path, "w") as archive:
        monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 5)
        for i in range(70):
            archive.writestr(f"{i}.png", b"")
    assert b"PK\6\6" in path.read_bytes()  # the end of a zip64
    refused(path, "holds too many files")


def test_odd_names_are_shown_in_one_short_line(tmp_path):
    names = ["../../x.png", "/etc/x.png", "a\nb\x1b[31m.png", "x" * 60_000 + ".png", "名前.png"]
    good, bad = read(pack_zip(tmp_path / "a.zip", dict.fromkeys(names, b"no picture")))
    assert good == 0 and sorted(map(len, bad))[-1] < 250 and any(r"a\nb\x1b[31m.png" in line for line in bad)
    good, bad = read(pack_tar(tmp_path / "a.tar", dict.fromkeys([*names, "not-utf8-\udcff.png"], b"no picture")))
    assert good == 0 and len(bad) == 6 and any(r"not-utf8-\udcff.png" in line for line in bad)
    assert not (tmp_path.parent / "x.png").exists()


def test_what_is_left_out_is_counted_but_for_what_is_hidden(tmp_path, caplog):
    contents = {
        **TWO,
        "notes.txt": b"",
        "c/notes.TXT": b"",
        "README": b"",
        ".hidden.png": b"",
        "__MACOSX/._a.png": b"",
        ".git/x.png": b"",
        "./d.JFIF": encoded(3, "JPEG"),
    }
    for path in (pack_zip(tmp_path / "a.zip", contents), pack_tar(tmp_path / "a.tar.gz", contents, "w:gz")):
        source = archives.open_source(str(path), 16)
        assert len(source) == 3 and source.left_out == {".txt": 2, "without suffix": 1}
        for _ in range(2):
            dataset.load([str(path)], 16, zoom=False, cache=str(tmp_path / "cache"))
        assert [record.getMessage() for record in caplog.records] == [f"{path}: 3 left out: 2 .txt, 1 without suffix"]
        caplog.clear()


# Tar


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_all_kinds_of_tar(tmp_path, mode, form):
    contents = TWO if form == tarfile.USTAR_FORMAT else {**TWO, "long/" * 60 + "c.png": encoded(2)}
    assert read(pack_tar(tmp_path / "a", contents, mode, format=form)) == (len(contents), [])


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_member_of_a_tar_that_is_too_large_is_skipped(tmp_path, mode):
    good, bad = read(pack_tar(tmp_path / "a.tar", {"bomb.png": BOMB, **TWO}, mode))
    assert good == 2 and len(bad) == 1 and "40 MB is over the limit of 32 MB" in bad[0]


def test_links_devices_and_sparse_files_of_a_tar(tmp_path):
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE):
            info = tarfile.TarInfo("a.png")
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        sparse = tarfile.TarInfo("s.png")
        sparse.pax_headers = {"GNU.sparse.size": "20000000000", "GNU.sparse.numblocks": "0", "GNU.sparse.map": "0,0"}
        archive.addfile(sparse)
        for name, data in TWO.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    good, bad = read(path)
    assert good == 2 and len(bad) == 1 and "sparse" in bad[0]
    assert archives.open_source(str(path), 16).left_out == {"link": 2, "pipe": 1, "device": 1}


def header(name: str, size: bytes, kind: bytes = b"0") -> bytes:
    """A header of a tar with any size in it."""
    block = bytearray(tarfile.TarInfo(name).tobuf())
    block[124:136] = size
    block[156:157] = kind
    block[148:156] = b"        "
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


NEGATIVE = b"\xff" * 10 + b"\xfe\0"  # -512
HUGE = b"77777777777\0"  # 8 GB


@pytest.mark.parametrize("kind", [b"0", b"L", b"x", b"g", b"S"])
@pytest.mark.parametrize("size", [NEGATIVE, b"\xff" * 12, HUGE, b"\x80" + b"\xff" * 11, b"garbage!!!!\0"])
@pytest.mark.parametrize("whole", [False, True])
def test_impossible_sizes_are_one_line_and_no_endless_circle(tmp_path, kind, size, whole):
    path = pack_tar(tmp_path / "a.tar", TWO)
    good = path.read_bytes().rstrip(b"\0")
    data = good + bytes(-len(good) % 512) + header("x.png", size, kind) + bytes(20_000)
    path.write_bytes(data)
    try:
        found = read(path)
    except MangastyleError as error:
        assert str(path) in str(error) and "\n" not in str(error)
    else:
        assert found[0] in (0, 2)


def test_a_header_of_gigabytes_is_not_taken_into_memory(tmp_path):
    packed = bz2.compress(header("x", b"20000000000\0", b"x")) + bz2.compress(bytes(2**28)) * 8  # 2 GB in some KB
    (tmp_path / "a.tar.bz2").write_bytes(packed)
    refused(tmp_path / "a.tar.bz2", "no intact .zip or .tar file, it is cut off or damaged")
    path = tmp_path / "b.tar.bz2"
    pack_tar(tmp_path / "b.tar", TWO)
    start = (tmp_path / "b.tar").read_bytes()[: 2 * 512 + 2 * 1024]
    path.write_bytes(bz2.compress(start[: 512 + (len(TWO["a.png"]) + 511) // 512 * 512]) + packed)
    refused(path, "damaged archive .a header of impossible size")


def test_a_damaged_header_is_not_taken_for_the_end(tmp_path):
    path = pack_tar(tmp_path / "a.tar", {**TWO, "c.png": encoded(2)})
    data = bytearray(path.read_bytes())
    data[data.index(b"b.png")] ^= 1
    path.write_bytes(data)
    refused(path, "damaged archive .a damaged header at byte")


def test_an_archive_that_unpacks_to_far_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(members, "UNPACKED", 10_000_000)
    for path in (
        pack_tar(tmp_path / "a.tar.xz", {**TWO, "zeros.txt": BOMB}, "w:xz"),
        pack_zip(tmp_path / "a.zip", {**TWO, "zeros.png": BOMB[:20_000_000]}),
    ):
        refused(path, r"unpacks to more than 0.0 GB; unpack it yourself, and name the folder")
    assert read(pack_tar(tmp_path / "b.tar", {**TWO, "zeros.txt": BOMB}, "w"))[0] == 2  # as large on the disk


def test_a_dictionary_of_gigabytes_is_no_traceback(tmp_path):
    path = pack_tar(tmp_path / "a.tar.xz", TWO, "w:xz", preset=0)
    data = bytearray(path.read_bytes())
    at = data.index(b"\x21\x01", 12)  # LZMA2 and the size of its properties
    data[at + 2] = 40  # 4 GB
    size = (data[12] + 1) * 4
    data[12 + size - 4 : 12 + size] = struct.pack("<L", zlib.crc32(data[12 : 12 + size - 4]))
    path.write_bytes(data)
    try:
        assert read(path)[0] == 2
    except MangastyleError as error:
        assert str(path) in str(error)


# What else people name


@pytest.mark.parametrize(
    ("start", "kind"), [(b"7z\xbc\xaf\x27\x1c\0\4", "a 7z"), (b"Rar!\x1a\x07\1\0", "a RAR"), (b"\x28\xb5\x2f\xfd\0\0", "a Zstandard")]
)
def test_other_archives_are_named(tmp_path, start, kind):
    (tmp_path / "a.tar.zst").write_bytes(start + bytes(1000))
    refused(tmp_path / "a.tar.zst", f"is {kind} archive, which is not read; unpack it")


def test_a_comic_book_is_a_zip_and_a_tar_that_ends_with_a_zip_is_a_tar(tmp_path):
    assert read(pack_zip(tmp_path / "a.cbz", TWO)) == (2, [])
    inner = pack_zip(tmp_path / "z.zip", {"c.png": encoded(3)}, zipfile.ZIP_STORED).read_bytes()
    assert read(pack_tar(tmp_path / "a.tar", {**TWO, "z.zip": inner})) == (2, [])


@pytest.mark.posix
def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.zip")
    with pytest.raises(MangastyleError, match="a.zip: is a pipe or a device"):
        archives.check([str(tmp_path / "a.zip")])


def sparse(path: Path, size: int) -> Path:
    with open(path, "wb") as file:
        file.truncate(size)
    return path


def test_sparse_files_take_no_time(tmp_path, monkeypatch):
    monkeypatch.setattr(hashlib, "sha256", lambda: pytest.fail("nothing may be hashed"))
    folder = tmp_path / "pictures"
    folder.mkdir()
    sparse(folder / "hole.png", 10**11)
    source = archives.open_source(str(folder), 16)
    source.identify(hashlib.blake2b())
    ((_, reader),) = source
    with pytest.raises(MangastyleError, match="hole.png: .* is over the limit"):
        reader()
    path = pack_tar(tmp_path / "a.tar", TWO)
    info = tarfile.TarInfo("hole.png")
    info.size = 10**11
    data = path.read_bytes().rstrip(b"\0")
    path.write_bytes(data + bytes(-len(data) % 512) + info.tobuf(tarfile.GNU_FORMAT))
    with open(path, "r+b") as file:
        file.truncate(path.stat().st_size + 10**11 + 1024)
    good, bad = read(path)
    assert good == 2 and len(bad) == 1 and "100000 MB is over the limit" in bad[0]


def test_an_archive_is_known_again_by_its_pictures(tmp_path):
    def identity(path: Path) -> str:
        key = hashlib.blake2b()
        archives.open_source(str(path), 16, LIMIT).identify(key)
        return key.hexdigest()

    for pack in (pack_zip, functools.partial(pack_tar, mode="w:gz")):
        path = tmp_path / "archive"
        before = identity(pack(path, TWO))
        assert identity(pack(path, TWO)) == before
        assert identity(pack(path, {"a.png": encoded(0), "b.png": encoded(2)})) != before
        assert identity(pack(path, {"a.png": encoded(0), "c.png": encoded(1)})) != before
    path = pack_zip(tmp_path / "a.zip", TWO, zipfile.ZIP_STORED)
    before, data = identity(path), bytearray(path.read_bytes())
    data[data.index(b"IDAT") + 20] ^= 1  # the list of members stays
    path.write_bytes(data)
    assert identity(path) != before


def test_the_last_bytes_of_a_member_belong_to_its_identity(tmp_path):
    name = "x" * 300 + ".png"
    path = pack_zip(tmp_path / "a.zip", {name: encoded(0), "b.png": encoded(1)}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    found = []
    for place in (0, 1):
        data[data.index(b"IEND") + 4] ^= place
        path.write_bytes(data)
        key = hashlib.blake2b()
        archives.open_source(str(path), 16).identify(key)
        found.append(key.hexdigest())
    assert found[0] != found[1]


def test_large_members_wait_on_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(members, "IN_MEMORY", 10)
    for path in (pack_zip(tmp_path / "a.zip", TWO), pack_tar(tmp_path / "a.tar.gz", TWO, "w:gz")):
        assert read(path) == (2, [])


def test_lzma_alone(tmp_path):
    path = pack_tar(tmp_path / "a.tar", TWO)
    (tmp_path / "a.tar.lzma").write_bytes(lzma.compress(path.read_bytes(), lzma.FORMAT_ALONE))
    assert read(tmp_path / "a.tar.lzma") == (2, [])


def test_a_folder_without_a_picture_and_an_archive_without_one(tmp_path):
    with pytest.raises(MangastyleError, match="0 usable pictures"):
        dataset.load([str(pack_zip(tmp_path / "a.zip", {"notes.txt": b""}))], 16, zoom=False, cache=str(tmp_path / "c"))
    assert tars.is_tar(pack_tar(tmp_path / "a.tar", TWO)) and images.MAX_PIXELS == 100_000_000
