"""Style transfer in PyTorch: the loss and gradient of `mangastyle.style.optimize.objective`, and L-BFGS as usual tools run it.

Written to be fast on a processor: channels last, weights cast once and without gradients, ReLU in place, the network
only as deep as the layers that are needed, targets computed once, all cores. In bfloat16 it
computes what autocast does, without casting the weights at every call. Gram matrices and losses are float32, as ours.
"""

from __future__ import annotations

import os
import sys
from typing import Callable

import numpy as np
import torch
from torch.nn import functional as F

from mangastyle.style.settings import OptimizeSettings

# Torch loads Triton on first use. Without a GPU it needs none, and Triton crashes in a process that has loaded TensorFlow.
if not torch.cuda.is_available():
    sys.modules["triton"] = None  # type: ignore[assignment]

MEAN_RGB = (123.68, 116.779, 103.939)  # of the pictures that VGG-19 was trained on
START_LOSS = 1e4  # `lbfgs` scales the loss to this at its start

Weights = dict[str, tuple[np.ndarray, np.ndarray]]


class Objective:
    """Equation 7 with total variation, with reduction `mean`, at strength 0.5, for one painting."""

    def __init__(
        self, weights: Weights, content: np.ndarray, painting: np.ndarray, settings: OptimizeSettings,
        dtype: str = "float32", compiled: bool = False,
    ) -> None:  # fmt: skip
        """`weights` as in `mangastyle.vgg.network`: {"conv1_1": (kernel (3, 3, in, out) for BGR, bias (out,)), ...}.

        content, painting : uint8 (h, w, 3). settings : for their weights and layers, all of them ReLU.
        dtype : the network's, float32 or bfloat16. compiled : by `torch.compile`.
        """
        torch.set_num_threads(len(os.sched_getaffinity(0)))
        self.settings, self.dtype = settings, getattr(torch, dtype)
        self.network = []  # (name of the ReLU, kernel (out, in, 3, 3), bias (out,)), down to the deepest layer needed
        for name, (kernel, bias) in weights.items():
            if name == "conv1_1":
                kernel = kernel[:, :, ::-1].copy()  # for RGB
            kernel = torch.from_numpy(kernel).permute(3, 2, 0, 1).to(self.dtype, memory_format=torch.channels_last)
            self.network.append((name.replace("conv", "relu"), kernel, torch.from_numpy(bias).to(self.dtype)))
            if {*settings.content_layers, *settings.style_layers} <= {relu for relu, _, _ in self.network}:
                break
        with torch.no_grad():
            found = self.features(torch.from_numpy(content).float())
            self.content = {name: _with_unit(found[name]) for name in settings.content_layers}
            found = self.features(torch.from_numpy(painting).float())
            self.grams = {name: _with_unit(mean_gram(found[name])) for name in settings.style_layers}
        self.losses = torch.compile(self._losses, dynamic=False) if compiled else self._losses

    def __call__(self, picture: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Of a picture, float32 (h, w, 3) in 0..255: (total, content, style, tv), and the gradient of the total."""
        picture = picture.detach().requires_grad_()
        losses = self.losses(picture)
        return losses.detach(), torch.autograd.grad(losses[0], picture)[0]

    def features(self, picture: torch.Tensor) -> dict[str, torch.Tensor]:
        """A picture, float32 (h, w, 3) in 0..255, to the float32 features (1, n, h', w') of every layer needed."""
        x = (picture - picture.new_tensor(MEAN_RGB)).permute(2, 0, 1)[None].to(self.dtype)  # channels last, no copy
        found, block = {}, "1"
        for name, kernel, bias in self.network:
            if name[4] != block:  # (1, n, h, w) to (1, n, h/2, w/2)
                x, block = F.avg_pool2d(x, 2), name[4]
            x = F.relu_(F.conv2d(x, kernel, bias, padding=1))
            if name in self.settings.content_layers or name in self.settings.style_layers:
                found[name] = x.float()
        return found

    def _losses(self, picture: torch.Tensor) -> torch.Tensor:
        found = self.features(picture)
        content = sum(F.mse_loss(found[name], p) / unit for name, (p, unit) in self.content.items())
        style = sum(F.mse_loss(mean_gram(found[name]), a) / unit for name, (a, unit) in self.grams.items())
        style = style / len(self.grams)
        one = picture / 255
        tv = F.mse_loss(one[1:], one[:-1]) + F.mse_loss(one[:, 1:], one[:, :-1])
        settings = self.settings
        total = settings.content_weight * content + settings.style_weight * style + settings.tv_weight * tv
        return torch.stack([total, content, style, tv])


def mean_gram(features: torch.Tensor) -> torch.Tensor:
    """(1, n, h, w) to (n, n)."""
    flat = features.permute(0, 2, 3, 1).reshape(-1, features.shape[1])  # (h*w, n): channels are last, no copy
    return flat.T @ flat / len(flat)


def lbfgs(objective: Objective, start: np.ndarray, iterations: int, callback: Callable[[float], None]) -> np.ndarray:
    """Single-scale L-BFGS from `start`, (h, w, 3) in 0..255; `callback` gets the total loss before each iteration.

    As in neural-style-pt: learning rate 1, a history of 100, no line search, no tolerances, one evaluation an
    iteration. Pixels count as 0..1 and are clipped at the end only. Returns float32 (h, w, 3) in 0..255.
    """
    x = (torch.from_numpy(start).float() / 255).requires_grad_()
    optimizer = torch.optim.LBFGS([x], lr=1, max_iter=1, history_size=100, tolerance_grad=-1, tolerance_change=-1, line_search_fn=None)
    # PyTorch's L-BFGS keeps no curvature below a fixed number: the loss must be far above it.
    scale = START_LOSS / objective(255 * x)[0][0].item()

    def closure() -> torch.Tensor:
        losses, gradient = objective(255 * x)
        x.grad = gradient * (255 * scale)
        callback(losses[0].item())
        return losses[0] * scale

    for _ in range(iterations):
        optimizer.step(closure)
    return (255 * x.detach()).clamp(0, 255).numpy()


def _with_unit(target: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """A target and its mean square, in which errors are measured."""
    return target, target.square().mean() + 1e-12
