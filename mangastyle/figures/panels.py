"""Pictures in rows, with their names: the form of most figures."""

from __future__ import annotations

import itertools

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure


def rows(pictures: dict[str, list[np.ndarray | None]], columns: list[str] | None = None, tile: float = 1.6) -> Figure:
    """Rows of uint8 pictures, (h, w, 3) or (h, w), with the name of each row on its left and of each column above.

    tile : width of a picture, in inches. A place may be left empty, by None or at the end of a row.
    """
    count = max(map(len, pictures.values()))
    tall = max(picture.shape[0] / picture.shape[1] for row in pictures.values() for picture in row if picture is not None)
    figure = Figure(figsize=(tile * count + 0.5, tile * tall * len(pictures) + 0.7), layout="constrained")
    axes = figure.subplots(len(pictures), count, squeeze=False)
    for line, (name, row) in zip(axes, pictures.items()):
        for panel, picture in itertools.zip_longest(line, row):
            if picture is None:
                panel.set_axis_off()
            else:
                show(panel, picture)
        line[0].set_ylabel(name, fontsize=9)
    for panel, name in zip(axes[0], columns or []):
        panel.set_title(name, fontsize=9)
    return figure


def show(panel: Axes, picture: np.ndarray) -> None:
    """A uint8 picture (h, w, 3) or grey (h, w), without axes; small ones are enlarged smoothly."""
    panel.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="bicubic" if picture.shape[0] < 200 else "antialiased")
    panel.set(xticks=[], yticks=[])
    for spine in panel.spines.values():
        spine.set_linewidth(0.4)
