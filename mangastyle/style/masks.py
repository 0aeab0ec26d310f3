"""Masks: where each painting paints. White paints, black does not, grey paints a little."""

from __future__ import annotations

from pathlib import Path
from typing import Sequence

import cv2
import numpy as np

from mangastyle import images
from mangastyle.errors import MangastyleError


def read(
    paths: Sequence[str | Path], paintings: int, height: int, width: int, limit: int = images.MAX_PIXELS
) -> list[np.ndarray]:
    """Read a mask for each of so many `paintings`, for a content of `height` x `width`: float32 (h, w), 0 black to 1 white.

    Any picture will do: of a coloured one the lightness counts, and where it is transparent nothing is painted.
    Raises `MangastyleError` for another number of masks and, naming the file, for a picture that cannot be read or has
    more than `limit` pixels, for one of another size than the content, and for one that is black everywhere.
    """
    if len(paths) != paintings:
        raise MangastyleError(
            f"--mask: there must be as many masks as paintings, not {len(paths)} for {paintings}; "
            "name one for each painting, in the order of --style"
        )
    return [_read(Path(path), height, width, limit) for path in paths]


def _read(path: Path, height: int, width: int, limit: int) -> np.ndarray:
    picture = images.load(path, limit)
    mask = cv2.cvtColor(picture.rgb, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    if picture.alpha is not None:  # pictures are composited on white, but what nobody drew on is not to be painted
        mask = np.maximum(mask - (1 - picture.alpha.astype(np.float32) / 255), 0)
    if mask.shape != (height, width):
        raise MangastyleError(
            f"{path}: this mask is {mask.shape[1]}x{mask.shape[0]} pixels and the content {width}x{height}; "
            f"resize the mask to {width}x{height}"
        )
    if mask.max() < 1 / 255:
        raise MangastyleError(f"{path}: this mask is black everywhere; draw white where its painting is to paint")
    return mask


def fit(mask: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize a mask, float32 (h, w) in 0..1, to a working size."""
    return np.clip(images.resize(mask, height, width), 0, 1)  # cubic enlargement overshoots


def at_layers(mask: np.ndarray, shapes: dict[str, tuple[int, int]]) -> dict[str, np.ndarray]:
    """Reduce a mask, float32 (h, w), to the (h', w') of each layer by area averaging: {layer: float32 (1, h', w', 1)}.

    The share of the picture that is painted is therefore the same at every layer.
    """
    reduced = {size: cv2.resize(mask, size[::-1], interpolation=cv2.INTER_AREA) for size in set(shapes.values())}
    return {layer: reduced[size][None, :, :, None] for layer, size in shapes.items()}
