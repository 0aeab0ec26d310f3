"""Contact sheets: where each picture and each caption lies."""

from __future__ import annotations

import numpy as np

from mangastyle.io import sheets


def test_grid():
    tiles = [np.full((2, 3, 3), value, np.uint8) for value in (10, 20, 30)]
    sheet = sheets.grid([*tiles[:2], tiles[2][..., 0]], columns=2, gap=1)
    assert sheet.shape == (5, 7, 3)
    assert sheet[0, 0, 0] == 10 and sheet[0, 4, 0] == 20 and sheet[3, 0].tolist() == [30, 30, 30]
    assert (sheet[2] == 255).all() and (sheet[:, 3] == 255).all() and (sheet[3:, 4:] == 255).all()


def test_a_caption_lies_below_its_picture_and_leaves_it_as_it_is():
    picture = np.random.default_rng(0).integers(0, 100, (90, 70, 3), np.uint8)
    tile, empty = sheets.captioned(picture, "sketch"), sheets.captioned(picture, "")
    assert tile.shape == empty.shape and np.array_equal(tile[3:93, 3:73], picture)
    below = slice(93, None)
    assert (empty[below] == 255).all() and tile[below].min() < 100 and (tile[:3] == 255).all()
    ink = np.nonzero(tile[below].min((0, 2)) < 128)[0]
    assert abs(ink.mean() - tile.shape[1] / 2) < 3  # centered


def test_a_long_caption_is_not_cut_off():
    """White is left at both sides."""
    picture = np.full((554, 384, 3), 90, np.uint8)
    for text in ("stylized (one pass and slim VGG-19)", "W" * 30):
        tile = sheets.captioned(picture, text)
        ink = np.nonzero(tile[-40:].min((0, 2)) < 128)[0]
        assert 0 < ink.min() and ink.max() < tile.shape[1] - 1 and np.ptp(ink) > 0.8 * tile.shape[1]
