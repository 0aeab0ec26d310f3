"""Contact sheets of what the network that colors regions makes of held-out pictures."""

from __future__ import annotations

from typing import Sequence

import numpy as np

from mangastyle.engine import tf
from mangastyle.io import sheets
from mangastyle.ops import color
from mangastyle.shade.region_colors import RegionColorizer
from mangastyle.shade.region_network import RegionNetwork
from mangastyle.shade.region_tensors import RegionColors, describe
from mangastyle.shade.spec import RegionSpec

WHITE = (100.0, 0.0, 0.0)  # CIE Lab


def sheet(network: RegionNetwork, spec: RegionSpec, samples: Sequence[np.ndarray], known: np.ndarray) -> np.ndarray:
    """Samples in rows: line art, the colors without any known, those that are given as known, the colors then, the true ones.

    Parameters
    ----------
    network : RegionNetwork
    spec : RegionSpec
        Its specification.
    samples : sequence of records of `region_samples.record_type`
    known : ndarray of float32, shape (b, n)
        For each sample, 1 for the regions whose colors are given, else 0; the first stands for none.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
    """
    colorizer = RegionColorizer(network, spec)
    pictures = []
    for sample, own in zip(samples, known):
        true = sample["colors"][: sample["count"] + 1].copy()
        given = np.zeros(len(true), np.float32)
        given[: len(own)] = own[: len(true)]
        nothing, some = (_colors(colorizer, sample, true, x) for x in (np.zeros_like(given), given))
        hint = np.where(given[:, None] > 0, true, np.array(WHITE, np.float32))
        pictures += [sample["line"], *(_paint(sample, colors) for colors in (nothing, hint, some, true))]
    return sheets.grid(pictures, 5, gap=2)


def _colors(colorizer: RegionColorizer, sample: np.ndarray, colors: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Colors (n, 3) of all regions of a sample when some (n,) are known."""
    height, width = sample["shape"]
    line = np.repeat(sample["line"][:height, :width, None], 3, -1)
    regions = describe(tf.constant(sample["labels"][:height, :width], tf.int32), len(colors))
    return colorizer(tf.constant(line), regions, RegionColors(tf.constant(colors * known[:, None]), tf.constant(known))).numpy()


def _paint(sample: np.ndarray, colors: np.ndarray) -> np.ndarray:
    """A sample's regions in some colors (n, 3), of which the first is white paper, with its lines over them: uint8 (s, s, 3)."""
    colors = np.concatenate([np.array([WHITE], np.float32), colors[1:]])
    rgb = color.lab_to_rgb(colors[None])[0][sample["labels"]]
    return (rgb * (sample["line"][..., None] / 255)).astype(np.uint8)
