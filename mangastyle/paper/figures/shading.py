"""Figures 1, 2, 4 and 5: line art, the baseline, colors without a hint, and how a hint is made (paper, sections 4.1, 4.2); figure 24."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from mangastyle.engine import tf
from mangastyle.evaluate.sources import Example
from mangastyle.lineart.regions import find_regions
from mangastyle.lineart.settings import KINDS, PAPER_BLOCK
from mangastyle.lineart.sketch import sketch
from mangastyle.ops import pixels
from mangastyle.ops.blur import box_blur
from mangastyle.ops.random import uniforms
from mangastyle.paper.figures.context import FigureContext
from mangastyle.paper.figures.panels import image_grid
from mangastyle.plotting import Figure
from mangastyle.shade import simulated_hints
from mangastyle.shade.spec import HINT_RECIPES
from mangastyle.synthetic import characters
from mangastyle.synthetic.figures import figure

FIGURE_SEEDS = (1, 3, 4, 6, 9, 12)  # of the figures on figure 24
SEEDS = (7, 8, 9, 10, 11, 12)  # of the characters on figures 1 and 5


def sketches(context: FigureContext) -> Figure:
    """Figure 1: pictures and their line art, at the size of the style figures and at the paper's 64 px."""
    drawn = [characters.draw(seed, context.side) for seed in SEEDS]
    small = [pixels.resize(picture, 64, 64) for picture in drawn]
    return image_grid({
        "picture": drawn,
        f"line art at {context.side} px": [sketch(picture) for picture in drawn],
        "line art at 64 px": [sketch(picture, block=PAPER_BLOCK) for picture in small],
    })  # fmt: skip


def sketch_kinds(context: FigureContext) -> Figure:
    """Figure 24, not in the paper: pictures, line art of both kinds, and the median color of each region of either."""
    drawn = [figure(seed, context.side * 4 // 3, context.side).rgb for seed in FIGURE_SEEDS]
    rows = {"picture": drawn}
    for kind in KINDS:
        lines = [sketch(picture, kind=kind) for picture in drawn]
        rows[f"--kind {kind}"] = lines
        rows[f"its regions,\n{kind}"] = [_median_colors(picture, line) for picture, line in zip(drawn, lines)]
    return image_grid(rows)


def _median_colors(picture: np.ndarray, line: np.ndarray) -> np.ndarray:
    """Each region of the line art with the median color of the picture there."""
    labels = find_regions(line).labels
    numbers = np.arange(labels.max() + 1)
    colors = np.stack([ndimage.median(picture[..., i], labels, numbers) for i in range(3)], 1)  # (n, 3)
    return colors.astype(np.uint8)[labels]


def baseline(context: FigureContext) -> Figure:
    """Figure 2: five convolutions on line art and the paper's hint, trained with the L2 loss alone."""
    examples = context.examples("baseline", "paper")
    lines, hints = map(list, zip(*(example.given for example in examples)))
    return image_grid({"original": _originals(examples), "line art": lines, "hint": hints, "result": _generated(examples)})


def without_hint(context: FigureContext) -> Figure:
    """Figure 4: colors without a hint, by the generator trained as in the paper and by ours."""
    paper, ours = (context.examples(network, "none") for network in ("paper", "default"))
    return image_grid({
        "original": _originals(ours),
        "line art": [example.given[0] for example in ours],
        "as in the paper": _generated(paper),
        "preset default": _generated(ours),
    })  # fmt: skip


def _originals(examples: list[Example]) -> list[np.ndarray]:
    return [example.original for example in examples]


def _generated(examples: list[Example]) -> list[np.ndarray]:
    return [example.generated for example in examples]


def hint_making(context: FigureContext) -> Figure:
    """Figure 5: thirty boxes painted white, then one blur: with the paper's sizes in pixels, and with its source's proportions."""
    picture = characters.draw(SEEDS[0], 64)
    batch = tf.constant(pixels.normalize(picture)[None])  # (1, 64, 64, 3)
    numbers = tf.constant(uniforms(context.seed, 0, 1, simulated_hints.NUM_UNIFORMS))
    line, rows = sketch(picture, block=PAPER_BLOCK), {}
    for recipe, name in (("paper", "10 px boxes,\n100 px blur"), ("proportional", "shares of the side:\nboxes 0.2, blur 0.39")):
        white, kernel = simulated_hints.with_white_boxes(batch, numbers, HINT_RECIPES[recipe])
        hint = pixels.denormalize(box_blur(white, kernel)[0].numpy())
        rows[name] = [picture, pixels.denormalize(white[0].numpy()), hint, *_shaded_by_both(context, line, hint)]
    strokes = pixels.denormalize(simulated_hints.simulate(batch, numbers, "strokes")[0].numpy())
    rows["ten strokes"] = [picture, None, strokes, *_shaded_by_both(context, line, strokes)]
    return image_grid(rows, ["picture", "boxes", "hint", "as in the paper", "preset default"], tile=1.8)


def _shaded_by_both(context: FigureContext, line: np.ndarray, hint: np.ndarray) -> list[np.ndarray]:
    """Shaded by the generator trained as in the paper, and by ours."""
    return [shader.network_pass(line, hint) for shader in (context.paper_shader, context.shader)]
