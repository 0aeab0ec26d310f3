"""Figures 3, 6 to 9 and 13: the networks, drawn from the Keras models themselves (paper, sections 4.2.1, 4.3)."""

from __future__ import annotations

import keras
import numpy as np
from matplotlib.figure import Figure

from mangastyle import images
from mangastyle.evaluate.sources import Example
from mangastyle.figures import diagram
from mangastyle.figures.diagram import Board
from mangastyle.figures.studio import Studio
from mangastyle.shade import networks
from mangastyle.style import vgg

BATCH = 16  # pictures at most, on which the residual connection is measured


def gan(studio: Studio) -> Figure:
    """Figure 3: who sees what; the pictures are the generator's own."""
    example = studio.examples("gan", "default")[0]
    config = studio.shader.config
    sees = "picture, hint and line art" if config.see_line else "picture and hint"
    board = Board(10.5, 4.3)
    board.picture("line art", 0.9, 3.2, example.given[0])
    board.picture("hint", 0.9, 1.2, example.given[1])
    board.box("generator", 3.4, 2.2, f"generator G\n{studio.shader.model.count_params() / 1e6:.1f} M weights", "#7fa8d9", 1.7, 1.0)
    board.picture("generated", 5.6, 2.9, example.generated)
    board.picture("original", 5.6, 0.95, example.original)
    board.box("discriminator", 8.0, 1.95, f"discriminator D\nsees {sees}", "#e8a87c", 2.2, 1.0)
    board.box("verdict", 9.85, 1.95, "original\nor\ngenerated?", "#d97f8f", 0.95, 0.9)
    board.box("distance", 7.9, 3.7, f"{config.distance_weight:g} × {config.distance.upper()} distance", "#8fbf7f", 1.9, 0.55)
    for source, target in (("line art", "generator"), ("hint", "generator"), ("generator", "generated"), ("generated", "discriminator"),
                           ("original", "discriminator"), ("discriminator", "verdict"), ("generated", "distance")):  # fmt: skip
        board.arrow(source, target)
    return board.figure


def generator(studio: Studio) -> Figure:
    """Figure 6: the U-Net that is loaded, with what each stage puts out for a training picture, and how many weights it learns."""
    return diagram.draw(diagram.stages(studio.shader.model, _inputs(studio, "line", "hint")), (15, 6))


def discriminator(studio: Studio) -> Figure:
    """Figure 8: the discriminator that the generator was trained against."""
    _, model = networks.build(studio.shader.config)
    return diagram.draw(diagram.stages(model, _inputs(studio, *model.input)), (11, 4.5))


def _inputs(studio: Studio, *names: str) -> dict[str, tuple[int, int, int, int]]:
    size = studio.shader.config.size
    return {name: (1, size, size, 1 if name == "line" else 3) for name in names}


def residual(studio: Studio) -> Figure:
    """Figure 7: a residual block layer by layer, and how much it adds to its input on real pictures."""
    model, inputs = studio.shader.model, _inputs(studio, "line", "hint")
    block = [stage for stage in diagram.stages(model, inputs, str) if stage.name.startswith("residual1")]
    before = block[0].inputs[0]
    board = Board(14.0, 3.4)
    x, y = 1.1, 2.4
    board.box("x", x, y, f"x\n{diagram.told(block[0].shape)}", diagram.COLOURS["down"], 1.2)
    last = "x"
    for stage in block:
        x += 1.95
        kind = type(model.get_layer(stage.name)).__name__
        board.box(stage.name, x, y, f"{kind}\n{stage.weights:,} weights" if stage.weights else kind, diagram.COLOURS["residual"], 1.65)
        board.arrow(last, stage.name)
        last = stage.name
    board.route([(1.1, 2.0), (1.1, 1.25), (x, 1.25), (x, 2.0)], "x itself")
    examples = studio.examples("gan", "default", BATCH)
    share = _added(model, examples, before, block[-2].name)
    board.axes.text(7.0, 0.55, f"over {len(examples)} pictures: size of what the block adds, in units of x: {share:.2f}", ha="center", fontsize=10)
    return board.figure


def _added(model: keras.Model, examples: list[Example], before: str, branch: str) -> float:
    """Root mean square of what the layer `branch` puts out, in units of that of the layer `before`."""
    line, hint = (images.to_float(np.stack([e.given[i] for e in examples])) for i in (0, 1))  # (b, s, s, 3)
    taps = keras.Model(model.input, [model.get_layer(name).output for name in (before, branch)])
    given, added = (np.sqrt(np.mean(np.square(x, dtype=np.float64))) for x in taps({"line": line[..., :1], "hint": hint}, training=False))
    return float(added / given)


def vgg19(studio: Studio) -> Figure:
    """Figure 9: the sixteen convolutions of the full VGG-19, each with its rectifier, for a picture of 224 px."""

    def stage(layer: str) -> str:
        return layer.replace("relu", "conv") if layer.startswith(vgg.LAYERS) else "rgb"

    return diagram.draw(diagram.stages(vgg.empty(), (1, 224, 224, 3), stage), (20, 8))


def vgg_table(studio: Studio) -> Figure:
    """Figure 13: the same layer by layer, with the shape of the output for a picture of 512 px and of the weights."""
    lines = vgg.table(512)
    figure = Figure(figsize=(11, 4.7), layout="constrained")
    axes = figure.subplots()
    axes.set_axis_off()
    half = lines.index("layer group 4")
    for x, part in ((0.0, lines[:half]), (0.52, lines[half:])):
        axes.text(x, 1.0, "\n".join(part), family="monospace", fontsize=8, va="top", transform=axes.transAxes)
    return figure
