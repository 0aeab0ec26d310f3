"""The training step of `mangastyle.train` in PyTorch: the same layers, losses, optimizers and averaging.

Written to be fast on a processor: channels last, autocast, fused Adam, and gradients asked for exactly the
parameters that need them, so that no pass through the discriminator is made twice and no unused gradient is computed.
Two things differ, both in the twin's favor: it gets line art and hints ready-made, and where TensorFlow pads
5x5 kernels of stride 2 by 1 and 2 pixels it pads 2 and 2, which costs no extra copy.
"""

from __future__ import annotations

import os

import torch
from torch import nn
from torch.nn import functional as F

from mangastyle.training.settings import TrainSettings


class Generator(nn.Module):
    """U-Net: line art (b, 1, s, s) and hint (b, 3, s, s) to color (b, 3, s, s)."""

    def __init__(self, settings: TrainSettings) -> None:
        super().__init__()
        widths = [settings.width * 2**level for level in range(settings.levels)]
        self.transpose = settings.upsample == "transpose"
        self.down = _down(4, widths)
        self.residual = nn.ModuleList(_residual(widths[-1]) for _ in range(settings.residual_blocks))
        self.up = nn.ModuleList()
        before = widths[-1]
        for width in reversed(widths[:-1]):
            self.up.append(self._up(before, width))
            before = 2 * width  # with the skip
        if self.transpose:
            self.last = _transpose(before, 3)
        else:
            width = settings.width // 2 or 1
            self.up.append(self._up(before, width))
            self.last = nn.Sequential(nn.Conv2d(width + 4, width, 3, padding=1), nn.LeakyReLU(0.2), nn.Conv2d(width, 3, 3, padding=1))

    def _up(self, before: int, width: int) -> nn.Module:
        if self.transpose:
            return nn.Sequential(_transpose(before, width), _normalize(width), nn.LeakyReLU(0.2))
        enlarge = nn.Upsample(scale_factor=2, mode="bilinear")
        return nn.Sequential(nn.Conv2d(before, width, 3, padding=1), _normalize(width), nn.LeakyReLU(0.2), enlarge)

    def forward(self, line: torch.Tensor, hint: torch.Tensor) -> torch.Tensor:
        x = torch.cat([line, hint], 1)
        skips = [x]
        for down in self.down:
            x = down(x)
            skips.append(x)
        for block in self.residual:
            x = x + block(x)
        for up, skip in zip(self.up, reversed(skips[:-1])):
            x = torch.cat([up(x), skip], 1)
        return self.last(x).float().tanh()


class Discriminator(nn.Module):
    """Picture and condition (b, c, s, s) to a logit (b, 1)."""

    def __init__(self, settings: TrainSettings) -> None:
        super().__init__()
        widths = [settings.width * 2**level for level in range(settings.levels)]
        self.down = _down(7 if settings.condition_on_line else 6, widths)
        self.logit = nn.Linear(widths[-1] * (settings.size // 2**settings.levels) ** 2, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for down in self.down:
            x = down(x)
        with torch.autocast("cpu", enabled=False):  # the logit is float32 whatever the rest is
            return self.logit(x.float().flatten(1))


def make_step(settings: TrainSettings, dtype: str):
    """(one training step, trainable parameters, those with moving statistics); `dtype`: float32 or bfloat16."""
    torch.manual_seed(0)
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    generator = Generator(settings).to(memory_format=torch.channels_last)
    discriminator = Discriminator(settings).to(memory_format=torch.channels_last)
    averaged = [parameter.detach().clone() for parameter in generator.parameters()] if settings.ema else []
    both = [list(generator.parameters()), list(discriminator.parameters())]
    optimizers = [torch.optim.Adam(p, settings.learning_rate, (settings.beta_1, 0.999), eps=1e-7, fused=True) for p in both]
    line, hint, color = (
        (2 * torch.rand(settings.batch, channels, settings.size, settings.size) - 1).to(memory_format=torch.channels_last)
        for channels in (1, 3, 3)
    )
    condition = torch.cat([hint, line], 1) if settings.condition_on_line else hint
    pixel_loss = {"l1": F.l1_loss, "l2": F.mse_loss}[settings.pixel_loss]

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype == "bfloat16"):
            generated = generator(line, hint)
            fake = discriminator(torch.cat([generated, condition], 1))
            real = discriminator(torch.cat([color, condition], 1))
        d_loss = F.softplus(-real).mean() + F.softplus(fake).mean()
        loss = settings.pixel_weight * pixel_loss(generated, color) + settings.gan_weight * F.softplus(-fake).mean()
        gradients = torch.autograd.grad(loss, both[0], retain_graph=True), torch.autograd.grad(d_loss, both[1])
        for optimizer, parameters, values in zip(optimizers, both, gradients):
            for parameter, value in zip(parameters, values):
                parameter.grad = value
            optimizer.step()
        if averaged:
            torch._foreach_lerp_(averaged, [parameter.detach() for parameter in both[0]], 1 - settings.ema)

    trainable = sum(parameter.numel() for parameters in both for parameter in parameters)
    buffers = [*generator.buffers(), *discriminator.buffers()]
    statistics = sum(buffer.numel() for buffer in buffers if buffer.is_floating_point())
    return step, trainable, trainable + statistics


def _down(before: int, widths: list[int]) -> nn.ModuleList:
    blocks = nn.ModuleList()
    for level, width in enumerate(widths):
        norm = [_normalize(width)] if level else []
        blocks.append(nn.Sequential(nn.Conv2d(before, width, 5, 2, padding=2), *norm, nn.LeakyReLU(0.2)))
        before = width
    return blocks


def _residual(width: int) -> nn.Module:
    conv = [nn.Conv2d(width, width, 3, padding=1) for _ in range(2)]
    return nn.Sequential(conv[0], _normalize(width), nn.LeakyReLU(0.2), conv[1], _normalize(width))


def _transpose(before: int, width: int) -> nn.Module:
    return nn.ConvTranspose2d(before, width, 5, 2, padding=2, output_padding=1)


def _normalize(width: int) -> nn.Module:
    return nn.BatchNorm2d(width, eps=1e-5, momentum=0.1)  # Keras counts momentum from the other end: 0.9
