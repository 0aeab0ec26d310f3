"""Diagrams of Keras models, with layers, shapes and numbers of weights read from the model itself."""

from __future__ import annotations

import re
from typing import Callable, NamedTuple

import numpy as np

from mangastyle.engine import keras
from mangastyle.plotting import Axes, FancyArrowPatch, Figure, Rectangle

PART = re.compile(r"_(?:norm|leaky|enlarge|conv\d|add)")
COLORS = {  # by the start of a stage's name; the first that fits
    "down": "#7fa8d9", "conv": "#7fa8d9", "residual": "#b39ad6", "up": "#e8a87c", "refine": "#e8a87c", "output": "#e8a87c",
    "skip": "#d8d8d8", "pool": "#f2c14e", "logit": "#d97f8f", "color": "#8fbf7f", "": "#e6e2d3",
}  # fmt: skip


class Stage(NamedTuple):
    """A layer, or layers that act as one, such as a convolution with its normalization and its ReLU.

    name : of the first of them. layers : their Keras names, in order. shape : of the output for one picture, (h, w, c) or (c,).
    inputs : names of the stages that feed it. weights : number of trainable weights.
    """

    name: str
    layers: tuple[str, ...]
    shape: tuple[int, ...]
    inputs: tuple[str, ...]
    weights: int


def stage_name(layer: str) -> str:
    """The stage of a layer of the shading networks.

    Examples
    --------
    >>> stage_name("down2_norm")
    'down2'
    """
    return PART.split(layer)[0]


def stages(model: keras.Model, sizes: dict | tuple, stage_of: Callable[[str], str] = stage_name) -> list[Stage]:
    """The stages of a functional model in the order of the computation.

    Parameters
    ----------
    model : keras.Model
        A functional model.
    sizes : dict or tuple
        Shape of each input with its batch of 1, as `compute_output_shape` takes it.
    stage_of : callable
        From the name of a layer to that of its stage.

    Returns
    -------
    list of Stage
        In the order of the computation.

    Examples
    --------
    >>> x = keras.Input((None, None, 3), name="x")
    >>> model = keras.Model(x, keras.layers.Conv2D(8, 3, 2, "same", name="down1")(x))
    >>> [(stage.name, stage.shape, stage.weights) for stage in stages(model, (1, 10, 10, 3))]
    [('x', (10, 10, 3), 0), ('down1', (5, 5, 8), 224)]
    """
    operations = model.operations  # the layers, and operations between them
    outputs = [operation.output for operation in operations]
    shapes = keras.Model(model.input, outputs).compute_output_shape(sizes)
    maker = {id(output): layer.name for layer, output in zip(operations, outputs)}
    found: dict[str, Stage] = {}
    for layer, shape in zip(operations, shapes):
        name = stage_of(layer.name)
        sources = [] if isinstance(layer, keras.layers.InputLayer) else [stage_of(maker[id(x)]) for x in keras.tree.flatten(layer.input)]
        before = found.get(name, Stage(name, (), (), (), 0))
        inputs = dict.fromkeys([*before.inputs, *(x for x in sources if x != name)])
        found[name] = Stage(name, (*before.layers, layer.name), tuple(shape[1:]), tuple(inputs), before.weights + _trainable_count(layer))
    return list(found.values())


def _trainable_count(layer: keras.Operation) -> int:
    return sum(int(np.prod(w.shape)) for w in getattr(layer, "weights", ()) if not w.path.endswith(("moving_mean", "moving_variance")))


def format_shape(shape: tuple[int, ...]) -> str:
    """A shape in the form of a diagram.

    Examples
    --------
    >>> format_shape((16, 16, 256))
    '16×16×256'
    """
    return "×".join(map(str, shape))


def draw(found: list[Stage], size: tuple[float, float]) -> Figure:
    """Draw stages from left to right; boxes are as tall as feature maps are large, and as wide as they have channels (on log scales).

    Arrows that pass over stages are skip connections.

    Parameters
    ----------
    found : list of Stage
        What `stages` returns.
    size : (float, float)
        Width and height of the figure, in inches.

    Returns
    -------
    matplotlib.figure.Figure
        The figure.
    """
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    largest = max(stage.shape[0] for stage in found if len(stage.shape) == 3)
    places: dict[str, tuple[float, float, float, float]] = {}  # x, y of the center, width, height
    x = 0.0
    for stage in found:
        side = stage.shape[0] if len(stage.shape) == 3 else 1
        width, height = 0.22 + 0.075 * np.log2(stage.shape[-1]), 0.45 + 0.34 * np.log2(max(side, 1))
        y = np.log2(side / largest)  # a unit lower for each halving
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
    color = next(color for start, color in COLORS.items() if stage.name.startswith(start))
    axes.add_patch(Rectangle((x - width / 2, y - height / 2), width, height, facecolor=color, edgecolor="#333333", linewidth=0.8))
    parts = [stage.name, format_shape(stage.shape), *([f"{stage.weights:,}"] if stage.weights else [])]
    axes.text(x, y - height / 2 - 0.08, "\n".join(parts), ha="center", va="top", fontsize=6.5, linespacing=1.25)


def _arrow(axes: Axes, source: tuple, target: tuple, distance: int) -> None:
    (x0, y0, w0, h0), (x1, y1, w1, h1) = source, target
    if distance == 1:
        start, end, bend, style = (x0 + w0 / 2, y0), (x1 - w1 / 2, y1), 0.0, "-"
    else:  # over the stages between
        start, end, bend, style = (x0, y0 + h0 / 2), (x1, y1 + h1 / 2), -min(0.28, 1.6 / abs(x1 - x0)), (0, (4, 2))
    axes.add_patch(
        FancyArrowPatch(
            start, end, connectionstyle=f"arc3,rad={bend}", arrowstyle="-|>", mutation_scale=8, linestyle=style,
            color="#333333" if distance == 1 else "#8a5a00", linewidth=0.9, shrinkA=1, shrinkB=1,
        )
    )  # fmt: skip


class Diagram:
    """Pictures and boxes at given places, and arrows between them. Units are inches, y points upwards."""

    def __init__(self, width: float, height: float) -> None:
        self.figure = Figure(figsize=(width, height), layout="constrained")
        self.axes = self.figure.subplots()
        self.axes.set(xlim=(0, width), ylim=(0, height), aspect="equal")
        self.axes.set_axis_off()
        self.places: dict[str, tuple[float, float, float, float]] = {}  # x, y of the center, width, height

    def picture(self, name: str, x: float, y: float, rgb: np.ndarray, height: float = 1.3, caption: str | None = None) -> None:
        """Add a picture, uint8 (h, w, 3), with its caption, by default its name, below."""
        width = height * rgb.shape[1] / rgb.shape[0]
        self.axes.imshow(rgb, extent=(x - width / 2, x + width / 2, y - height / 2, y + height / 2), interpolation="antialiased", zorder=2)
        self.axes.text(x, y - height / 2 - 0.06, name if caption is None else caption, ha="center", va="top", fontsize=9)
        self.places[name] = x, y, width, height

    def box(self, name: str, x: float, y: float, text: str, color: str, width: float = 1.4, height: float = 0.8) -> None:
        """Add a colored box with a text in it."""
        self.axes.add_patch(
            Rectangle((x - width / 2, y - height / 2), width, height, facecolor=color, edgecolor="#333333", linewidth=0.9, zorder=2)
        )
        self.axes.text(x, y, text, ha="center", va="center", fontsize=9, zorder=3)
        self.places[name] = x, y, width, height

    def arrow(self, source: str, target: str, label: str = "") -> None:
        """Add an arrow from the edge of one element to that of another, along the line between their centers."""
        start, end = self._edge(source, target), self._edge(target, source)
        self.axes.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=11, color="#333333", linewidth=1.1))
        if label:
            self.axes.text((start[0] + end[0]) / 2, (start[1] + end[1]) / 2 + 0.14, label, ha="center", va="bottom", fontsize=8)

    def route(self, points: list[tuple[float, float]], label: str = "") -> None:
        """Add an arrow along straight lines from point to point, its label below the longest."""
        self.axes.plot(*zip(*points[:-1]), color="#333333", linewidth=1.1, zorder=1)
        self.axes.add_patch(
            FancyArrowPatch(*points[-2:], arrowstyle="-|>", mutation_scale=11, color="#333333", linewidth=1.1, shrinkA=0, shrinkB=0)
        )
        (x0, y0), (x1, y1) = max(zip(points, points[1:]), key=lambda ends: np.hypot(*np.subtract(*ends)))
        self.axes.text((x0 + x1) / 2, (y0 + y1) / 2 - 0.06, label, ha="center", va="top", fontsize=8.5)

    def _edge(self, name: str, other: str) -> tuple[float, float]:
        x, y, width, height = self.places[name]
        dx, dy = self.places[other][0] - x, self.places[other][1] - y
        reach = min(width / 2 / abs(dx) if dx else np.inf, height / 2 / abs(dy) if dy else np.inf) * 1.04
        return x + reach * dx, y + reach * dy
