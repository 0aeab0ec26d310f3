"""Figures 3, 6 to 9 and 13: the networks, drawn from the Keras models themselves (paper, sections 4.2.1, 4.3)."""

from __future__ import annotations

import numpy as np

from mangastyle.engine import keras
from mangastyle.evaluate.sources import Example
from mangastyle.ops import pixels
from mangastyle.paper.figures import diagram
from mangastyle.paper.figures.context import FigureContext
from mangastyle.paper.figures.diagram import Diagram, format_shape
from mangastyle.plotting import Figure
from mangastyle.shade import networks
from mangastyle.vgg import network as vgg

BATCH = 16  # pictures at most, on which the residual connection is measured


def gan(context: FigureContext) -> Figure:
    """Figure 3: inputs and outputs of the conditional GAN; the pictures are the generator's own."""
    example = context.examples("default", "proportional")[0]
    condition = "hint and line art" if context.discriminator_spec.condition_on_line else "hint"
    provenance = context.provenance
    loss = f"{provenance.get('pixel_weight', 100.0):g} × {provenance.get('pixel_loss', 'l1').upper()} loss"
    scheme = Diagram(10.5, 4.3)
    scheme.picture("line art", 0.9, 3.2, example.given[0])
    scheme.picture("hint", 0.9, 1.2, example.given[1])
    scheme.box("generator", 3.4, 2.2, f"generator G\n{context.shader.model.count_params() / 1e6:.1f} M weights", "#7fa8d9", 1.7, 1.0)
    scheme.picture("generated", 5.6, 2.9, example.generated)
    scheme.picture("original", 5.6, 0.95, example.original)
    scheme.box("discriminator", 8.0, 1.95, f"discriminator D\ngiven {condition}", "#e8a87c", 2.2, 1.0)
    scheme.box("logit", 9.85, 1.95, "original\nor\ngenerated?", "#d97f8f", 0.95, 0.9)
    scheme.box("loss", 7.9, 3.7, loss, "#8fbf7f", 1.9, 0.55)
    for source, target in (("line art", "generator"), ("hint", "generator"), ("generator", "generated"), ("generated", "discriminator"),
                           ("original", "discriminator"), ("discriminator", "logit"), ("generated", "loss")):  # fmt: skip
        scheme.arrow(source, target)
    return scheme.figure


def generator(context: FigureContext) -> Figure:
    """Figure 6: the U-Net that is loaded, with each stage's output shape for a training picture, and its number of weights."""
    return diagram.draw(diagram.stages(context.shader.model, _input_shapes(context.shader.spec.size, "line", "hint")), (15, 6))


def discriminator(context: FigureContext) -> Figure:
    """Figure 8: the discriminator that the generator was trained against."""
    spec = context.discriminator_spec
    model = networks.discriminator(spec)
    return diagram.draw(diagram.stages(model, _input_shapes(spec.size, *model.input)), (11, 4.5))


def _input_shapes(size: int, *names: str) -> dict[str, tuple[int, int, int, int]]:
    return {name: (1, size, size, 1 if name == "line" else 3) for name in names}


def residual(context: FigureContext) -> Figure:
    """Figure 7: a residual block layer by layer, and how much it adds to its input on real pictures."""
    model, shapes = context.shader.model, _input_shapes(context.shader.spec.size, "line", "hint")
    block = [stage for stage in diagram.stages(model, shapes, str) if stage.name.startswith("residual1")]
    before = block[0].inputs[0]
    scheme = Diagram(14.0, 3.4)
    x, y = 1.1, 2.4
    scheme.box("x", x, y, f"x\n{format_shape(block[0].shape)}", diagram.COLORS["down"], 1.2)
    last = "x"
    for stage in block:
        x += 1.95
        kind = next(cls.__name__ for cls in type(model.get_layer(stage.name)).__mro__ if cls.__module__.startswith("keras."))
        scheme.box(stage.name, x, y, f"{kind}\n{stage.weights:,} weights" if stage.weights else kind, diagram.COLORS["residual"], 1.65)
        scheme.arrow(last, stage.name)
        last = stage.name
    scheme.route([(1.1, 2.0), (1.1, 1.25), (x, 1.25), (x, 2.0)], "identity")
    examples = context.examples("default", "proportional", BATCH)
    share = _relative_rms(model, examples, before, block[-2].name)
    scheme.axes.text(
        7.0, 0.55, f"over {len(examples)} pictures: RMS of what the block adds, over the RMS of x: {share:.2f}", ha="center", fontsize=10
    )
    return scheme.figure


def _relative_rms(model: keras.Model, examples: list[Example], before: str, branch: str) -> float:
    """Root mean square of the output of the layer `branch` over that of the layer `before`."""
    line, hint = (pixels.normalize(np.stack([e.given[i] for e in examples])) for i in (0, 1))  # (b, s, s, 3)
    taps = keras.Model(model.input, [model.get_layer(name).output for name in (before, branch)])
    x, added = (np.sqrt(np.mean(np.square(x, dtype=np.float64))) for x in taps({"line": line[..., :1], "hint": hint}, training=False))
    return float(added / x)


def vgg19(context: FigureContext) -> Figure:
    """Figure 9: the sixteen convolutions of the full VGG-19, each with its ReLU, for a picture of 224 px."""

    def stage(layer: str) -> str:
        return layer.replace("relu", "conv") if layer.startswith(vgg.LAYERS) else "rgb"

    return diagram.draw(diagram.stages(vgg.empty(), (1, 224, 224, 3), stage), (20, 8))


def vgg_table(context: FigureContext) -> Figure:
    """Figure 13: the same layer by layer, with the shape of the output for a picture of 512 px and of the weights."""
    lines = vgg.table(512)
    figure = Figure(figsize=(11, 4.7), layout="constrained")
    axes = figure.subplots()
    axes.set_axis_off()
    half = lines.index("layer group 4")
    for x, part in ((0.0, lines[:half]), (0.52, lines[half:])):
        axes.text(x, 1.0, "\n".join(part), family="monospace", fontsize=8, va="top", transform=axes.transAxes)
    return figure
