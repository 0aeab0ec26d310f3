"""Style transfer in PyTorch by the recipe of Katherine Crowson's `style_transfer`, the best known tool that optimizes pictures.

The recipe is that of github.com/crowsonkb/style-transfer-pytorch (MIT), read at commit e7e2c713; this is a program of our own.
Taken from there, all of them its defaults:

- VGG-19 with max pooling, whose first convolution repeats the picture's edge instead of padding with zeros.
- Style: the squared Wasserstein-2 distance between the Gaussians of relu1_1 to relu5_1, each over its number of features, with weights
  256, 64, 16, 4, 1 over their sum; 1e-4 on the diagonals of covariances; square roots by 12 Newton-Schulz iterations, and as many for
  their gradients. Content: the mean squared error of relu4_2, weight 0.015. (The scaled error of its first versions is no longer there.)
- Total variation, weight 2: mean squared differences to the neighbors across, down and along both diagonals.
- Long sides from 128 on, each sqrt 2 of the last, 1000 iterations at the first and 500 at the others. Content and painting are reduced
  anew for each, bicubically, the painting to the same long side, but never enlarged.
- Adam with step 0.02 and momenta 0.9 and 0.99, from the content; pixels are clamped to 0..1. The average of the pictures, with
  momentum 0.99 and without bias, is the result, and with Adam's moments, which are enlarged, the start of the next scale.

Where it departs from the original:

- The weights are Keras', those of Simonyan and Zisserman, on BGR less its mean, not torchvision's. Their features are far larger, and
  not by one factor: with pixels in torchvision's unit still up to 18 in relu4_1, beside 0.8 in relu1_1, so that colors hardly changed.
  Each layer's features are over their root mean square in paintings, `UNITS`: style errors then have the proportions that the weights
  tell, and in a trial at 96 px patches came four times as near. What torchvision's features measure is not known here, so that the
  weights of content and total variation may mean more or less than in the original.
- `painting_size="area"` reduces the painting to as many pixels as the content, which is how the other benchmarks compare strokes.
- With `seconds`, all numbers of iterations shrink by one factor, and the average forgets faster by it, lest most of it be
  the pictures at each scale's start. Gray levels of the result are rounded, not cut.

Written to be fast on a processor: as `torch_style.py` with channels last, weights cast once and without gradients, ReLU in place, all
cores, bfloat16 where the processor has it, but for statistics, square roots and losses. For square roots and their gradients the
original multiplies matrices; here its iterations run on the eigenvalues: the same numbers up to rounding, and a whole iteration in a
third of the time at 128 px, in 0.56 of it at 256 px. No `torch.compile`: it gains 2 to 5 % in `style.py`, less than compiling takes.
"""

from __future__ import annotations

import functools
import math
import os
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # beside other programs, threads that spin took 20 times as long

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F
from torch_style import MEAN_RGB, Weights

from mangastyle.startup import processor_flags
from mangastyle.vgg import files

CONTENT_LAYER = "relu4_2"
STYLE_WEIGHTS = {"relu1_1": 256, "relu2_1": 64, "relu3_1": 16, "relu4_1": 4, "relu5_1": 1}  # over their sum
# Root mean squares of features in 42 paintings of 128 px and 14 of 256 px.
UNITS = {"relu1_1": 43.0, "relu2_1": 210.0, "relu3_1": 280.0, "relu4_1": 920.0, "relu4_2": 730.0, "relu5_1": 125.0}
RIDGE = 1e-4  # on the diagonals of covariances
ROOT_ITERATIONS = 12
BETAS = (0.9, 0.99)
TIMED = 3  # iterations that the cost of one is measured by

Gaussian = tuple[torch.Tensor, torch.Tensor]  # mean (n,), covariance (n, n)


@dataclass(frozen=True)
class Recipe:
    """Numbers that may be changed; defaults are the original's."""

    min_size: int = 128  # long side of the coarsest scale
    iterations: int = 500
    initial_iterations: int = 1000  # at the coarsest scale
    content_weight: float = 0.015
    tv_weight: float = 2.0
    learning_rate: float = 0.02  # of pixels in 0..1
    averaging: float = 0.99
    painting_size: str = "side"  # or "area"


def stylize(
    content: np.ndarray, style: np.ndarray, vgg_path: str | Path, *, size: int, seconds: float | None = None, dtype: str = "auto",
    progress: Callable[[int, int, int, float], None] | None = None, **settings: Any,
) -> tuple[np.ndarray, dict[str, Any]]:  # fmt: skip
    """A picture in a painter's style, uint8 (h, w, 3), and {"iterations", "seconds", "scales", "share", "dtype"}.

    content, style : uint8 (h, w, 3). vgg_path : Keras' HDF5 file, or "random". size : the result's long side.
    seconds : about how long it may take, instead of the whole recipe. dtype : float32, bfloat16 or auto.
    progress : gets height, width, iteration and loss after each iteration. settings : as for `Recipe`.

    The clock runs from pictures in memory to the result: all resizing, targets and iterations count. What happens once for many pictures
    does not: loading weights, and, with `seconds`, a few iterations at each new size, which warm it up and tell what one costs. Each scale
    has the share of the time that its iterations would have of the whole recipe's, and stops on time, however long iterations take.
    """
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    recipe, network = Recipe(**settings), load(str(vgg_path), resolve(dtype))
    sizes = [fit_long_side(*content.shape[:2], side) for side in sides(recipe.min_size, size)]
    counts = [recipe.initial_iterations] + [recipe.iterations] * (len(sizes) - 1)
    share, ends = plan(network, style, sizes, counts, recipe, seconds)
    began, picture, moments, scales = time.monotonic(), None, None, []
    for (height, width), count, end in zip(sizes, counts, ends):
        shown = resized(content, height, width)
        losses = Losses(network, shown, resized(style, *painting_size(style, height, width, recipe)), recipe)
        picture = shown if picture is None else enlarged(picture, height, width).clamp(0, 1)
        search = Search(losses, picture, moments, recipe, recipe.averaging ** (1 / share))
        found, before = [], time.monotonic()
        while len(found) < count:
            found.append(search.step())
            if progress:
                progress(height, width, len(found), found[-1])
            now = time.monotonic()
            if now - began + (now - before) / 2 > end:  # another would end farther from the time than this one
                break
            before = now
        picture, moments = search.average(), search.moments()
        scales.append({"height": height, "width": width, "iterations": len(found), "losses": [found[0], found[-1]]})
    made = (255 * picture[0].permute(1, 2, 0).clamp(0, 1)).round().to(torch.uint8).numpy()  # (h, w, 3)
    iterations = sum(scale["iterations"] for scale in scales)
    return made, {
        "iterations": iterations, "seconds": time.monotonic() - began, "scales": scales, "share": share, "dtype": resolve(dtype)
    }  # fmt: skip


class Network:
    """VGG-19 down to the deepest layer needed, and what iterations with it cost."""

    def __init__(self, weights: Weights, dtype: str) -> None:
        """`weights` as in `mangastyle.vgg.files`."""
        self.dtype = getattr(torch, dtype)
        self.layers = []  # (name of the ReLU, kernel (out, in, 3, 3), bias (out,))
        self.costs: dict[tuple[int, int], float] = {}  # seconds of an iteration, by the picture's size
        for name, (kernel, bias) in weights.items():
            if name == "conv1_1":
                kernel = kernel[:, :, ::-1].copy()  # for RGB
            kernel = torch.from_numpy(kernel).permute(3, 2, 0, 1).to(self.dtype, memory_format=torch.channels_last)
            self.layers.append((name.replace("conv", "relu"), kernel, torch.from_numpy(bias).to(self.dtype)))
            if {*UNITS} <= {relu for relu, _, _ in self.layers}:
                break

    def __call__(self, picture: torch.Tensor) -> dict[str, torch.Tensor]:
        """A picture, float32 (1, 3, h, w) in 0..1, to the float32 features (1, n, h', w') of the layers of `UNITS`, in these units."""
        x = 255 * picture - picture.new_tensor(MEAN_RGB)[:, None, None]
        x = F.pad(x, (1, 1, 1, 1), mode="replicate").to(self.dtype, memory_format=torch.channels_last)  # (1, 3, h + 2, w + 2)
        found, block = {}, "1"
        for name, kernel, bias in self.layers:
            if name[4] != block:  # (1, n, h, w) to (1, n, h/2, w/2)
                x, block = F.max_pool2d(x, 2), name[4]
            x = F.relu_(F.conv2d(x, kernel, bias, padding=0 if name == "relu1_1" else 1))
            if name in UNITS:
                found[name] = x.float() / UNITS[name]
        return found


class Losses:
    """The total of the losses at one scale, for pictures as large as the content."""

    def __init__(self, network: Network, content: torch.Tensor, painting: torch.Tensor, recipe: Recipe) -> None:
        """content, painting : float32 (1, 3, h, w) in 0..1."""
        self.network, self.recipe = network, recipe
        with torch.no_grad():
            self.content = network(content)[CONTENT_LAYER]
            found = network(painting)
            self.style = {name: with_root(gaussian(found[name])) for name in STYLE_WEIGHTS}

    def __call__(self, picture: torch.Tensor) -> torch.Tensor:
        found = self.network(picture)
        style = sum(weight * wasserstein(gaussian(found[name]), *self.style[name]) for name, weight in STYLE_WEIGHTS.items())
        total = style / sum(STYLE_WEIGHTS.values()) + self.recipe.content_weight * F.mse_loss(found[CONTENT_LAYER], self.content)
        return total + self.recipe.tv_weight * total_variation(picture)


class Search:
    """Adam at one scale, with the average of its pictures."""

    def __init__(self, losses: Losses, start: torch.Tensor, moments: dict[str, torch.Tensor] | None, recipe: Recipe, decay: float) -> None:
        """start : float32 (1, 3, h, w) in 0..1. moments : of the scale before. decay : momentum of the average."""
        self.losses, self.decay = losses, decay
        self.picture = start.clone().requires_grad_()
        self.optimizer = torch.optim.Adam([self.picture], recipe.learning_rate, BETAS)  # not fused: that mixes up strides
        if moments:
            first, second = (enlarged(moments[name], *start.shape[2:], how) for name, how in MOMENTS.items())
            self.optimizer.state[self.picture] = {"step": moments["step"], "exp_avg": first, "exp_avg_sq": second.relu()}
        self.sum, self.weight = (1 - decay) * start, 1 - decay  # the start counts as the first of the pictures

    def step(self) -> float:
        """One iteration; returns the loss before it."""
        loss = self.losses(self.picture)
        self.picture.grad = torch.autograd.grad(loss, self.picture)[0]
        self.optimizer.step()
        with torch.no_grad():
            self.picture.clamp_(0, 1)
            self.sum.lerp_(self.picture, 1 - self.decay)
        self.weight = self.decay * self.weight + 1 - self.decay
        return loss.item()

    def average(self) -> torch.Tensor:
        """(1, 3, h, w)."""
        return self.sum / self.weight

    def moments(self) -> dict[str, torch.Tensor]:
        return self.optimizer.state[self.picture]


MOMENTS = {"exp_avg": "bicubic", "exp_avg_sq": "bilinear"}  # how each is enlarged


class TraceOfRoot(torch.autograd.Function):
    """Trace of the square root of a symmetric positive matrix (n, n)."""

    @staticmethod
    def forward(ctx: Any, matrix: torch.Tensor) -> torch.Tensor:
        values, vectors = torch.linalg.eigh(matrix)
        roots = newton_schulz(values)
        ctx.save_for_backward(roots, vectors)
        return roots.sum()

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        """The solution X of root X + X root = gradient I, half the root's inverse, by Newton-Schulz iterations for the sign function.

        They are those of Lin and Maji, "Improved Bilinear Pooling with CNNs" (BMVC 2017), for a right side that commutes with the root.
        """
        roots, vectors = ctx.saved_tensors
        norm = torch.linalg.vector_norm(roots)
        sign, x = roots / norm, torch.ones_like(roots)
        for _ in range(ROOT_ITERATIONS):
            factor = (3 - sign.square()) / 2
            sign, x = sign * factor, x * factor
        return vectors * (x * gradient / (2 * norm)) @ vectors.T


def square_root(matrix: torch.Tensor) -> torch.Tensor:
    """Of a symmetric positive matrix (n, n)."""
    values, vectors = torch.linalg.eigh(matrix)
    return vectors * newton_schulz(values) @ vectors.T


def newton_schulz(values: torch.Tensor) -> torch.Tensor:
    """What becomes of a matrix' eigenvalues (n,) in coupled Newton-Schulz iterations for its square root: the least come out too small."""
    norm = torch.linalg.vector_norm(values)
    root, inverse = values / norm, torch.ones_like(values)
    for _ in range(ROOT_ITERATIONS):
        factor = (3 - root * inverse) / 2
        root, inverse = root * factor, inverse * factor
    return root * norm.sqrt()


def gaussian(features: torch.Tensor) -> Gaussian:
    """Mean (n,) and covariance (n, n), with `RIDGE`, of features (1, n, h, w)."""
    flat = features.permute(0, 2, 3, 1).reshape(-1, features.shape[1])  # (h*w, n): channels are last, no copy
    mean = flat.mean(0)
    return mean, flat.T @ flat / len(flat) - torch.outer(mean, mean) + RIDGE * torch.eye(len(mean))


def with_root(target: Gaussian) -> tuple[Gaussian, torch.Tensor]:
    """A painting's Gaussian with the square root of its covariance."""
    return target, square_root(target[1])


def wasserstein(source: Gaussian, target: Gaussian, root: torch.Tensor) -> torch.Tensor:
    """The squared Wasserstein-2 distance over the number of features; `root` is that of the target's covariance."""
    overlap = TraceOfRoot.apply(root @ source[1] @ root)
    return F.mse_loss(source[0], target[0]) + (source[1].trace() + target[1].trace() - 2 * overlap) / len(root)


def total_variation(picture: torch.Tensor) -> torch.Tensor:
    """Mean squared differences of neighbors in a picture (1, 3, h, w): 2/3 of those across and down, 1/6 of those along diagonals."""
    padded = F.pad(picture, (1, 1, 1, 1), mode="replicate")
    straight = picture.diff(dim=2).square().sum() + picture.diff(dim=3).square().sum()  # over the edge there is no difference
    falling, rising = padded[..., 1:, 1:] - padded[..., :-1, :-1], padded[..., 1:, :-1] - padded[..., :-1, 1:]
    return straight * (2 / 3 / picture.numel()) + (falling.square().mean() + rising.square().mean()) / 6


def plan(
    network: Network, style: np.ndarray, sizes: list[tuple[int, int]], counts: list[int], recipe: Recipe, seconds: float | None
) -> tuple[float, list[float]]:
    """The share of the recipe's iterations for which there is time, at most 1, and the second at which each scale is to end."""
    if seconds is None:
        return 1.0, [math.inf] * len(sizes)
    whole = np.array([count * cost(network, style, *size, recipe) for size, count in zip(sizes, counts)])
    return min(1.0, seconds / float(whole.sum())), (seconds * whole.cumsum() / whole.sum()).tolist()


def cost(network: Network, style: np.ndarray, height: int, width: int, recipe: Recipe) -> float:
    """Seconds of an iteration, measured once for each size."""
    if (height, width) not in network.costs:
        picture = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0))
        losses = Losses(network, picture, resized(style, *painting_size(style, height, width, recipe)), recipe)
        search, times = Search(losses, picture, None, recipe, recipe.averaging), []
        for _ in range(1 + TIMED):
            began = time.monotonic()
            search.step()
            times.append(time.monotonic() - began)
        network.costs[height, width] = statistics.median(times[1:])
    return network.costs[height, width]


@functools.cache
def load(vgg_path: str, dtype: str) -> Network:
    return Network(files.random_weights() if vgg_path == "random" else files.read(vgg_path)[0], dtype)


def resolve(dtype: str) -> str:
    """`auto` is bfloat16 where the processor has instructions for it, as for ours."""
    if dtype != "auto":
        return dtype
    return "bfloat16" if {"avx512_bf16", "amx_bf16"} & processor_flags() else "float32"


def sides(least: int, last: int) -> list[int]:
    """Long sides, coarse to fine: [128, 181, 256] for 128 and 256."""
    found = [last]
    while (side := round(last / 2 ** (len(found) / 2))) >= min(least, last):
        found.append(side)
    return found[::-1]


def fit_long_side(height: int, width: int, side: int) -> tuple[int, int]:
    """Size of a picture whose long side gets `side` pixels."""
    return round(side * height / max(height, width)), round(side * width / max(height, width))


def painting_size(painting: np.ndarray, height: int, width: int, recipe: Recipe) -> tuple[int, int]:
    """Size of a painting beside a content (height, width): at most its own."""
    own_height, own_width = painting.shape[:2]
    by = {"side": max(height, width) / max(own_height, own_width), "area": math.sqrt(height * width / (own_height * own_width))}
    scale = min(1.0, by[recipe.painting_size])
    return round(own_height * scale), round(own_width * scale)


def resized(picture: np.ndarray, height: int, width: int) -> torch.Tensor:
    """uint8 (h, w, 3) to float32 (1, 3, height, width) in 0..1."""
    array = np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC))
    return torch.from_numpy(array / np.float32(255)).permute(2, 0, 1)[None].contiguous()


def enlarged(tensor: torch.Tensor, height: int, width: int, how: str = "bicubic") -> torch.Tensor:
    """(1, 3, h, w) to (1, 3, height, width)."""
    return F.interpolate(tensor, (height, width), mode=how)
