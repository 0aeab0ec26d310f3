"""What a request says about colors, as a hint: strokes, and for regions without a stroke the colors of a palette or of the picture.

Each region whose color is given so gets a dot well inside it, as a person would paint.
"""

from __future__ import annotations

import math
from typing import Any, Mapping

import numpy as np

from mangastyle.app.protocol import FULL
from mangastyle.app.session import Session
from mangastyle.shade.hints import Hint

HINT_SIDE = 1536  # longer side, in pixels, at which hints are read: dots of larger pictures are larger


def read(session: Session, request: Mapping[str, Any], gap: float, given: np.ndarray | None = None) -> Hint:
    """The hint of a request.

    Parameters
    ----------
    session : Session
    request : mapping
        A body of `schema.SHADE`.
    gap : float
        Of the regions.
    given : ndarray of uint8, shape (n, 3), optional
        Colors of the n regions, for those without a stroke.

    Returns
    -------
    Hint

    Raises
    ------
    MangastyleError
        For strokes that are not understood.
    """
    size = request.get("size", FULL)
    hint = strokes_hint(session, request.get("hint"), size)
    if given is None:
        return hint
    labels, anchors = session.regions(size, gap).labels, session.anchors(size, gap)
    free = np.setdiff1d(np.arange(len(given)), labels[hint.mask > 0])
    draw_dots(hint, labels, anchors[free], given[free])
    return hint


def strokes_hint(session: Session, strokes: Mapping[str, Any] | None, size: str) -> Hint:
    """The strokes of a request, drawn at a size; without `size`, they are in coordinates of the full picture."""
    shape = session.shape(size)
    if not strokes:
        return Hint(np.full((*shape, 3), 255, np.uint8), np.zeros(shape, np.float32))
    return Hint.from_json({"size": [session.about.width, session.about.height], **strokes}, shape)


def draw_dots(hint: Hint, labels: np.ndarray, places: np.ndarray, colors: np.ndarray) -> None:
    """Paint dots on a hint (h, w), each within its region of labels (h, w).

    Examples
    --------
    >>> hint = Hint(np.full((4, 4, 3), 255, np.uint8), np.zeros((4, 4)))
    >>> draw_dots(hint, np.repeat([[0, 0, 1, 1]], 4, 0), np.array([[1, 1]]), np.array([[200, 0, 0]], np.uint8))
    >>> hint.mask.tolist()[1], hint.rgb[1, 1].tolist()
    ([1.0, 1.0, 0.0, 0.0], [200, 0, 0])
    """
    radius = max(1, math.ceil(max(labels.shape) / HINT_SIDE))
    for (y, x), color in zip(places, colors):
        part = np.s_[max(y - radius, 0) : y + radius + 1, max(x - radius, 0) : x + radius + 1]
        inside = labels[part] == labels[y, x]
        hint.rgb[part][inside], hint.mask[part][inside] = color, 1
