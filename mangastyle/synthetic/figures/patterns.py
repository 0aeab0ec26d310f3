"""What is on cloth: stripes, checks, dots, emblems, bands along an edge."""

from __future__ import annotations

import numpy as np

from mangastyle.synthetic.characters.design import between, pick
from mangastyle.synthetic.figures.design import Figure
from mangastyle.synthetic.figures.shapes import disk, heart, star
from mangastyle.synthetic.figures.sheet import Sheet, Thing

KINDS = {"stripes": 2, "dots": 2, "hearts": 0.7, "stars": 0.7, "checks": 0.8}
ROWS = 5


def draw(sheet: Sheet, figure: Figure, outline: np.ndarray, rng: np.random.Generator, often: float) -> None:
    """Put a pattern on a garment, with the probability `often`."""
    chosen, kind, size = rng.random() < 0.6 * often, pick(rng, KINDS), between(rng, 0.9, 1.4)
    if not chosen:
        return
    thing = figure.thing("pattern", ("accent", "white", "second", "cloth")[int(rng.integers(4))])
    low, high = outline.min(0), outline.max(0)
    step = size * 0.5 * figure.body.build.width
    with sheet.inside(outline) as inner:
        if kind == "stripes":
            for y in np.arange(low[1] + 0.5 * step, high[1], 1.1 * step):
                x = np.linspace(low[0] - 0.1, high[0] + 0.1, 9)
                sag = 0.25 * step * (1 - np.linspace(-1, 1, 9) ** 2)
                band_ = np.concatenate([np.stack([x, y + sag], 1), np.stack([x, y + 0.4 * step + sag], 1)[::-1]])
                inner.mark(band_, thing)
                inner.outline(band_, width=0.8)
            return
        shape = {"dots": disk, "hearts": heart, "stars": star, "checks": _square}[kind]
        for row, y in enumerate(np.arange(low[1] + 0.4 * step, high[1], step)):
            for x in np.arange(low[0] + (0.5 * step if row % 2 else 0.0), high[0], step):
                mark = shape((x, y), 0.21 * step)
                inner.mark(mark, thing)
                inner.outline(mark, width=0.8)


def _square(center, radius: float) -> np.ndarray:
    return np.asarray(center) + radius * np.array([(0, -1.2), (1.2, 0), (0, 1.2), (-1.2, 0)])


def band(sheet: Sheet, upper: np.ndarray, lower: np.ndarray, thing: Thing) -> None:
    """A band between two edges on a garment, both from left to right."""
    shape = np.concatenate([upper, lower[::-1]])
    sheet.mark(shape, thing)
    sheet.outline(shape, width=0.85)


def emblem(sheet: Sheet, figure: Figure, place: np.ndarray, size: float, rng: np.random.Generator) -> None:
    """One mark on a chest."""
    shape = (star, heart, disk, _square)[int(rng.integers(4))](place, size)
    sheet.mark(shape, figure.thing("emblem", "accent"))
    sheet.outline(shape, width=0.9)
