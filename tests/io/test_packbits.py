"""PackBits: unpacked byte by byte, it is what it was; it never grows beyond its bound."""

from __future__ import annotations

import numpy as np
import pytest

from mangastyle.io.packbits import pack_rows


def unpacked(data: bytes) -> list[int]:
    """TIFF 6.0, section 9: the decoder, in its own words."""
    found, i = [], 0
    while i < len(data):
        header = data[i] if data[i] < 128 else data[i] - 256
        if header >= 0:
            found += data[i + 1 : i + 2 + header]
            i += 2 + header
        else:
            assert header != -128, "a header that decoders pass over"
            found += [data[i + 1]] * (1 - header)
            i += 2
    return found


def check(rows: np.ndarray) -> list[bytes]:
    data, counts = pack_rows(rows)
    assert len(counts) == len(rows) and counts.sum() == len(data)
    packed = [data[end - count : end] for end, count in zip(np.cumsum(counts), counts)]
    assert [unpacked(row) for row in packed] == rows.tolist()
    assert counts.max() <= rows.shape[1] + -(-rows.shape[1] // 128)
    return packed


@pytest.mark.parametrize("width", [1, 2, 3, 4, 127, 128, 129, 130, 131, 255, 256, 257, 259, 700])
@pytest.mark.parametrize("most", [1, 2, 4, 256])
def test_rows_of_every_kind_come_back(width, most):
    random = np.random.default_rng(width * most)
    check(random.integers(0, most, (5, width), np.uint8))
    for run in (2, 3, 127, 128, 129, 130):
        check(np.repeat(random.integers(0, 256, (3, width // run + 1), np.uint8), run, 1)[:, :width])


def test_a_row_never_goes_on_in_the_next():
    assert check(np.full((3, 5), 9, np.uint8)) == [bytes([252, 9])] * 3
    assert check(np.arange(6, dtype=np.uint8).reshape(2, 3)) == [bytes([2, 0, 1, 2]), bytes([2, 3, 4, 5])]


def test_even_areas_take_two_bytes_for_each_128():
    assert check(np.full((1, 1280), 9, np.uint8)) == [bytes([129, 9] * 10)]


def test_rows_need_not_be_contiguous():
    rgb = np.random.default_rng(0).integers(0, 2, (6, 40, 3), np.uint8)
    assert check(rgb[1:5, ::2, 1]) == check(rgb[1:5, ::2, 1].copy())
    check(np.broadcast_to(np.uint8(7), (4, 200)))
