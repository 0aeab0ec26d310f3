"""Keras models as diagrams: what is drawn is read from the model itself, layer by layer, shapes included."""

from __future__ import annotations

import re
from typing import Callable, NamedTuple

import keras
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

PART = re.compile(r"_(?:norm|leaky|enlarge|conv\d|add)")
COLOURS = {  # by the start of a stage's name; the first that fits
    "down": "#7fa8d9", "conv": "#7fa8d9", "residual": "#b39ad6", "up": "#e8a87c", "refine": "#e8a87c", "output": "#e8a87c",
    "skip": "#d8d8d8", "pool": "#f2c14e", "logit": "#d97f8f", "colour": "#8fbf7f", "": "#e6e2d3",
}  # fmt: skip


class Stage(NamedTuple):
    """A layer, or layers that act as one, such as a convolution with its normalisation and its rectifier.

    name : of the first of them. layers : their Keras names, in order. shape : of the output for one picture, (h, w, c) or (c,).
    inputs : names of the stages that feed it. weights : how many numbers they learn.
    """

    name: str
    layers: tuple[str, ...]
    shape: tuple[int, ...]
    inputs: tuple[str, ...]
    weights: int


def with_parts(layer: str) -> str:
    """The stage of a layer of the shading networks: "down2_norm" is a part of "down2"."""
    return PART.split(layer)[0]


def stages(model: keras.Model, sizes: dict | tuple, stage_of: Callable[[str], str] = with_parts) -> list[Stage]:
    """The stages of a functional model in the order of the computation.

    sizes : shape of each input with its batch of 1, as `compute_output_shape` takes it. stage_of : the name of a layer to
    that of its stage.
    """
    operations = model.operations  # the layers, and what is computed between them
    outputs = [operation.output for operation in operations]
    shapes = keras.Model(model.input, outputs).compute_output_shape(sizes)
    maker = {id(output): layer.name for layer, output in zip(operations, outputs)}
    found: dict[str, Stage] = {}
    for layer, shape in zip(operations, shapes):
        name = stage_of(layer.name)
        feeding = [] if isinstance(layer, keras.layers.InputLayer) else [stage_of(maker[id(x)]) for x in keras.tree.flatten(layer.input)]
        before = found.get(name, Stage(name, (), (), (), 0))
        inputs = dict.fromkeys([*before.inputs, *(x for x in feeding if x != name)])
        found[name] = Stage(name, (*before.layers, layer.name), tuple(shape[1:]), tuple(inputs), before.weights + _learnt(layer))
    return list(found.values())


def _learnt(layer: keras.Operation) -> int:
    return sum(int(np.prod(w.shape)) for w in getattr(layer, "weights", ()) if not w.path.endswith(("moving_mean", "moving_variance")))


def told(shape: tuple[int, ...]) -> str:
    """(16, 16, 256) as "16×16×256"."""
    return "×".join(map(str, shape))


def draw(found: list[Stage], size: tuple[float, float]) -> Figure:
    """Stages from left to right, the higher the larger their maps: heights follow the maps' sides, widths their channels.

    Arrows that pass over stages are skip connections.
    """
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    largest = max(stage.shape[0] for stage in found if len(stage.shape) == 3)
    places: dict[str, tuple[float, float, float, float]] = {}  # x, y of the middle, width, height
    x = 0.0
    for stage in found:
        side = stage.shape[0] if len(stage.shape) == 3 else 1
        width, height = 0.22 + 0.075 * np.log2(stage.shape[-1]), 0.45 + 0.34 * np.log2(max(side, 1))
        y = np.log2(side / largest)  # deeper is lower, a unit for each halving
        x += width / 2
        places[stage.name] = x, y, width, height
        x += width / 2 + 0.62
    order = [stage.name for stage in found]
    for i, stage in enumerate(found):
        _box(axes, stage, *places[stage.name])
        for source in stage.inputs:
            _arrow(axes, places[source], places[stage.name], i - order.index(source))
    lows, highs = ([y + sign * h / 2 for _, y, _, h in places.values()] for sign in (-1, 1))
    axes.set(xlim=(-0.3, x - 0.3), ylim=(min(lows) - 0.6, max(highs) + 0.9))
    axes.set_axis_off()
    return figure


def _box(axes: Axes, stage: Stage, x: float, y: float, width: float, height: float) -> None:
    colour = next(colour for start, colour in COLOURS.items() if stage.name.startswith(start))
    axes.add_patch(Rectangle((x - width / 2, y - height / 2), width, height, facecolor=colour, edgecolor="#333333", linewidth=0.8))
    parts = [stage.name, told(stage.shape), *([f"{stage.weights:,}"] if stage.weights else [])]
    axes.text(x, y - height / 2 - 0.08, "\n".join(parts), ha="center", va="top", fontsize=6.5, linespacing=1.25)


def _arrow(axes: Axes, source: tuple, target: tuple, distance: int) -> None:
    (x0, y0, w0, h0), (x1, y1, w1, h1) = source, target
    if distance == 1:
        start, end, bend, style = (x0 + w0 / 2, y0), (x1 - w1 / 2, y1), 0.0, "-"
    else:  # over what lies between
        start, end, bend, style = (x0, y0 + h0 / 2), (x1, y1 + h1 / 2), -min(0.28, 1.6 / abs(x1 - x0)), (0, (4, 2))
    axes.add_patch(
        FancyArrowPatch(
            start, end, connectionstyle=f"arc3,rad={bend}", arrowstyle="-|>", mutation_scale=8, linestyle=style,
            color="#333333" if distance == 1 else "#8a5a00", linewidth=0.9, shrinkA=1, shrinkB=1,
        )
    )  # fmt: skip


class Board:
    """A scheme: pictures and boxes at places of one's choice, and arrows between them. Units are inches, y upwards."""

    def __init__(self, width: float, height: float) -> None:
        self.figure = Figure(figsize=(width, height), layout="constrained")
        self.axes = self.figure.subplots()
        self.axes.set(xlim=(0, width), ylim=(0, height), aspect="equal")
        self.axes.set_axis_off()
        self.places: dict[str, tuple[float, float, float, float]] = {}  # x, y of the middle, width, height

    def picture(self, name: str, x: float, y: float, rgb: np.ndarray, height: float = 1.3, caption: str | None = None) -> None:
        """A uint8 picture (h, w, 3) with its caption, by default its name, below."""
        width = height * rgb.shape[1] / rgb.shape[0]
        self.axes.imshow(rgb, extent=(x - width / 2, x + width / 2, y - height / 2, y + height / 2), interpolation="antialiased", zorder=2)
        self.axes.text(x, y - height / 2 - 0.06, name if caption is None else caption, ha="center", va="top", fontsize=9)
        self.places[name] = x, y, width, height

    def box(self, name: str, x: float, y: float, text: str, colour: str, width: float = 1.4, height: float = 0.8) -> None:
        """A coloured box with a text in it."""
        self.axes.add_patch(
            Rectangle((x - width / 2, y - height / 2), width, height, facecolor=colour, edgecolor="#333333", linewidth=0.9, zorder=2)
        )
        self.axes.text(x, y, text, ha="center", va="center", fontsize=9, zorder=3)
        self.places[name] = x, y, width, height

    def arrow(self, source: str, target: str, label: str = "") -> None:
        """From the edge of one thing to that of another, along the line between their middles."""
        start, end = self._edge(source, target), self._edge(target, source)
        self.axes.add_patch(
            FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=11, color="#333333", linewidth=1.1)
        )
        if label:
            self.axes.text((start[0] + end[0]) / 2, (start[1] + end[1]) / 2 + 0.14, label, ha="center", va="bottom", fontsize=8)

    def route(self, points: list[tuple[float, float]], label: str = "") -> None:
        """An arrow along straight lines from point to point, its label below the longest."""
        self.axes.plot(*zip(*points[:-1]), color="#333333", linewidth=1.1, zorder=1)
        self.axes.add_patch(FancyArrowPatch(*points[-2:], arrowstyle="-|>", mutation_scale=11, color="#333333", linewidth=1.1, shrinkA=0, shrinkB=0))
        (x0, y0), (x1, y1) = max(zip(points, points[1:]), key=lambda ends: np.hypot(*np.subtract(*ends)))
        self.axes.text((x0 + x1) / 2, (y0 + y1) / 2 - 0.06, label, ha="center", va="top", fontsize=8.5)

    def _edge(self, name: str, other: str) -> tuple[float, float]:
        x, y, width, height = self.places[name]
        dx, dy = self.places[other][0] - x, self.places[other][1] - y
        reach = min(width / 2 / abs(dx) if dx else np.inf, height / 2 / abs(dy) if dy else np.inf) * 1.04
        return x + reach * dx, y + reach * dy
