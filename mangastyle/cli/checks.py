"""Checks that commands make before TensorFlow loads."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mangastyle.errors import MangastyleError
from mangastyle.io import images, registry


def find_backbone(name: str, allow_download: bool = False) -> str:
    """The VGG-19 of that name as `vgg.backbone` takes it: "random", or its file; `MangastyleError` if it is not at hand."""
    return name if name == "random" else str(registry.find_vgg19(name, allow_download))


def load_paintings(paths: tuple[str, ...], max_pixels: int, min_side: int) -> dict[str, np.ndarray]:
    """Pictures uint8 (h, w, 3) by the stems of their files; `MangastyleError` too for two of one name."""
    found = {Path(path).stem: images.load(path, max_pixels, min_side).rgb for path in paths}
    if len(found) < len(paths):
        raise MangastyleError("`style`: two paintings of one name; figures name them by their files")
    return found
