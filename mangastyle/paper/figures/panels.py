"""Pictures in rows, with captions: the form of most figures."""

from __future__ import annotations

import itertools
from typing import Mapping, Sequence

import numpy as np

from mangastyle.plotting import Axes, Figure


def image_grid(rows: Mapping[str, Sequence[np.ndarray | None]], columns: Sequence[str] = (), tile: float = 1.6) -> Figure:
    """Rows of pictures, each row with its name on the left, each column with its name above.

    Parameters
    ----------
    rows : mapping
        By name, pictures uint8 (h, w, 3) or (h, w). None leaves a place empty, and so does a row that ends early.
    columns : sequence of str
        Names of the columns.
    tile : float
        Width of a picture, in inches.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.

    Examples
    --------
    >>> figure = image_grid({"gray": [np.zeros((8, 8), np.uint8), None]}, ["first", "second"])
    >>> [axes.get_title() for axes in figure.axes]
    ['first', 'second']
    """
    count = max(map(len, rows.values()))
    tallest = max(picture.shape[0] / picture.shape[1] for row in rows.values() for picture in row if picture is not None)
    figure = Figure(figsize=(tile * count + 0.5, tile * tallest * len(rows) + 0.7), layout="constrained")
    axes = figure.subplots(len(rows), count, squeeze=False)
    for line, (name, row) in zip(axes, rows.items()):
        for panel, picture in itertools.zip_longest(line, row):
            if picture is None:
                panel.set_axis_off()
            else:
                show(panel, picture)
        line[0].set_ylabel(name, fontsize=9)
    for panel, name in zip(axes[0], columns):
        panel.set_title(name, fontsize=9)
    return figure


def show(panel: Axes, picture: np.ndarray) -> None:
    """Show a picture uint8 (h, w, 3) or (h, w) without axes; small ones are enlarged smoothly."""
    panel.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="bicubic" if picture.shape[0] < 200 else "antialiased")
    panel.set(xticks=[], yticks=[])
    for spine in panel.spines.values():
        spine.set_linewidth(0.4)
