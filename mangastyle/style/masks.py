"""Masks: where each painting paints. White paints, black does not, grey paints a little."""

from __future__ import annotations

from pathlib import Path
from typing import Sequence

import cv2
import numpy as np

from mangastyle import images
from mangastyle.errors import MangastyleError


def check_number(paths: Sequence[str | Path], paintings: int) -> None:
    """Raise `MangastyleError` unless there is a mask for each of so many `paintings`, or none at all."""
    if len(paths) not in (0, paintings):
        raise MangastyleError(
            f"--mask: there must be as many masks as paintings, not {len(paths)} for {paintings}; "
            "name one for each painting, in the order of --style"
        )


def read(path: str | Path, limit: int = images.MAX_PIXELS) -> np.ndarray:
    """Read a mask: float32 (h, w), 0 black to 1 white.

    Any picture will do: of a coloured one the lightness counts, and where it is transparent nothing is painted.
    Raises `MangastyleError`, naming the file, for a picture that cannot be read or has more than `limit` pixels, and for
    one that is black everywhere.
    """
    picture = images.load(path, limit)
    mask = cv2.cvtColor(picture.rgb, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    if picture.alpha is not None:  # pictures are composited on white, but what nobody drew on is not to be painted
        mask = np.maximum(mask - (1 - picture.alpha.astype(np.float32) / 255), 0)
    if mask.max() < 1 / 255:
        raise MangastyleError(f"{path}: this mask is black everywhere; draw white where its painting is to paint")
    return mask


def check_size(path: str | Path, mask: np.ndarray, height: int, width: int) -> None:
    """Raise `MangastyleError`, naming the mask's file, unless it is as large as the content, `height` x `width`."""
    if mask.shape != (height, width):
        raise MangastyleError(
            f"{path}: this mask is {mask.shape[1]}x{mask.shape[0]} pixels and the content {width}x{height}; "
            f"resize the mask to {width}x{height}"
        )


def fit(mask: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize a mask, float32 (h, w) in 0..1, to a working size."""
    return np.clip(images.resize(mask, height, width), 0, 1)  # cubic enlargement overshoots


def at_layers(mask: np.ndarray, shapes: dict[str, tuple[int, int]]) -> dict[str, np.ndarray]:
    """Reduce a mask, float32 (h, w), to the (h', w') of each layer by area averaging: {layer: float32 (1, h', w', 1)}.

    The share of the picture that is painted is therefore the same at every layer.
    """
    reduced = {size: cv2.resize(mask, size[::-1], interpolation=cv2.INTER_AREA) for size in set(shapes.values())}
    return {layer: reduced[size][None, :, :, None] for layer, size in shapes.items()}
