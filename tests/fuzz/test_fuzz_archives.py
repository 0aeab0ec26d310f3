"""Archives with anything done to their bytes: pictures, one line about a member, or one line about the archive."""

from __future__ import annotations

import hashlib
import io
import tarfile
import time
import zipfile

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mangastyle.data import archives
from mangastyle.errors import MangastyleError

SECONDS = 20
LIMIT = 10_000  # pixels


def encoded(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.arange(9 * 10 * 3, dtype=np.uint8).reshape(9, 10, 3)).save(buffer, kind)
    return buffer.getvalue()


CONTENTS = {"a.png": encoded("PNG"), "b/c.jpg": encoded("JPEG"), "notes.txt": b"x", "d" * 120 + ".bmp": encoded("BMP")}


def zipped(compression: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in CONTENTS.items():
            archive.writestr(zipfile.ZipInfo(name), data, compression)
    return buffer.getvalue()


def tarred(mode: str, form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode, format=form) as archive:  # type: ignore[call-overload]
        for name, data in CONTENTS.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


SEEDS = {
    "stored": zipped(zipfile.ZIP_STORED), "deflated": zipped(zipfile.ZIP_DEFLATED), "bzip2": zipped(zipfile.ZIP_BZIP2),
    "lzma": zipped(zipfile.ZIP_LZMA), "tar": tarred("w"), "tar-gnu": tarred("w", tarfile.GNU_FORMAT), "tar.gz": tarred("w:gz"),
    "tar.bz2": tarred("w:bz2"), "tar.xz": tarred("w:xz"),
}  # fmt: skip
ODD = [b"\xff" * 4, b"\xff" * 12, b"\0" * 8, b"PK\1\2", b"7" * 11]  # extreme numbers, and a signature in a wrong place
places = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.99, 1.0]))
changes = st.lists(
    st.tuples(places, st.one_of(st.binary(max_size=8), st.sampled_from(ODD)), st.integers(0, 12)),
    min_size=1, max_size=5,
)  # fmt: skip


@given(kind=st.sampled_from(sorted(SEEDS)), changes=changes, aligned=st.booleans())
def test_any_bytes(tmp_path_factory, kind, changes, aligned):
    data = bytearray(SEEDS[kind])
    for place, new, removed in changes:
        at = int(place * len(data))
        data[at : at + (len(new) if aligned else removed)] = new  # a change that moves nothing leaves more of the structure
    path = tmp_path_factory.getbasetemp() / "archive"
    path.write_bytes(data)
    start, said = time.perf_counter(), []
    try:
        source = archives.open_source(str(path), 16, LIMIT)
        source.identify(hashlib.blake2b())
        found = 0
        for name, read in source:
            assert "\n" not in name
            found += 1
            try:
                assert read().dtype == np.uint8
            except MangastyleError as error:
                said.append(str(error))
        assert found == len(source)
    except MangastyleError as error:
        said.append(str(error))
    assert all(str(path) in line and "\n" not in line for line in said)
    assert time.perf_counter() - start < SECONDS
