"""Picture files packed by hand, and color profiles: what tests of decoding read, independent of what writes pictures elsewhere."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"

# Chromaticities (x, y) of red, green, blue; all with the white D65.
SRGB = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
DISPLAY_P3 = ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06))
ADOBE_RGB = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
WHITE = (0.3127, 0.3290)
D50 = np.array([0.9642, 1.0, 0.8249])
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def encode(image: Image.Image, form: str = "PNG", **options) -> bytes:
    """A picture as Pillow writes it."""
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def chunk(kind: bytes, data: bytes, crc: int | None = None) -> bytes:
    """A PNG chunk, with its own or another checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data) if crc is None else crc)


def samples_to_bytes(samples: np.ndarray, depth: int) -> list[bytes]:
    """The rows of samples, (h, w, channels), as packed bytes, most significant bit first."""
    if depth == 16:
        return [row.astype(">u2").tobytes() for row in samples]
    bits = np.unpackbits(samples.astype(np.uint8)[..., None], axis=-1)[..., 8 - depth :]
    return [np.packbits(row.ravel()).tobytes() for row in bits]


def png(samples: np.ndarray, depth: int, color: int, *before: bytes, after: bytes = b"") -> bytes:
    """A PNG of samples (h, w, channels), with chunks before and behind its pixels."""
    height, width = samples.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    rows = b"".join(b"\0" + row for row in samples_to_bytes(samples, depth))
    return SIGNATURE + chunk(b"IHDR", header) + b"".join(before) + chunk(b"IDAT", zlib.compress(rows)) + after + chunk(b"IEND", b"")


def tiff(samples: np.ndarray, bits: int, order: str = "<", **tags: int | tuple[int, ...]) -> bytes:
    """An uncompressed TIFF of samples (h, w, channels); tags by number, as ``t262=0``."""
    height, width, channels = samples.shape
    dtype = np.dtype(samples.dtype).newbyteorder(order)
    rows = samples.astype(dtype).tobytes() if bits >= 8 else b"".join(samples_to_bytes(samples, bits))
    values: dict[int, tuple[int, ...]] = {
        256: (width,), 257: (height,), 258: (bits,) * channels, 259: (1,), 262: (1,), 273: (8,), 277: (channels,), 278: (height,),
        279: (len(rows),),
    }  # fmt: skip
    values |= {int(name[1:]): value if isinstance(value, tuple) else (value,) for name, value in tags.items()}
    place = 8 + len(rows) + len(rows) % 2
    entries, behind = b"", b""
    end = place + 2 + 12 * len(values) + 4
    for tag in sorted(values):
        kind, form = (4, "L") if max(values[tag]) > 65535 else (3, "H")
        data = struct.pack(f"{order}{len(values[tag])}{form}", *values[tag])
        if len(data) > 4:
            data, behind = struct.pack(order + "L", end + len(behind)), behind + data
        entries += struct.pack(order + "HHL", tag, kind, len(values[tag])) + data.ljust(4, b"\0")
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "L", place)
    return start + rows + b"\0" * (len(rows) % 2) + struct.pack(order + "H", len(values)) + entries + b"\0\0\0\0" + behind


def to_d50(primaries) -> np.ndarray:
    """Linear RGB of these primaries to XYZ relative to D50, as profiles have it, (3, 3)."""

    def xyz(place):
        return np.array([place[0] / place[1], 1, (1 - place[0] - place[1]) / place[1]])

    columns = np.stack([xyz(place) for place in primaries], 1)
    to_xyz = columns * np.linalg.solve(columns, xyz(WHITE))
    gains = (BRADFORD @ D50) / (BRADFORD @ xyz(WHITE))
    return np.linalg.inv(BRADFORD) @ np.diag(gains) @ BRADFORD @ to_xyz


def profile(primaries=None, gamma: float = 2.2) -> bytes:
    """An ICC profile, version 2, of primaries and a gamma; of gray if there are no primaries."""

    def fixed(values) -> bytes:
        return b"".join(struct.pack(">i", round(float(v) * 65536)) for v in values)

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    text = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + b"\0" * 78
    tags = [(b"desc", text + b"\0" * (-len(text) % 4)), (b"wtpt", b"XYZ \0\0\0\0" + fixed(D50)), (b"cprt", b"text\0\0\0\0free")]
    if primaries is None:
        tags.append((b"kTRC", curve))
    else:
        matrix = to_d50(primaries)
        tags += [(bytes([c]) + b"XYZ", b"XYZ \0\0\0\0" + fixed(matrix[:, i])) for i, c in enumerate(b"rgb")]
        tags += [(bytes([c]) + b"TRC", curve) for c in b"rgb"]
    table, data, place = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for name, value in tags:
        table += name + struct.pack(">II", place + len(data), len(value))
        data += value
    space = b"RGB " if primaries else b"GRAY"
    header = struct.pack(">I", place + len(data)) + b"none" + b"\x02\x40\0\0" + b"mntr" + space + b"XYZ " + b"\0" * 12 + b"acsp"
    return header.ljust(68, b"\0") + fixed(D50).ljust(60, b"\0") + table + data


def in_srgb(levels: np.ndarray, primaries=None, gamma: float = 2.2) -> np.ndarray:
    """What the levels, (..., 3) or (...) of gray, of such a profile are in sRGB, from 0 to 255, unrounded."""
    light = (levels / 255.0) ** gamma
    if primaries is not None:
        light = np.clip(light @ (np.linalg.inv(to_d50(SRGB)) @ to_d50(primaries)).T, 0, 1)
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)
