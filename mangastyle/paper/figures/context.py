"""Pictures, networks, paintings and measurements of the figures, each made when a figure first needs it."""

from __future__ import annotations

import dataclasses
import inspect
import os
from functools import cached_property, wraps
from typing import Any, Callable, Mapping, NamedTuple, Sequence, TypeVar

import numpy as np

from mangastyle.engine import keras
from mangastyle.errors import MangastyleError
from mangastyle.evaluate.metrics import BatchFunction
from mangastyle.evaluate.run import Values, load, measure
from mangastyle.evaluate.shaded_dataset import ShadedDataset
from mangastyle.evaluate.sources import Example
from mangastyle.io import images, weights
from mangastyle.kernels import precision
from mangastyle.ops import pixels
from mangastyle.paper.metrics import ALL_METRICS
from mangastyle.paper.settings import LAYERS, QUICK
from mangastyle.shade.files import find_generator
from mangastyle.shade.spec import DiscriminatorSpec
from mangastyle.shade.unet_shader import UNetShader
from mangastyle.style.optimize.objective import Objective
from mangastyle.style.optimize.records import NAMES, Losses
from mangastyle.style.optimize.settings import OptimizeSettings
from mangastyle.style.optimize.stylizer import OptimizeStylizer
from mangastyle.synthetic import characters
from mangastyle.synthetic import paintings as painters
from mangastyle.vgg.backbone import backbone
from mangastyle.vgg.spec import MIN_SIDE

Method = TypeVar("Method", bound=Callable[..., Any])


def _cached(method: Method) -> Method:
    """Keep a method's results, by its arguments, in the object's `kept`."""
    signature = inspect.signature(method)

    @wraps(method)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(self, *args, **kwargs)
        bound.apply_defaults()
        key = (method.__name__, *list(bound.arguments.values())[1:])
        if key not in self.kept:
            self.kept[key] = method(self, *args, **kwargs)
        return self.kept[key]

    return wrapper  # type: ignore[return-value]


class Progress(NamedTuple):
    """How far one of the longer computations is."""

    task: str
    done: int
    total: int


class FigureContext:
    """What figures are made of; figures of one context share pictures, networks and results.

    Parameters
    ----------
    quick : bool, optional
        Small pictures and few iterations, which shows in a minute that everything works; default: whether the environment
        variable MANGASTYLE_QUICK is set.
    picture : ndarray, optional
        uint8 (h, w, 3), the picture that is painted; default: a drawn character.
    paintings : mapping, optional
        By name, uint8 (h, w, 3); default: one by each of mangastyle's own painters.
    data : sequence of str
        Pictures that are shaded and measured: folders, .zip or .tar files, or drawn:N.
    count : int
        How many of them are measured, chosen at random, at least 2.
    weights, paper_weights, baseline_weights : str
        Weights files, or names of those that ship: the generator, the generator trained as in the paper, the baseline of Fig. 2.
    backbone : str
        VGG-19, see `vgg.backbone`.
    precision : str
        Arithmetic of the networks.
    seed : int
        Of all random choices.
    cache : str
        Folder for decoded pictures; empty for the user's cache folder.
    max_pixels : int
        Larger pictures of `data` are refused.
    progress : callable, optional
        Called with a `Progress` during measurements and optimizations.

    Attributes
    ----------
    side : int
        Short side of what is painted, in pixels.
    iterations : int
        Of every optimization.
    layers : tuple of str
        VGG-19 layers of the reconstructions.
    """

    def __init__(
        self, *, quick: bool | None = None, picture: np.ndarray | None = None, paintings: Mapping[str, np.ndarray] | None = None,
        data: Sequence[str] = ("drawn:200",), count: int = 100,
        weights: str = "shade", paper_weights: str = "shade-paper", baseline_weights: str = "baseline",
        backbone: str = "slim", precision: str = "auto", seed: int = 0, cache: str = "", max_pixels: int = images.MAX_PIXELS,
        progress: Callable[[Progress], Any] | None = None,
    ) -> None:  # fmt: skip
        self.quick = bool(os.environ.get(QUICK)) if quick is None else quick
        self.side = 64 if self.quick else 256
        self.iterations = 4 if self.quick else 100
        self.count = 8 if self.quick else count
        self.layers = (LAYERS[0], LAYERS[2]) if self.quick else LAYERS
        self.seed, self.precision = seed, precision
        self.weights = {"default": weights, "paper": paper_weights, "baseline": baseline_weights}
        self._given_picture, self._given_paintings, self._backbone = picture, paintings, backbone
        self.data, self._cache, self._max_pixels = data, cache, max_pixels
        self._progress = progress
        self.kept: dict[tuple[Any, ...], Any] = {}  # results of methods
        if picture is not None:
            images.check_picture(picture, "picture", min_side=MIN_SIDE)
        for name, painting in (paintings or {}).items():
            images.check_picture(painting, name, min_side=MIN_SIDE)
        if count < 2:
            raise MangastyleError(f"`count`: must be at least 2, not {count}: a histogram needs two pictures")

    def report(self, task: str, done: int, total: int) -> None:
        """Tell the caller how far a computation is."""
        if self._progress:
            self._progress(Progress(task, done, total))

    # Pictures

    @cached_property
    def picture(self) -> np.ndarray:
        """The color picture of the style figures: uint8 (h, w, 3), its short side `side`."""
        if self._given_picture is None:
            return characters.draw(characters.DEMO_SEED, self.side)
        height, width = self._given_picture.shape[:2]
        return pixels.resize(self._given_picture, *pixels.fit_enlarged(height, width, self.side))

    @cached_property
    def paintings(self) -> dict[str, np.ndarray]:
        """The paintings by name, uint8 (h, w, 3)."""
        if self._given_paintings:
            return dict(self._given_paintings)
        if self.quick:
            return {name: painters.paint(name, self.seed, 128, 160) for name in list(painters.PAINTERS)[:2]}
        return {name: painters.paint(name, self.seed) for name in painters.PAINTERS}

    # Shading

    @cached_property
    def shader(self) -> UNetShader:
        """The generator."""
        return UNetShader(self.weights["default"], precision=self.precision)

    @cached_property
    def paper_shader(self) -> UNetShader:
        """The generator trained as in the paper."""
        return UNetShader(self.weights["paper"], precision=self.precision)

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """How the generator was trained, as its weights file has it."""
        return weights.read_spec(find_generator(self.weights["default"])[0], "shade")[1]

    @property
    def discriminator_spec(self) -> DiscriminatorSpec:
        """The discriminator that the generator was trained against; its size is the generator's where the file does not have it."""
        spec = self.shader.spec
        return DiscriminatorSpec.of(
            {"width": spec.width, "levels": spec.levels, "size": spec.size, **self.provenance.get("discriminator", {})}
        )

    @cached_property
    def shaded(self) -> np.ndarray:
        """`picture` through line art and hint to shaded color: the content of the style figures."""
        return self.shader(self.picture, self.shader.simulated_hint(self.picture))

    @_cached
    def source(self, network: str, hint: str) -> ShadedDataset:
        """Held-out pictures colored by one of the networks `weights`, with a kind of hint."""
        return ShadedDataset(
            self.weights[network], self.data, hint=hint, count=self.count, seed=self.seed, precision=self.precision,
            cache=self._cache, max_pixels=self._max_pixels,
        )  # fmt: skip

    def examples(self, network: str, hint: str, count: int = 6) -> list[Example]:
        """The first pictures of a `source`: original, line art, hint and result."""
        source = self.source(network, hint)
        return source(range(min(count, len(source))))

    # Measurements

    @cached_property
    def backbone(self) -> keras.Model:
        """VGG-19."""
        return backbone(self._backbone, policy=precision.resolve(self.precision))

    @cached_property
    def _metrics(self) -> dict[str, BatchFunction]:
        return load(ALL_METRICS, self.backbone)

    @_cached
    def measures(self, network: str, hint: str) -> Values:
        """All metrics of all pictures of a `source`."""
        task = f"{network}, hint {hint}"
        return measure(self.source(network, hint), self._metrics, {}, progress=lambda p: self.report(task, p.done, p.total)).values

    # Style

    @property
    def search(self) -> OptimizeSettings:
        """How the figures paint: as the paper does, at one scale and by Gram matrices, but with losses that do not depend on the size.

        Both optimizers search among pixels, without a preconditioner, so that figures 20 and 21, 22 and 23 compare.
        """
        return OptimizeSettings(
            size=0, min_size=0, distance="gram", style_weight=10.0, iterations=self.iterations, precondition=False
        )  # fmt: skip

    @cached_property
    def _objective(self) -> Objective:
        """The objective of `search`, compiled once: optimizer, start, seed and painting do not change its graph."""
        return Objective(self.backbone, self.search, num_styles=1)

    @_cached
    def painted(self, painting: str, optimizer: str = "lbfgs", init: str = "content", seed: int = 0) -> tuple[np.ndarray, Losses]:
        """`shaded` in the style of one of the `paintings`: the picture, uint8 (h, w, 3), and the losses of all iterations."""
        settings = dataclasses.replace(self.search, optimizer=optimizer, init=init)
        stylizer = OptimizeStylizer([self.paintings[painting]], settings, backbone=self.backbone, seed=seed)
        stylizer.objective = self._objective
        task, losses = f"{painting}, {NAMES[optimizer]} from {init}", Losses()

        def listen(record: Any) -> None:
            losses.add(record)
            self.report(task, record.iteration, record.iterations)

        return stylizer(self.shaded, progress=listen), losses
