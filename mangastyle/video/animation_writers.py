"""Animated pictures: WebP, PNG and GIF, written frame by frame. Of each only the rectangle that differs from the one before is encoded."""

from __future__ import annotations

import contextlib
import io
import struct
import zlib
from fractions import Fraction
from pathlib import Path
from typing import Iterator

import cv2
import numpy as np
from PIL import Image

from mangastyle.errors import MangastyleError
from mangastyle.video.writer import Given, Writer

FLAT = 4096  # distinct colors of a drawing's first frame; a clip that begins with more is a painting, which lossless WebP makes large
SAMPLE = 1 << 16  # pixels among which they are counted
QUALITY = 92  # of WebP, where it is not lossless
LARGEST = {"webp": 16383, "apng": 65535, "gif": 65535}  # pixels a side
MOST_BYTES = 2**32 - 64  # of a WebP file
FASTEST = 50  # frames per second of a GIF: its times are hundredths of seconds, and browsers show one such for ten
COLORS = 255  # of a GIF's frame, beside the one that is transparent
OPAQUE = 128  # least opacity, of 255, of what a GIF shows

Rectangle = tuple[int, int, int, int]  # x, y, width, height


class AnimationWriter(Writer):
    """Writes an animated picture; see its subclasses.

    Frames are kept on the pixel grid of the rectangle that changed; times are rounded so that their errors do not add up.
    """

    kind = ""
    unit = 1000  # of these, times are counted in a second
    step = 1  # pixels on whose multiples rectangles begin

    @contextlib.contextmanager
    def _encoding(self, target: Path) -> Iterator[None]:
        if max(self.height, self.width) > LARGEST[self.kind]:
            raise MangastyleError(
                f"{self.path}: {self.width}x{self.height} pixels; this format holds at most {LARGEST[self.kind]} a side; name a folder"
            )
        self._before: np.ndarray | None = None
        with open(target, "wb") as self._file:
            self._begin()
            yield

    def _add(self, frame: Given) -> None:
        pixels = frame.rgb
        if self.alpha:
            alpha = np.full(pixels.shape[:2], 255, np.uint8) if frame.alpha is None else frame.alpha
            pixels = np.dstack([straight(pixels, alpha), alpha])
        x, y, width, height = self._rectangle(pixels)
        duration = max(1, self._ticks(frame.end) - self._ticks(frame.start))
        self._put(np.ascontiguousarray(pixels[y : y + height, x : x + width]), x, y, duration)
        self._before = pixels

    def _ticks(self, time: Fraction) -> int:
        return round(time * self.unit)

    def _rectangle(self, pixels: np.ndarray) -> Rectangle:
        """What differs from the frame before; the least rectangle if nothing does, for each frame has its own time."""
        height, width = pixels.shape[:2]
        if self._before is None:
            return 0, 0, width, height
        changed = (pixels != self._before).any(-1)
        rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
        if not rows.size:
            return 0, 0, min(2, width), min(2, height)
        x, y = int(columns[0]) // self.step * self.step, int(rows[0]) // self.step * self.step
        return x, y, int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y

    def _begin(self) -> None:
        """Write the head."""
        raise NotImplementedError

    def _put(self, pixels: np.ndarray, x: int, y: int, duration: int) -> None:
        """Write a rectangle, uint8 (h', w', 3 or 4), that is shown for `duration` units."""
        raise NotImplementedError

    def _mend(self, place: int, data: bytes) -> None:
        """Write over what the head did not know."""
        self._file.seek(place)
        self._file.write(data)
        self._file.seek(0, 2)


class WebpWriter(AnimationWriter):
    """Animated WebP (RFC 9649): exact colors for drawings, quality 92 for paintings; milliseconds, opacity."""

    kind = "webp"
    step = 2

    def _begin(self) -> None:
        flags = 0x12 if self.alpha else 0x02  # animated, with opacity
        head = struct.pack("<I", flags) + _three(self.width - 1) + _three(self.height - 1)
        self._file.write(b"RIFF\0\0\0\0WEBP" + _webp_chunk(b"VP8X", head) + _webp_chunk(b"ANIM", struct.pack("<IH", 0, 0)))
        self._lossless: bool | None = None

    def _put(self, pixels: np.ndarray, x: int, y: int, duration: int) -> None:
        if self._lossless is None:
            self._lossless = _is_flat(pixels)
        whole = self._lossless or pixels.shape[:2] == (min(2, self.height), min(2, self.width))
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, "WEBP", lossless=whole, quality=70 if whole else QUALITY, method=3, exact=True)
        height, width = pixels.shape[:2]
        head = _three(x // 2) + _three(y // 2) + _three(width - 1) + _three(height - 1) + _three(min(duration, 2**24 - 1)) + b"\2"
        self._file.write(_webp_chunk(b"ANMF", head + _webp_pixels(stream.getvalue())))  # it replaces what was there, and stays
        if self._file.tell() > MOST_BYTES:
            raise MangastyleError(f"{self.path}: larger than 4 GB, which is the most that WebP holds; name a .webm, or a folder of frames")

    def _finish(self) -> None:
        self._mend(4, struct.pack("<I", self._file.tell() - 8))


class ApngWriter(AnimationWriter):
    """Animated PNG (PNG specification, third edition): exact colors, milliseconds, opacity."""

    kind = "apng"

    def _begin(self) -> None:
        head = struct.pack(">IIBBBBB", self.width, self.height, 8, 6 if self.alpha else 2, 0, 0, 0)
        self._file.write(b"\x89PNG\r\n\x1a\n" + _png_chunk(b"IHDR", head))
        self._place = self._file.tell()
        self._file.write(_png_chunk(b"acTL", struct.pack(">II", 0, 0)))
        self._sequence = 0

    def _put(self, pixels: np.ndarray, x: int, y: int, duration: int) -> None:
        unit = self.unit
        while duration > 0xFFFF:
            duration, unit = duration // 10, max(1, unit // 10)
        height, width = pixels.shape[:2]
        control = struct.pack(
            ">IIIIIHHBB", self._next(), width, height, x, y, duration, unit, 0, 0
        )  # it replaces what was there, and stays
        self._file.write(_png_chunk(b"fcTL", control))
        data = _png_pixels(pixels)
        first = self._before is None
        self._file.write(_png_chunk(b"IDAT", data) if first else _png_chunk(b"fdAT", struct.pack(">I", self._next()) + data))

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence - 1

    def _finish(self) -> None:
        self._file.write(_png_chunk(b"IEND", b""))
        self._mend(self._place, _png_chunk(b"acTL", struct.pack(">II", self.count, 0)))


class GifWriter(AnimationWriter):
    """Animated GIF (GIF89a): 255 colors of its own for each frame, without dithering, which would flicker; hundredths of seconds."""

    kind = "gif"
    unit = 100

    def _begin(self) -> None:
        if self.rate > FASTEST:
            self._remark(f"browsers show no more than {FASTEST} frames per second of a GIF; name a .webp")
        self._file.write(b"GIF89a" + struct.pack("<HHBBB", self.width, self.height, 0x70, 0, 0))
        self._file.write(b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0")  # shown again and again

    def _rectangle(self, pixels: np.ndarray) -> Rectangle:
        return (0, 0, self.width, self.height) if self.alpha else super()._rectangle(pixels)

    def _put(self, pixels: np.ndarray, x: int, y: int, duration: int) -> None:
        indices = Image.fromarray(pixels[..., :3]).quantize(COLORS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        flags = 0x04  # it stays
        if self.alpha:
            flags = 0x09  # the place is cleared afterwards, and one color is transparent
            table = np.where(pixels[..., 3] >= OPAQUE, np.asarray(indices), COLORS).astype(np.uint8)
            palette = indices.getpalette() or []
            indices = Image.fromarray(table, "P")
            indices.putpalette([*palette[: 3 * COLORS], *[0] * (3 * (COLORS + 1) - min(len(palette), 3 * COLORS))])
        colors, data = _gif_pixels(indices)
        height, width = pixels.shape[:2]
        control = struct.pack("<BBBBHBB", 0x21, 0xF9, 4, flags, min(duration, 0xFFFF), COLORS, 0)
        place = struct.pack("<BHHHHB", 0x2C, x, y, width, height, 0x80 | (len(colors) // 3).bit_length() - 2)
        self._file.write(control + place + colors + data)

    def _finish(self) -> None:
        self._file.write(b";")


def _is_flat(pixels: np.ndarray) -> bool:
    """Whether a frame has the few colors of a drawing."""
    step = max(1, int((pixels.shape[0] * pixels.shape[1] / SAMPLE) ** 0.5))
    sample = pixels[::step, ::step, :3].reshape(-1, 3).astype(np.uint32)
    return len(np.unique(sample @ np.array([1 << 16, 1 << 8, 1], np.uint32))) <= FLAT


def straight(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The colors that give a picture on white at some opacity.

    Parameters
    ----------
    rgb : ndarray of uint8, shape (h, w, 3)
        The picture on white; its channels may have any order.
    alpha : ndarray of uint8, shape (h, w)

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)

    Examples
    --------
    >>> straight(np.uint8([[[255, 204, 204], [9, 9, 9]]]), np.uint8([[51, 255]])).tolist()
    [[[255, 0, 0], [9, 9, 9]]]
    """
    if alpha.min() == 255:
        return rgb
    opacity = np.maximum(alpha, 1)[..., None].astype(np.float32) / 255
    return np.clip(np.rint(255 - (255 - rgb.astype(np.float32)) / opacity), 0, 255).astype(np.uint8)


def _three(number: int) -> bytes:
    """A number in three bytes."""
    return number.to_bytes(3, "little")


def _webp_chunk(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _webp_pixels(data: bytes) -> bytes:
    """The chunks of a WebP file that hold pixels and opacity."""
    place, parts = 12, []
    while place + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, place)
        end = place + 8 + length + length % 2
        if kind in (b"VP8 ", b"VP8L", b"ALPH"):
            parts.append(data[place:end])
        place = end
    return b"".join(parts)


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png_pixels(pixels: np.ndarray) -> bytes:
    """What the chunks IDAT of a PNG of a picture hold."""
    code = cv2.COLOR_RGB2BGR if pixels.shape[2] == 3 else cv2.COLOR_RGBA2BGRA
    data = cv2.imencode(".png", cv2.cvtColor(pixels, code), [cv2.IMWRITE_PNG_COMPRESSION, 6])[1].tobytes()
    place, parts = 8, []
    while place + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        if kind == b"IDAT":
            parts.append(data[place + 8 : place + 8 + length])
        place += 12 + length
    return b"".join(parts)


def _gif_pixels(indices: Image.Image) -> tuple[bytes, bytes]:
    """The table of colors, and the compressed pixels, of a GIF of a picture of mode P."""
    stream = io.BytesIO()
    indices.save(stream, "GIF", interlace=False, optimize=False)
    data = stream.getvalue()
    count = 2 << (data[10] & 7)
    colors, place = data[13 : 13 + 3 * count], 13 + 3 * count
    while data[place] == 0x21:  # extensions: a label, and blocks that begin with their lengths
        place += 2
        while data[place]:
            place += 1 + data[place]
        place += 1
    return colors, data[place + 10 :].removesuffix(b";")
