"""What every stylization method does to pictures before the networks: checks, sizes, colors."""

from __future__ import annotations

import contextlib
import logging
from typing import Iterator, Sequence

import numpy as np

from mangastyle.engine import tf
from mangastyle.errors import MangastyleError
from mangastyle.ops import pixels
from mangastyle.style import color
from mangastyle.style.look import LookSettings
from mangastyle.vgg.spec import MIN_SIDE


@contextlib.contextmanager
def within_memory() -> Iterator[None]:
    """Turn running out of memory into a `MangastyleError`."""
    try:
        yield
    except (tf.errors.ResourceExhaustedError, MemoryError) as error:
        raise MangastyleError("not enough memory for pictures this large; choose a smaller `size` or `style_scale`") from error


def size_of(content: np.ndarray, settings: LookSettings, max_pixels: int) -> tuple[int, int]:
    """The size of the result for a content.

    Parameters
    ----------
    content : ndarray of uint8, shape (h, w, 3)
    settings : LookSettings
        Its `size` counts.
    max_pixels : int
        The most that a result may have.

    Returns
    -------
    height, width : int

    Raises
    ------
    MangastyleError
        For a result that would be too large.

    Examples
    --------
    >>> size_of(np.zeros((50, 80, 3), np.uint8), LookSettings(size=100), 10**6)
    (100, 160)
    """
    height, width = content.shape[:2]
    if settings.size:
        height, width = pixels.fit_enlarged(height, width, settings.size)
    if height * width > max_pixels:
        raise MangastyleError(
            f"`size`: would paint {width}x{height} pixels, over the limit of {max_pixels / 1e6:g} megapixels; "
            "make it smaller, or raise `max_pixels`"
        )
    return height, width


def remark_on_size(content: np.ndarray, settings: LookSettings) -> None:
    """Tell the user where a content is not enlarged to the whole `size`.

    Parameters
    ----------
    content : ndarray of uint8, shape (h, w, 3)
    settings : LookSettings
        Its `size` counts.
    """
    height, width = content.shape[:2]
    painted = pixels.fit_enlarged(height, width, settings.size) if settings.size else (height, width)
    if settings.size and min(painted) < settings.size:
        logging.getLogger("mangastyle").warning(
            f"a picture of {width}x{height} pixels, which is long and narrow, is painted at {painted[1]}x{painted[0]}, "
            f"not at a short side of {settings.size}; a larger size enlarges it more"
        )


def recolored(styles: Sequence[np.ndarray], content: np.ndarray, settings: LookSettings) -> Sequence[np.ndarray]:
    """The paintings in the colors that are to be copied.

    Parameters
    ----------
    styles : sequence of ndarray of uint8, shape (h, w, 3)
        The paintings.
    content : ndarray of uint8, shape (h, w, 3)
    settings : LookSettings
        Its `match_colors` and `keep_colors` count.

    Returns
    -------
    sequence of ndarray of uint8, shape (h, w, 3)
        `styles` itself if the paintings keep their colors.

    Examples
    --------
    >>> styles = [np.full((2, 2, 3), (200, 40, 60), np.uint8)]
    >>> recolored(styles, styles[0], LookSettings()) is styles
    True
    """
    if settings.match_colors:
        return [color.match_colors(style, content) for style in styles]
    if settings.keep_colors:
        return [color.match_lightness(style, content) for style in styles]
    return styles


def resize_style(style: np.ndarray, height: int, width: int, settings: LookSettings) -> np.ndarray:
    """Resize a painting to the size at which VGG-19 compares it with a content.

    Parameters
    ----------
    style : ndarray of uint8, shape (h, w, 3)
        The painting.
    height, width : int
        The content's size.
    settings : LookSettings
        Its `style_size` and `style_scale` count.

    Returns
    -------
    ndarray of uint8, shape (h', w', 3)
        In the painting's own shape, with as many pixels as the content or as it has itself; or of the content's size.

    Examples
    --------
    >>> resize_style(np.zeros((64, 80, 3), np.uint8), 48, 60, LookSettings(style_scale=0.75)).shape
    (36, 45, 3)
    """
    if settings.style_size == "content":
        return pixels.resize(style, height, width)
    own_height, own_width = style.shape[:2]
    scale = (height * width / (own_height * own_width)) ** 0.5 * settings.style_scale
    scale = min(scale, max(1.0, settings.style_scale))  # an enlarged painting has no brush strokes left
    scale = max(scale, MIN_SIDE / min(own_height, own_width))
    return pixels.resize(style, round(own_height * scale), round(own_width * scale))


def to_batch(picture: np.ndarray) -> tf.Tensor:
    """A picture, uint8 (h, w, 3), as networks take it: float32 (1, h, w, 3).

    Examples
    --------
    >>> to_batch(np.zeros((4, 6, 3), np.uint8)).shape
    TensorShape([1, 4, 6, 3])
    """
    return tf.constant(picture[None], tf.float32)
