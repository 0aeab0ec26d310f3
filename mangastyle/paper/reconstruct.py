"""What features of VGG-19 keep of a picture: pictures found from noise that have the same features or the same statistics.

Content (Fig. 10): the features of one layer nearly determine the picture; the deeper the layer, the fewer of its pixels. Style
(Fig. 11): Gram matrices keep texture and colors but not places; the more layers, the larger the patterns.
"""

from __future__ import annotations

import threading
from typing import Any, Callable, Sequence

import numpy as np

from mangastyle.engine import keras
from mangastyle.io import images, sheets
from mangastyle.io.images import check_picture
from mangastyle.paper.settings import LAYERS, ReconstructSettings
from mangastyle.style.optimize.stylizer import OptimizeStylizer
from mangastyle.vgg.spec import MIN_SIDE

COLUMNS = 6  # of the sheet


def reconstruct(
    picture: np.ndarray,
    layers: Sequence[str] = LAYERS,
    kind: str = "content",
    *,
    backbone: keras.Model | str = "auto",
    precision: str = "auto",
    seed: int = 0,
    max_pixels: int = images.MAX_PIXELS,
    progress: Callable[[Any], Any] | None = None,
    cancel: threading.Event | None = None,
    **settings: Any,
) -> np.ndarray:
    """Find a picture with the features or the style statistics of another one.

    Parameters
    ----------
    picture : ndarray
        uint8 (h, w, 3), at least 32x32.
    layers : sequence of str
        The layers of VGG-19 that are to agree, all of them.
    kind : {"content", "style"}
        Features (equation 1) or Gram matrices (equation 5).
    backbone : keras.Model or str
        VGG-19 as `vgg.backbone` loads it, or a name for it; "auto" is the full one if at hand, else the slim one.
    precision : str
        Arithmetic of the network.
    seed : int
        Of the white noise that the search starts from.
    max_pixels : int
        Larger results are refused.
    progress : callable, optional
        Called with a `style.optimize.records.Record` after each iteration.
    cancel : threading.Event, optional
        Once it is set, `Cancelled` is raised, with the best picture so far.
    **settings
        See `paper.settings.ReconstructSettings`: size, optimizer, iterations, learning_rate, tv_weight.

    Returns
    -------
    ndarray
        uint8, of short side `size`, or as large as the picture if that is 0. A long and narrow picture is enlarged to no more than
        four times the square of `size`.

    Raises
    ------
    MangastyleError
        For arrays that are no pictures, unknown layers, kinds and settings, and pictures smaller than 32 pixels.

    References
    ----------
    L. A. Gatys, A. S. Ecker, M. Bethge, "Image style transfer using convolutional neural networks", CVPR 2016; section 4.3 of the paper.

    Examples
    --------
    >>> from mangastyle import draw
    >>> found = reconstruct(draw(7, size=32), ["conv1_1"], backbone="slim", size=0, iterations=2)
    >>> found.shape
    (32, 32, 3)
    """
    check_picture(picture, "picture", min_side=MIN_SIDE)
    chosen = ReconstructSettings.from_arguments({"layers": tuple(layers), "kind": kind, **settings})
    chosen.check()
    stylizer = OptimizeStylizer([picture], chosen.search, backbone=backbone, precision=precision, seed=seed, max_pixels=max_pixels)
    return stylizer(picture, progress=progress, cancel=cancel)


def contact_sheet(picture: np.ndarray, made: Sequence[np.ndarray], layers: Sequence[str], kind: str) -> np.ndarray:
    """The picture and its reconstructions under the names of their layers.

    Parameters
    ----------
    picture : ndarray
        uint8 (h, w, 3).
    made : sequence of ndarray
        The reconstructions, uint8 (h, w, 3), one for each layer.
    layers : sequence of str
        Their layers; for style, each picture agrees in those before it, too.
    kind : {"content", "style"}
        As for `reconstruct`.

    Returns
    -------
    ndarray
        uint8 (h', w', 3).
    """
    names = ["picture", layers[0], *(f"+ {name}" if kind == "style" else name for name in layers[1:])]
    tiles = [sheets.captioned(rgb, name) for rgb, name in zip([picture, *made], names, strict=True)]
    return sheets.grid(tiles, min(COLUMNS, len(tiles)))
