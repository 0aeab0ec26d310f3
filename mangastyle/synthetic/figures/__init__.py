"""Drawn figures: whole people with clothes, hair, props and scenes, their true lines, flat colors, shading and identities.

A picture is made in these steps: `picture` chooses a view and places scene, figures and animals; `design` chooses a figure's traits,
`poses` its joints; `people` draws its parts in order, each part in a module of its own, on a `sheet`, with one of the outline hands of
`pens`; `layers` separates what was painted. Heads are those of the characters.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mangastyle.errors import MangastyleError, check_integer, near
from mangastyle.ops.layers import composite
from mangastyle.synthetic.characters import MAX_SEED, MAX_SIZE, MIN_SIZE
from mangastyle.synthetic.figures import picture
from mangastyle.synthetic.figures.design import generator
from mangastyle.synthetic.figures.layers import separate
from mangastyle.synthetic.figures.pens import HANDS, Pen, choose_hand
from mangastyle.synthetic.figures.sheet import OVERSAMPLING, Sheet
from mangastyle.synthetic.figures.wear import wear as wear

FIGURE_VERSION = 2  # raise it when pictures of the same seeds change
SHADINGS = ("cel", "soft")
SOFT = 0.35  # share of the pictures with soft shading


class Drawing(NamedTuple):
    """One picture and its layers; n things are drawn in it.

    Attributes
    ----------
    rgb : ndarray of uint8, shape (h, w, 3)
        The finished picture: `flat` multiplied by `shading`, `highlights` screened over it, multiplied by `line`.
    line : ndarray of uint8, shape (h, w) or (h, w, 3)
        Its true line art, dark on 255; three channels where the hand draws with colored lines.
    flat : ndarray of uint8, shape (h, w, 3)
        Its colors without lines, shading and highlights: the color of the thing at each pixel.
    shading : ndarray of uint8, shape (h, w, 3)
        Multiply layer, 255 changes nothing.
    highlights : ndarray of uint8, shape (h, w, 3)
        Screen layer, 0 changes nothing.
    labels : ndarray of int32, shape (h, w)
        Which thing is at each pixel, also under the lines, 0 to n - 1; 0 is paper.
    parts : tuple of str, length n
        What each thing is: "paper", "skin", "hair", "eye", "cloth", "bottom" ...
    colors : ndarray of uint8, shape (n, 3)
        The color of each thing; things of one color are one material.
    light : tuple of float, length 2
        Unit vector towards the light, x to the right and y down.
    hand : str
        Name of the outline hand, one of `pens.HANDS`.
    soft : bool
        Whether shadows have soft edges.
    """

    rgb: np.ndarray
    line: np.ndarray
    flat: np.ndarray
    shading: np.ndarray
    highlights: np.ndarray
    labels: np.ndarray
    parts: tuple[str, ...]
    colors: np.ndarray
    light: tuple[float, float]
    hand: str
    soft: bool


def figure(seed: int, height: int = 768, width: int = 576, hand: str = "", shading: str = "") -> Drawing:
    """Draw a picture of figures; a pure function of its arguments.

    Parameters
    ----------
    seed : int
        Which picture, 0 to 2**128 - 1.
    height, width : int
        Size in pixels, 8 to 4096 each.
    hand : str
        Outline hand: brush, fineliner, pencil, wobbly, double, colored or gaps; empty for the one that the seed chooses.
    shading : str
        cel (hard edges) or soft; empty for what the seed chooses.

    Returns
    -------
    Drawing
        The picture and its layers.

    Raises
    ------
    MangastyleError
        For an argument out of its range.

    Examples
    --------
    >>> drawn = figure(3, 96, 64)
    >>> drawn.rgb.shape, drawn.labels.shape, len(drawn.parts) == len(drawn.colors)
    ((96, 64, 3), (96, 64), True)
    """
    seed = check_integer("seed", seed, 0, MAX_SEED)
    height, width = check_integer("height", height, MIN_SIZE, MAX_SIZE), check_integer("width", width, MIN_SIZE, MAX_SIZE)
    _check_name("hand", hand, HANDS)
    _check_name("shading", shading, SHADINGS)
    rng, random = generator(seed, "picture"), generator(seed, "hand")
    angle = rng.uniform(0.25, 1.2)
    light = float(np.cos(angle) * (-1 if rng.random() < 0.5 else 1)), float(-np.sin(angle))
    chosen, softness = HANDS[int(random.integers(len(HANDS)))], rng.random() < SOFT
    soft = shading == "soft" if shading else bool(softness)
    style = choose_hand(hand or chosen, random)
    sheet = Sheet.blank((height, width), Pen(style, random, light, OVERSAMPLING * min(height, width)))
    picture.draw(sheet, seed, light)
    labels, made = separate(sheet, soft, generator(seed, "wear"))
    colors = np.array([thing.tones.base for thing in sheet.things], np.uint8)
    parts = tuple(thing.part for thing in sheet.things)
    line = made.lines if style.colored else np.ascontiguousarray(made.lines[..., 0])
    return Drawing(composite(made), line, made.flat, made.shading, made.highlights, labels, parts, colors, light, style.name, soft)


def _check_name(name: str, value: str, known: tuple[str, ...]) -> None:
    """Refuse a name that is not known; an empty one is."""
    if value and value not in known:
        raise MangastyleError(f"`{name}`: must be one of {', '.join(known)}, not {value!r}{near(value, known)}")
