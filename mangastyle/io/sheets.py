"""Contact sheets: pictures in a grid, pictures with captions."""

from __future__ import annotations

import math
from typing import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont


def grid(pictures: Sequence[np.ndarray], columns: int, gap: int = 0) -> np.ndarray:
    """Lay pictures out in rows on white paper.

    Parameters
    ----------
    pictures : sequence of ndarray of uint8, shape (h, w, 3) or (h, w)
        At least one; all of one height and width.
    columns : int
        Pictures in a row.
    gap : int
        White pixels between them.

    Returns
    -------
    ndarray of uint8, shape (rows * (h + gap) - gap, columns * (w + gap) - gap, 3)
        The sheet.

    Examples
    --------
    >>> grid([np.zeros((8, 10, 3), np.uint8)] * 3, columns=2, gap=1).shape
    (17, 21, 3)
    """
    height, width = pictures[0].shape[:2]
    rows = math.ceil(len(pictures) / columns)
    sheet = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, 3), 255, np.uint8)
    for i, picture in enumerate(pictures):
        y, x = divmod(i, columns)
        y, x = y * (height + gap), x * (width + gap)
        sheet[y : y + height, x : x + width] = picture if picture.ndim == 3 else picture[..., None]
    return sheet


def captioned(picture: np.ndarray, text: str) -> np.ndarray:
    """A picture on white paper with a line of text below it: a tile for a sheet.

    Parameters
    ----------
    picture : ndarray of uint8, shape (h, w, 3)
        The picture.
    text : str
        The caption, centered; in smaller letters where it is too long.

    Returns
    -------
    ndarray of uint8, shape (h', w', 3)
        The tile. Pictures of one size make tiles of one size.

    Examples
    --------
    >>> captioned(np.zeros((80, 60, 3), np.uint8), "sketch").shape
    (100, 66, 3)
    """
    height, width = picture.shape[:2]
    margin, caption = max(6, min(height, 2 * width) // 40), max(14, min(height, 2 * width) // 14)  # also of tall strips
    tile = Image.new("RGB", (width + margin, height + caption + margin), "white")
    tile.paste(Image.fromarray(picture), (margin // 2, margin // 2))
    size = max(10, caption * 2 // 3)
    fitting = size * tile.width / max(1.0, ImageFont.load_default(size=size).getlength(text) + margin)
    font = ImageFont.load_default(size=max(6.0, min(size, fitting)))
    middle = (tile.width // 2, height + margin // 2 + caption // 2)
    ImageDraw.Draw(tile).text(middle, text, fill="black", font=font, anchor="mm")
    return np.asarray(tile)
