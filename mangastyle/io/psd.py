"""Writing Photoshop files (.psd) of 8 bits a channel: layers, groups, and the merged picture.

Numbers are big-endian. The file has five sections: header, color modes (none), resources (the resolution), layers, merged picture.

References
----------
Adobe Photoshop File Formats Specification, October 2013.
"""

from __future__ import annotations

import contextlib
import struct
from pathlib import Path
from typing import BinaryIO, Iterator, NamedTuple, Sequence

import numpy as np

from mangastyle.errors import MangastyleError
from mangastyle.io.files import atomic
from mangastyle.io.layer import RESOLUTION, Layer, Stack, check_stack, content_box
from mangastyle.io.packbits import pack_rows
from mangastyle.io.strips import strips

MAX_SIDE = 30_000  # pixels, and the most bytes of a file: readers refuse larger ones
MAX_BYTES = 2**31 - 1
CURE = "end the name in .ora"

BLEND_KEYS = {"normal": b"norm", "multiply": b"mul ", "screen": b"scrn"}
CHANNELS = (0, 1, 2, -1)  # red, green, blue, alpha: the order in which Pillow reads a layer's
RGB_MODE = 3
RAW, PACKBITS = 0, 1  # how channels are compressed
NO_OPERATION = b"\x80"  # a byte of PackBits that stands for nothing
HIDDEN, PLAIN, NO_PIXELS = 2, 8, 16  # flags of a layer; PLAIN says that NO_PIXELS has a meaning
CLOSED_GROUP, END_OF_GROUP = 2, 3  # kinds of section dividers
RESOLUTION_INFO = 1005  # number of that resource


class _Record(NamedTuple):
    """A layer as the file lists them. A group is a divider below its layers, and a record of its own above them."""

    name: str
    layer: Layer | None = None  # None for a divider
    divider: int = 0  # which kind; 0 for a layer
    visible: bool = True


def check_size(path: str | Path, height: int, width: int) -> None:
    """Check that a picture is not too large for this format.

    Parameters
    ----------
    path : str or Path
        The file, for the message.
    height, width : int
        Of the picture, in pixels.

    Raises
    ------
    MangastyleError
        If it is; it names a format that has no such limit.

    Examples
    --------
    >>> check_size("long.psd", 30_001, 4)
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: long.psd: this format holds at most 30000 pixels a side, not 30001x4; end the name in .ora
    """
    if max(height, width) > MAX_SIDE:
        raise MangastyleError(f"{path}: this format holds at most {MAX_SIDE} pixels a side, not {height}x{width}; {CURE}")


def write(path: str | Path, stack: Stack, merged: np.ndarray, alpha: np.ndarray | None = None, force: bool = False) -> None:
    """Write layers as a Photoshop file, atomically.

    Layers are cropped to what is on them. The merged picture holds `merged` and `alpha` as they are, not laid on white.

    Parameters
    ----------
    path, stack, merged, alpha, force
        As for `mangastyle.io.openraster.write`.

    Raises
    ------
    MangastyleError
        For layers that do not suit, a picture that is too large for the format, a file that exists, or a disk that refuses.

    Examples
    --------
    >>> import tempfile
    >>> from mangastyle.io import images
    >>> red = np.full((20, 30, 3), (255, 0, 0), np.uint8)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(Path(folder) / "a.psd", [Layer("Red", red)], red)
    ...     images.load(Path(folder) / "a.psd").rgb[0, 0].tolist()
    [255, 0, 0]
    """
    height, width = merged.shape[:2]
    check_size(path, height, width)
    check_stack(stack, height, width)
    planes = [merged[..., channel] for channel in range(3)] + ([] if alpha is None else [alpha])
    with atomic(path, force) as temporary, open(temporary, "wb") as file:
        file.write(struct.pack(">4sH6xHIIHH", b"8BPS", 1, len(planes), height, width, 8, RGB_MODE))
        file.write(struct.pack(">I", 0))
        with _length_before(file):
            side = (RESOLUTION << 16, 1, 1)  # a number with 16 bits behind the point, in pixels per inch, shown in inches
            file.write(struct.pack(">4sHHI", b"8BIM", RESOLUTION_INFO, 0, 16) + 2 * struct.pack(">IHH", *side))
        with _length_before(file):
            with _length_before(file):
                _write_layers(file, list(_records(stack)), merged_has_alpha=alpha is not None, path=path)
            file.write(struct.pack(">I", 0))  # no mask for all layers
        _write_planes(file, planes)
        _check_bytes(file, path)


@contextlib.contextmanager
def _length_before(file: BinaryIO) -> Iterator[None]:
    """A section with its length before it."""
    start = file.tell()
    file.write(struct.pack(">I", 0))
    yield
    end = file.tell()
    file.seek(start)
    file.write(struct.pack(">I", end - start - 4))
    file.seek(end)


def _records(stack: Stack) -> Iterator[_Record]:
    for item in stack:
        if isinstance(item, Layer):
            yield _Record(item.name, item, visible=item.visible)
        else:
            yield _Record("</Layer group>", divider=END_OF_GROUP)
            yield from _records(item.layers)
            yield _Record(item.name, divider=CLOSED_GROUP, visible=item.visible)


def _write_layers(file: BinaryIO, records: list[_Record], merged_has_alpha: bool, path: str | Path) -> None:
    """Write the records of all layers, then their pixels."""
    boxes = [content_box(record.layer) if record.layer else (0, 0, 0, 0) for record in records]
    file.write(struct.pack(">h", -len(records) if merged_has_alpha else len(records)))
    start, lengths = file.tell(), [[0] * len(CHANNELS) for _ in records]

    def write_records() -> None:
        for record, box, lengths_of_one in zip(records, boxes, lengths):
            file.write(_packed(record, box, lengths_of_one))

    write_records()  # the lengths of the pixels are not known yet
    for record, (top, left, bottom, right), lengths_of_one in zip(records, boxes, lengths):
        for i in range(len(CHANNELS)):
            begin = file.tell()
            plane = _plane(record.layer, i)[top:bottom, left:right] if record.layer and bottom else np.empty((0, 0), np.uint8)
            _write_planes(file, [plane])
            lengths_of_one[i] = file.tell() - begin
            _check_bytes(file, path)
    end = file.tell()
    file.seek(start)
    write_records()
    file.seek(end)
    file.write(bytes(end % 2))


def _plane(layer: Layer, i: int) -> np.ndarray:
    """One of the channels of a layer, in the order of CHANNELS: (h, w)."""
    if i < 3:
        return layer.rgb[..., i]
    return np.broadcast_to(np.uint8(255), layer.rgb.shape[:2]) if layer.alpha is None else layer.alpha


def _packed(record: _Record, box: tuple[int, int, int, int], lengths: Sequence[int]) -> bytes:
    """The record of a layer, whose size does not depend on the lengths of its channels."""
    layer = record.layer
    opacity = round(255 * layer.opacity) if layer else 255
    flags = PLAIN | (0 if record.visible else HIDDEN) | (0 if layer else NO_PIXELS)
    mode = BLEND_KEYS[layer.mode if layer else "normal"]
    name = record.name.encode("mac_roman", "replace")[:255]
    short = bytes([len(name)]) + name  # for programs that do not know 'luni'
    extra = struct.pack(">II", 0, 0) + _padded(short)  # no mask, no blending ranges
    wide = record.name.encode("utf-16-be")
    extra += _tagged(b"luni", struct.pack(">I", len(wide) // 2) + wide)
    if record.divider:
        extra += _tagged(b"lsct", struct.pack(">I4s4s", record.divider, b"8BIM", mode))
    channels = b"".join(struct.pack(">hI", channel, length) for channel, length in zip(CHANNELS, lengths))
    head = struct.pack(">4iH", *box, len(CHANNELS)) + channels
    return head + struct.pack(">4s4sBBBxI", b"8BIM", mode, opacity, 0, flags, len(extra)) + extra


def _tagged(key: bytes, data: bytes) -> bytes:
    """A further piece of information about a layer."""
    data = _padded(data)
    return b"8BIM" + key + struct.pack(">I", len(data)) + data


def _padded(data: bytes) -> bytes:
    """Bytes up to a multiple of four."""
    return data + bytes(-len(data) % 4)


def _write_planes(file: BinaryIO, planes: Sequence[np.ndarray]) -> None:
    """Write channels (h, w) as PackBits: how many bytes each row has, for all channels, then the rows."""
    height, width = planes[0].shape
    if not planes[0].size:
        file.write(struct.pack(">H", RAW))
        return
    file.write(struct.pack(">H", PACKBITS))
    start, counts = file.tell(), []
    file.write(bytes(2 * len(planes) * height))
    for plane in planes:
        for rows in strips(height, width):
            data, count = pack_rows(plane[rows])
            file.write(data)
            counts.append(count)
        if file.tell() % 2:  # some readers look for the next channel at even places, others right behind the last row
            file.write(NO_OPERATION)
            counts[-1][-1] += 1
    end = file.tell()
    file.seek(start)
    file.write(np.concatenate(counts).astype(">u2").tobytes())
    file.seek(end)


def _check_bytes(file: BinaryIO, path: str | Path) -> None:
    """Refuse to go on beyond the size that readers take."""
    if file.tell() > MAX_BYTES:
        raise MangastyleError(f"{path}: this format holds at most {MAX_BYTES / 1e9:.0f} GB, and the layers take more; {CURE}")
