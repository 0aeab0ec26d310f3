"""What every way of painting does to pictures before and after: sizes, colours, rounding."""

from __future__ import annotations

import contextlib
from typing import Iterator

import numpy as np
import tensorflow as tf

from mangastyle import images
from mangastyle.config import StyleConfig
from mangastyle.errors import MangastyleError
from mangastyle.style import color, masks, vgg
from mangastyle.style.objective import weights


@contextlib.contextmanager
def within_memory() -> Iterator[None]:
    """Running out of memory is a `MangastyleError` too."""
    try:
        yield
    except (tf.errors.ResourceExhaustedError, MemoryError) as error:
        raise MangastyleError("not enough memory for pictures this large; choose a smaller --size or --style-scale") from error


def check(options: StyleConfig, paintings: int) -> None:
    """Raise `MangastyleError` for options that no way of painting can follow with so many paintings; reads no file."""
    if not paintings:
        raise MangastyleError("no painting: name one, as in --style painting.jpg")
    shares(options, paintings)
    masks.check_number(options.mask, paintings)
    if 0 < options.size < vgg.MIN_SIDE:
        raise MangastyleError(f"--size: must be 0 or at least {vgg.MIN_SIDE}, not {options.size}")


def shares(options: StyleConfig, paintings: int) -> list[float]:
    """The weight of each painting, with the sum 1."""
    return list(weights("--style-weights", options.style_weights, range(paintings)).values())


def check_size(picture: np.ndarray, name: str) -> None:
    """Raise `MangastyleError` for a picture (h, w, 3) that is smaller than VGG-19 can see; `name` says which it is."""
    height, width = picture.shape[:2]
    if min(height, width) < vgg.MIN_SIDE:
        raise MangastyleError(f"{name} is {width}x{height} pixels; the least is {vgg.MIN_SIDE}x{vgg.MIN_SIDE}")


def open_masks(styles: list[np.ndarray], options: StyleConfig) -> list[np.ndarray]:
    """The masks of paintings, uint8 (h, w, 3) each, float32 (h, w); `MangastyleError` too for a painting that is too small."""
    for style in styles:
        check_size(style, "the painting")
    return [masks.read(path, int(options.max_megapixels * 1e6)) for path in options.mask]


def check_content(content: np.ndarray, options: StyleConfig, opened: list[np.ndarray]) -> None:
    """Raise `MangastyleError` for a content that is too small, or of another size than one of the `opened` masks."""
    check_size(content, "the content")
    for path, mask in zip(options.mask, opened):
        masks.check_size(path, mask, *content.shape[:2])


def size_of(content: np.ndarray, options: StyleConfig) -> tuple[int, int]:
    """(height, width) of what is painted of a content, uint8 (h, w, 3); `MangastyleError` if that is over the limit."""
    height, width = content.shape[:2]
    if options.size:
        height, width = images.fit_short_side(height, width, options.size)
    if height * width > options.max_megapixels * 1e6:
        raise MangastyleError(
            f"--size: would paint {width}x{height} pixels, over the limit of {options.max_megapixels:g} megapixels; "
            "make it smaller, or raise --max-megapixels"
        )
    return height, width


def recolored(styles: list[np.ndarray], content: np.ndarray, options: StyleConfig) -> list[np.ndarray]:
    """The paintings, uint8 (h, w, 3) each, in the colours they are to be copied in; `styles` itself if they are their own."""
    if options.match_colors:
        return [color.match_colors(style, content) for style in styles]
    if options.keep_colors:
        return [color.match_lightness(style, content) for style in styles]
    return styles


def shown(style: np.ndarray, height: int, width: int, options: StyleConfig) -> np.ndarray:
    """A painting, uint8 (h, w, 3), as VGG-19 is to see it beside a content of `height` x `width`: reduced to as many pixels."""
    if options.style_size == "content":
        return images.resize(style, height, width)
    own_height, own_width = style.shape[:2]
    scale = (height * width / (own_height * own_width)) ** 0.5 * options.style_scale
    scale = min(scale, max(1.0, options.style_scale))  # what is enlarged has no brush strokes left
    scale = max(scale, vgg.MIN_SIDE / min(own_height, own_width))
    return images.resize(style, round(own_height * scale), round(own_width * scale))


def to_pixels(picture: np.ndarray) -> np.ndarray:
    """Float 0..255 to uint8, rounded."""
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)
