"""What VGG-19's layers know of a picture: a picture made from noise that has the same features or statistics.

Content (Fig. 10): a layer's features pin the picture down, the deeper the less of its pixels. Style (Fig. 11): Gram
matrices keep texture and colours and forget where things are, the more layers the larger the patterns.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import keras
import numpy as np
from tqdm import tqdm

from mangastyle import images, precision
from mangastyle.config import ReconstructConfig, StyleConfig, save_config
from mangastyle.errors import MangastyleError
from mangastyle.style import vgg
from mangastyle.style.optimizers import Result
from mangastyle.style.prepare import to_pixels
from mangastyle.style.transfer import Callback, Painter, check

COLUMNS = 6  # of the sheet
FROM_NOISE = StyleConfig(init="noise", min_size=0, distance="gram", tv_weight=ReconstructConfig.tv_weight)


def reconstruct(
    picture: np.ndarray, layers: tuple[str, ...], kind: str = "content", options: StyleConfig = FROM_NOISE,
    backbone: keras.Model | None = None, callback: Callback | None = None,
) -> np.ndarray:  # fmt: skip
    """Find a picture with the features (equation 1) or the style statistics (equation 5) of `picture` in all `layers`.

    picture : uint8 (h, w, 3). Returns uint8, of short side `options.size`, or exactly as large if that is 0. Of the
    other options those count that say where to start and how to search. Losses are in their mean form, so that the
    weight of the total variation means the same in all layers. `backbone` and `callback` as for `transfer.stylize`.
    Raises `MangastyleError` for unknown layers and kinds, and for pictures smaller than 32 pixels.
    """
    return to_pixels(_search(picture, layers, kind, options, backbone, callback).picture)


def _search(
    picture: np.ndarray, layers: tuple[str, ...], kind: str, options: StyleConfig,
    backbone: keras.Model | None, callback: Callback | None,
) -> Result:  # fmt: skip
    """Paint the picture in its own style, judged by its content alone or by its style alone."""
    if kind not in ("content", "style"):
        raise MangastyleError(f"no such kind of reconstruction: {kind!r}; there are content and style")
    vgg.check_layers("layers", layers)
    options = dataclasses.replace(
        options, content_layers=layers, style_layers=layers, content_weight=float(kind == "content"), style_weight=float(kind == "style"),
        strength=0.5, loss="mean", style_size="content", style_weights=(), style_layer_weights=(), mask=(),
        keep_colors=False, match_colors=False,
    )  # fmt: skip
    return Painter([picture], options, backbone).paint(picture, callback)


def sets(layers: tuple[str, ...], kind: str) -> list[tuple[str, ...]]:
    """The layers of each picture of the figure: one after the other for content, ever more of them for style."""
    return [layers[i if kind == "content" else 0 : i + 1] for i in range(len(layers))]


def sheet(picture: np.ndarray, made: list[np.ndarray], layers: tuple[str, ...], kind: str) -> np.ndarray:
    """The picture and its reconstructions, all uint8 (h, w, 3) of one size, under the names of their layers."""
    names = ["picture", layers[0], *(f"+ {name}" if kind == "style" else name for name in layers[1:])]
    tiles = [images.captioned(rgb, name) for rgb, name in zip([picture, *made], names, strict=True)]
    return images.grid(tiles, min(COLUMNS, len(tiles)))


def command(options: ReconstructConfig) -> None:
    """`mangastyle reconstruct`: KIND-LAYER.png for each layer, KIND-sheet.png of all, and config.json, in one folder."""
    if not options.inputs:
        raise MangastyleError("no input: name a picture, as in 'mangastyle reconstruct picture.png'")
    vgg.check_layers("--layers", options.layers)
    shared = ("seed", "size", "optimizer", "iterations", "tv_weight", "max_megapixels")
    search = dataclasses.replace(FROM_NOISE, **{name: getattr(options, name) for name in shared})
    check(search, 1)
    source = Path(options.inputs)
    out = Path(options.out) if options.out else source.with_name(f"{source.stem}-reconstructed")
    for name in (*options.layers, "sheet"):
        images.check_writable(out / f"{options.kind}-{name}.png", options.force)
    picture = images.load(source, int(options.max_megapixels * 1e6), vgg.MIN_SIDE).rgb
    backbone = vgg.backbone(options.backbone, options.allow_download, policy=precision.resolve(options.precision))
    made = []
    for name, layers in zip(options.layers, sets(options.layers, options.kind)):
        with tqdm(total=options.iterations, desc=name, unit="it", disable=None) as bar:
            result = _search(picture, layers, options.kind, search, backbone, lambda record, _: bar.update(record.iteration - bar.n))
        if result.interrupted:
            raise KeyboardInterrupt
        made.append(to_pixels(result.picture))
        images.save(out / f"{options.kind}-{name}.png", made[-1], force=options.force)
    picture = images.resize(picture, *made[0].shape[:2])
    target = images.save(out / f"{options.kind}-sheet.png", sheet(picture, made, options.layers, options.kind), force=options.force)
    save_config(out, "reconstruct", options)
    print(f"{out}: {len(made)} pictures, and all of them on {target}")
