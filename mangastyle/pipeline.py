"""The whole way, stage by stage: picture, sketch, hint, shaded colour, painter's style (paper, Fig. 1 to 14)."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from mangastyle import images, precision
from mangastyle.config import RunConfig, StyleConfig, save_config
from mangastyle.data import characters, painters
from mangastyle.errors import MangastyleError
from mangastyle.shade import hints
from mangastyle.shade.infer import Shader
from mangastyle.shade.lines import is_line_art
from mangastyle.shade.sketch import sketch
from mangastyle.style import vgg
from mangastyle.style.prepare import to_pixels
from mangastyle.style.transfer import Painter, scales

CHARACTER = 7  # the drawn character that is the demo's picture
STAGES = ("sketch", "hint", "shaded", "stylised")
SHEET = ("picture", "sketch", "hint", "shaded", "style", "stylised")


class Stages(NamedTuple):
    """What `run` makes; each uint8 RGB (h, w, 3), `sketch` uint8 (h, w), all of one size but for the painting.

    backbone : which VGG-19 judged the style: "full", "slim" or "random".
    """

    picture: np.ndarray
    sketch: np.ndarray
    hint: np.ndarray
    shaded: np.ndarray
    style: np.ndarray
    stylised: np.ndarray
    backbone: str


def run(picture: np.ndarray, styles: list[np.ndarray], options: RunConfig = RunConfig()) -> Stages:
    """Take a picture through all stages.

    picture : uint8 (h, w, 3), line art or colour. styles : the paintings, uint8 (h, w, 3). With `--hint auto` the hint
    is simulated from a colour picture, and line art gets none. Raises `MangastyleError` as the stages do.
    """
    given = None if options.hint in ("auto", "none") else hints.read(Path(options.hint), *picture.shape[:2])
    # First of all networks: the one most likely to be missing.
    backbone = vgg.backbone(options.backbone, options.allow_download, policy=precision.resolve(options.precision))
    painter = Painter(styles, StyleConfig(iterations=options.iterations, size=0, seed=options.seed), backbone)
    shader = Shader(options.weights, options.precision)

    if options.size and options.size < min(picture.shape[:2]):
        picture = images.resize(picture, *images.fit_short_side(*picture.shape[:2], options.size))
    height, width = picture.shape[:2]
    lined = bool(is_line_art(picture))
    hint = shader.simulated_hint(picture, seed=options.seed) if options.hint == "auto" and not lined else given
    shaded = shader(picture, hint)
    total = sum(count for *_, count in scales(height, width, painter.options))
    with tqdm(total=total, desc="style", unit="it", disable=None) as bar:
        stylised = painter.paint(shaded, lambda record, _: bar.update(record.iteration - bar.n)).picture
    return Stages(
        picture=picture,
        sketch=picture[..., 0] if lined else sketch(picture),
        hint=images.resize(hint.at(*np.minimum(hint.said.shape, (height, width)).tolist()), height, width) if hint else np.full_like(picture, 255),
        shaded=shaded,
        style=styles[0],
        stylised=to_pixels(stylised),
        backbone=backbone.name,
    )


def contact_sheet(stages: Stages) -> np.ndarray:
    """All stages side by side with their names below: uint8 (h, w, 3)."""
    height = stages.picture.shape[0]
    tiles = []
    for name in SHEET:
        picture = getattr(stages, name)
        if name == "style":  # keeps its own shape, fitted to the row
            fitted = max(1, round(picture.shape[1] * height / picture.shape[0]))
            picture = images.resize(picture, height, fitted)
        rgb = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
        if name == "stylised" and stages.backbone != "full":
            name = f"stylised ({stages.backbone} VGG-19)"
        tiles.append(images.captioned(rgb, name))
    return np.hstack(tiles)


def command(options: RunConfig) -> None:
    """`mangastyle run`: all results, a labelled sheet of them and config.json, in one folder."""
    if options.size and not vgg.MIN_SIDE <= options.size <= characters.MAX_SIZE:
        raise MangastyleError(f"--size: must be 0, or from {vgg.MIN_SIDE} to {characters.MAX_SIZE}, not {options.size}")
    if len(options.style) > 1 and not options.picture:
        raise MangastyleError("no picture, but several paintings: name the picture before --style, as in 'mangastyle run picture.png --style a.jpg b.jpg'")
    out = Path(options.out)
    for name in (*STAGES, "sheet"):
        images.check_writable(out / f"{name}.png", options.force)
    limit = int(options.max_megapixels * 1e6)
    alpha = None
    if options.picture:
        picture, alpha = images.load(options.picture, limit, vgg.MIN_SIDE)
    else:
        picture = characters.draw(CHARACTER, options.size or RunConfig.size)
    styles = [images.load(path, limit, vgg.MIN_SIDE).rgb for path in options.style] or [painters.paint("brush", options.seed)]

    stages = run(picture, styles, options)
    if alpha is not None:
        alpha = images.resize(alpha, *stages.picture.shape[:2])
    for name in STAGES:
        images.save(out / f"{name}.png", getattr(stages, name), alpha, force=True)
    images.save(out / "sheet.png", contact_sheet(stages), force=True)
    save_config(out, "run", options)
    print(f"{out}: {', '.join(f'{name}.png' for name in STAGES)} and all of them on {out / 'sheet.png'}")
