"""What the shipped networks make of small drawn characters and our own paintings, in float32.

The pictures in `goldens/` are these; `python tests/shipped/cases.py` writes them anew, for networks that are trained anew.
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from mangastyle.io import images, weights
from mangastyle.lineart.regions import find_regions
from mangastyle.lineart.sketch import sketch
from mangastyle.ops import pixels
from mangastyle.ops.lab import lab_to_rgb
from mangastyle.ops.layers import Layers, composite
from mangastyle.ops.random import uniforms
from mangastyle.shade import region_network
from mangastyle.shade.files import find_regions_network
from mangastyle.shade.region_colors import RegionColorizer
from mangastyle.shade.region_tensors import describe
from mangastyle.shade.shading import Shading
from mangastyle.shade.simulated_hints import HINTS, NUM_UNIFORMS
from mangastyle.shade.unet_shader import load_generator
from mangastyle.style.stylize import stylize
from mangastyle.synthetic.characters import character, draw
from mangastyle.synthetic.paintings import paint
from mangastyle.vgg.backbone import backbone
from mangastyle.vgg.network import features

GOLDENS = Path(__file__).parent / "goldens"
SIDE = 64  # pixels
CHARACTERS = (5001, 5002)  # seeds; training drew others
PAINTERS = ("brush", "wash")
LAYERS = {"relu1_2": 6000.0, "relu3_1": 6500.0, "relu4_1": 18000.0}  # with the norm that is shown as 255
GENERATORS = {"shade": "proportional", "shade-paper": "paper", "baseline": "paper"}  # the hint that each was trained with


@cache
def generator(name: str) -> keras.Model:
    return load_generator(name, precision="float32")[0]


def shaded(name: str, seed: int) -> np.ndarray:
    """A character, sketched and shaded: one pass of the network at the size of its training."""
    picture = draw(seed, SIDE)
    line = tf.constant(pixels.normalize(sketch(picture))[None, ..., None])  # (1, h, w, 1)
    numbers = tf.constant(uniforms(seed, 0, 1, NUM_UNIFORMS))
    hint = HINTS[GENERATORS[name]](tf.constant(pixels.normalize(picture)[None]), numbers)  # (1, h, w, 3)
    return pixels.denormalize(generator(name)({"line": line, "hint": hint})[0].numpy())


def region_colors(seed: int) -> np.ndarray:
    """Line art of a character, each region in the mean of the colors that the network thinks of without a hint: no near tie decides."""
    line = pixels.to_rgb(character(seed, 2 * SIDE).line)
    path, spec = find_regions_network()
    network = region_network.build(spec)
    weights.fill(network.model, path, "regions")
    found = describe(find_regions(line).labels, len(find_regions(line).areas))
    order = tf.argsort(found.areas, direction="DESCENDING", stable=True)
    inputs = RegionColorizer(network, spec)._inputs(tf.constant(line), found, order)
    none = {"colors": tf.zeros_like(inputs["centers"])[..., :1] * tf.ones(3), "known": tf.zeros_like(inputs["areas"])}
    shares = tf.exp(network.decoder({**inputs, **none}, training=False)[0, 1:, -spec.colors :])  # (n, k)
    colors = tf.scatter_nd(order[:, None], lab_to_rgb(shares @ network.palette), (len(order), 3)).numpy()
    return pixels.to_uint8(colors[found.labels.numpy()])


def flats_shaded(seed: int) -> np.ndarray:
    """A character's flat colors with soft shading."""
    drawn = character(seed, 2 * SIDE)
    shading, highlights = Shading("shading", precision="float32")(drawn.line, drawn.flat)
    return composite(Layers(drawn.flat, shading, highlights, np.full_like(drawn.flat, 255)))


def stylized(seed: int, painter: str, side: int = SIDE) -> np.ndarray:
    """A character in the style of a painting, in one pass."""
    return stylize(draw(seed, side), paint(painter, seed, side, side), method="onepass", size=0, precision="float32")


def norms(network: keras.Model, seed: int) -> np.ndarray:
    """Norms of a VGG-19's features of a character, one layer a channel; they do not change when feature space is rotated."""
    found = features(network, tuple(LAYERS))(draw(seed, SIDE)[None].astype(np.float32))
    maps = [np.linalg.norm(found[name].numpy()[0], axis=-1) / scale * 255 for name, scale in LAYERS.items()]
    assert max(x.max() for x in maps) <= 255
    return np.stack([np.kron(np.rint(x), np.ones((SIDE // len(x),) * 2)) for x in maps], -1).astype(np.uint8)


def made(name: str, index: int) -> np.ndarray:
    """The picture of golden `index`, 0 or 1, of a shipped file."""
    seed = CHARACTERS[index]
    if name in GENERATORS:
        return shaded(name, seed)
    if name == "regions":
        return region_colors(seed)
    if name == "shading":
        return flats_shaded(seed)
    if name == "onepass":
        return stylized(seed, PAINTERS[index])
    return norms(backbone("slim"), seed)


def golden(name: str, index: int) -> np.ndarray:
    return images.load(GOLDENS / f"{name}-{index + 1}.png").rgb


if __name__ == "__main__":  # cases.py NAME ...; vgg19-full=FILE for the norms of the full VGG-19
    for argument in sys.argv[1:]:
        name, _, file = argument.partition("=")
        for index, seed in enumerate(CHARACTERS):
            picture = norms(backbone(file), seed) if file else made(name, index)
            images.save(GOLDENS / f"{name}-{index + 1}.png", picture, force=True)
