"""Figures 1, 2, 4 and 5: line art, the baseline, colours without a hint, and how a hint is made (paper, sections 4.1, 4.2)."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from matplotlib.figure import Figure

from mangastyle import images
from mangastyle.data import characters
from mangastyle.data.dataset import draws
from mangastyle.evaluate.sources import Example
from mangastyle.figures import panels
from mangastyle.figures.studio import Studio
from mangastyle.shade import simulate
from mangastyle.shade.blur import box_blur
from mangastyle.shade.sketch import PAPER_BLOCK, sketch

SEEDS = (7, 8, 9, 10, 11, 12)  # of the characters on figures 1 and 5


def sketches(studio: Studio) -> Figure:
    """Figure 1: pictures and their line art, at the size of the style figures and at the paper's 64 px."""
    drawn = [characters.draw(seed, studio.side) for seed in SEEDS]
    small = [images.resize(picture, 64, 64) for picture in drawn]
    return panels.rows({
        "picture": drawn,
        f"line art at {studio.side} px": [sketch(picture) for picture in drawn],
        "line art at 64 px": [sketch(picture, PAPER_BLOCK) for picture in small],
    })  # fmt: skip


def baseline(studio: Studio) -> Figure:
    """Figure 2: what five convolutions make of line art and the paper's hint, trained with the L2 distance alone."""
    examples = studio.examples("baseline", "paper")
    lines, hints = map(list, zip(*(example.given for example in examples)))
    return panels.rows({"original": _originals(examples), "line art": lines, "hint": hints, "result": _generated(examples)})


def without_hint(studio: Studio) -> Figure:
    """Figure 4: colours when the hint says nothing, by the generator trained as in the paper and by ours."""
    paper, ours = (studio.examples(network, "none") for network in ("paper", "gan"))
    return panels.rows({
        "original": _originals(ours),
        "line art": [example.given[0] for example in ours],
        "as in the paper": _generated(paper),
        "preset default": _generated(ours),
    })  # fmt: skip


def _originals(examples: list[Example]) -> list[np.ndarray]:
    return [example.original for example in examples]


def _generated(examples: list[Example]) -> list[np.ndarray]:
    return [example.generated for example in examples]


def hint_making(studio: Studio) -> Figure:
    """Figure 5: thirty boxes painted white, then one blur, by the letter of the paper and by its source's proportions."""
    picture = characters.draw(SEEDS[0], 64)
    batch = tf.constant(images.to_float(picture)[None])
    numbers = tf.constant(draws(studio.options.seed, 0, 1, simulate.DRAWS))
    line, lines = sketch(picture, PAPER_BLOCK), {}
    for kind, name in (("paper", "10 px boxes,\n100 px blur"), ("default", "shares of the side:\nboxes 0.2, blur 0.39")):
        white, kernel = simulate.whitened(batch, numbers, kind)
        hint = images.to_uint8(box_blur(white, kernel)[0].numpy())
        lines[name] = [picture, images.to_uint8(white[0].numpy()), hint, *_both(studio, line, hint)]
    strokes = images.to_uint8(simulate.strokes(batch, numbers, tf.constant([simulate.STROKES]))[0].numpy())
    lines["ten strokes"] = [picture, None, strokes, *_both(studio, line, strokes)]
    return panels.rows(lines, ["picture", "boxes", "hint", "as in the paper", "preset default"], tile=1.8)


def _both(studio: Studio, line: np.ndarray, hint: np.ndarray) -> list[np.ndarray]:
    """Shaded by the generator trained as in the paper, and by ours."""
    return [shader.once(line, hint) for shader in (studio.paper_shader, studio.shader)]
