"""A colored picture as the layers that artists work with: flat colors, shading, highlights, lines. No TensorFlow."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mangastyle.errors import MangastyleError
from mangastyle.io import layer_files
from mangastyle.io.images import check_picture
from mangastyle.io.layer import Group, Layer
from mangastyle.ops.layers import Layers, check_layers, composite
from mangastyle.shade.palette_layers import palette_layers


def layer_stack(layers: Layers, alpha: np.ndarray | None = None, each_color: bool = True) -> list[Layer | Group]:
    """Layers as files hold them, with names and blend modes.

    In Krita, Photoshop and other programs they look as `composite` does. What of the shading, the highlights and the lines changes
    nothing is transparent, and so are all of them where the picture is not opaque: what is semi-transparent cannot be told apart from
    what is below, so the flat layer holds the finished color there.

    Parameters
    ----------
    layers : Layers
    alpha : ndarray of uint8, shape (h, w), or None
        The picture's opacity; None if it is opaque.
    each_color : bool
        Whether there is a hidden group with one layer for each color, see `palette_layers`.

    Returns
    -------
    list of Layer and Group
        From the bottom to the top. White paper is the lowest, hidden if the picture has transparency.

    Raises
    ------
    MangastyleError
        For layers or an alpha of another form.

    Examples
    --------
    >>> flat = np.full((4, 5, 3), 200, np.uint8)
    >>> stack = layer_stack(Layers(flat, flat, np.zeros_like(flat), flat))
    >>> [(layer.name, getattr(layer, "mode", "group"), layer.visible) for layer in stack]  # doctest: +NORMALIZE_WHITESPACE
    [('Paper', 'normal', True), ('Colors', 'normal', True), ('Each color', 'group', False), ('Shading', 'multiply', True),
     ('Highlights', 'screen', True), ('Lines', 'multiply', True)]
    """
    check_layers(layers)
    flat, opaque = layers.flat, np.True_
    if alpha is not None:
        if check_picture(alpha, "alpha", gray=True).shape != flat.shape[:2]:
            raise MangastyleError(f"`alpha`: must be uint8 (h, w) of the layers' {flat.shape[:2]}, not {alpha.shape}")
        opaque = alpha == 255
        flat = np.where(opaque[..., None], flat, composite(layers))

    def drawn(rgb: np.ndarray, neutral: int) -> np.ndarray:
        """The alpha (h, w) of what changes something."""
        red, green, blue = (rgb[..., channel] != neutral for channel in range(3))
        return np.where((red | green | blue) & opaque, np.uint8(255), np.uint8(0))

    paper = np.broadcast_to(np.uint8(255), flat.shape)
    colors = [Group("Each color", palette_layers(layers.flat, alpha), visible=False)] if each_color else []
    return [
        Layer("Paper", paper, visible=alpha is None),
        Layer("Colors", flat, alpha),
        *colors,
        Layer("Shading", layers.shading, drawn(layers.shading, 255), "multiply"),
        Layer("Highlights", layers.highlights, drawn(layers.highlights, 0), "screen"),
        Layer("Lines", layers.lines, drawn(layers.lines, 255), "multiply"),
    ]


def save_layers(path: str | Path, layers: Layers, alpha: np.ndarray | None = None, force: bool = False) -> Path:
    """Write layers as a file for Krita, Photoshop and other programs; atomic, never overwrites unasked.

    Parameters
    ----------
    path : str or Path
        The file: OpenRaster (.ora) or Photoshop (.psd).
    layers : Layers
    alpha : ndarray of uint8, shape (h, w), or None
        The picture's opacity; None if it is opaque.
    force : bool
        Whether a file that exists may be overwritten.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    MangastyleError
        For layers of another form, a suffix that is no layered format, a picture too large for it, a file that exists, or a disk that
        refuses.

    Examples
    --------
    >>> import tempfile
    >>> flat = np.full((4, 5, 3), 200, np.uint8)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_layers(Path(folder) / "layers.ora", Layers(flat, flat, np.zeros_like(flat), flat)).name
    'layers.ora'
    """
    return layer_files.save(path, layer_stack(layers, alpha), composite(layers), alpha, force)
