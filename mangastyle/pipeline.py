"""The whole way, stage by stage: picture, sketch, hint, shaded colour, painter's style (paper, Fig. 1 to 14)."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import Callable, NamedTuple

import numpy as np
from tqdm import tqdm

from mangastyle import folder, images, precision
from mangastyle.config import RunConfig, StyleConfig, save_config
from mangastyle.data import characters, painters
from mangastyle.errors import MangastyleError
from mangastyle.shade import hints
from mangastyle.shade.infer import Shader
from mangastyle.shade.lines import is_line_art
from mangastyle.shade.sketch import sketch
from mangastyle.style import fast, vgg
from mangastyle.style.prepare import to_pixels
from mangastyle.style.transfer import Painter, scales

CHARACTER = 7  # the drawn character that is the demo's picture
STAGES = ("sketch", "hint", "shaded", "stylised")
SHEET = ("picture", "sketch", "hint", "shaded", "style", "stylised")

OPTIMISED = ("iterations", "backbone", "allow_download")  # options that one pass has no use for


class Stages(NamedTuple):
    """What `run` makes; each uint8 RGB (h, w, 3), `sketch` uint8 (h, w), all of one size but for the painting.

    by : how the style was painted, if not by the full VGG-19: "one pass", "slim VGG-19", "random VGG-19" or "".
    """

    picture: np.ndarray
    sketch: np.ndarray
    hint: np.ndarray
    shaded: np.ndarray
    style: np.ndarray
    stylised: np.ndarray
    by: str


class Pipeline:
    """All networks loaded for one painting, or for several that are blended: pictures go through all stages.

    styles : the paintings, uint8 (h, w, 3). Raises `MangastyleError` as the stages do.
    """

    def __init__(self, styles: list[np.ndarray], options: RunConfig = RunConfig()) -> None:
        self.styles, self.options = styles, options
        style = StyleConfig(size=0, strength=options.strength, seed=options.seed, precision=options.precision)
        self._paint: Callable[[np.ndarray], np.ndarray]
        if not options.quality:
            self.by = "one pass"
            self._paint = fast.FastPainter(styles, dataclasses.replace(style, fast=True, fast_weights=options.fast_weights)).paint
        else:  # first of all networks: the one most likely to be missing
            backbone = vgg.backbone(options.backbone, options.allow_download, policy=precision.resolve(options.precision))
            self.by = "" if backbone.name == "full" else f"{backbone.name} VGG-19"
            self._paint = _optimised(Painter(styles, dataclasses.replace(style, iterations=options.iterations), backbone))
        self.shader = Shader(options.weights, options.precision)

    def __call__(self, picture: np.ndarray) -> Stages:
        """picture : uint8 (h, w, 3), line art or colour. With `--hint auto` the hint is simulated from a colour picture; line art gets none."""
        options = self.options
        given = _given_hint(options, picture)
        if options.size and options.size < min(picture.shape[:2]):
            picture = images.resize(picture, *images.fit_short_side(*picture.shape[:2], options.size))
        height, width = picture.shape[:2]
        lined = bool(is_line_art(picture))
        hint = self.shader.simulated_hint(picture, seed=options.seed) if options.hint == "auto" and not lined else given
        shaded = self.shader(picture, hint)
        return Stages(
            picture=picture,
            sketch=picture[..., 0] if lined else sketch(picture),
            hint=images.resize(hint.at(*np.minimum(hint.said.shape, (height, width)).tolist()), height, width) if hint else np.full_like(picture, 255),
            shaded=shaded,
            style=self.styles[0],
            stylised=self._paint(shaded),
            by=self.by,
        )


def _given_hint(options: RunConfig, picture: np.ndarray) -> hints.Hint | None:
    return None if options.hint in ("auto", "none") else hints.read(Path(options.hint), *picture.shape[:2])


def _optimised(painter: Painter) -> Callable[[np.ndarray], np.ndarray]:
    """Paint by optimisation, with a progress bar."""

    def paint(shaded: np.ndarray) -> np.ndarray:
        total = sum(count for *_, count in scales(*shaded.shape[:2], painter.options))
        with tqdm(total=total, desc="style", unit="it", leave=False, disable=None) as bar:
            return to_pixels(painter.paint(shaded, lambda record, _: bar.update(record.iteration - bar.n)).picture)

    return paint


def run(picture: np.ndarray, styles: list[np.ndarray], options: RunConfig = RunConfig()) -> Stages:
    """Take one picture through all stages, see `Pipeline`."""
    _given_hint(options, picture)  # wrong ones are found before networks are loaded
    return Pipeline(styles, options)(picture)


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
        if name == "stylised" and stages.by:
            name = f"stylised ({stages.by})"
        tiles.append(images.captioned(rgb, name))
    return np.hstack(tiles)


def command(options: RunConfig) -> None:
    """`mangastyle run`: all results, a labelled sheet of them and config.json, in one folder."""
    if options.size and not vgg.MIN_SIDE <= options.size <= characters.MAX_SIZE:
        raise MangastyleError(f"--size: must be 0, or from {vgg.MIN_SIDE} to {characters.MAX_SIZE}, not {options.size}")
    for name in OPTIMISED:
        if not options.quality and getattr(options, name) != getattr(RunConfig, name):
            raise MangastyleError(f"--{name.replace('_', '-')}: is for painting by optimisation; add --quality")
    if len(options.style) > 1 and not options.inputs:
        raise MangastyleError("no picture, but several paintings: name the picture before --style, as in 'mangastyle run picture.png --style a.jpg b.jpg'")
    limit = int(options.max_megapixels * 1e6)

    def prepare() -> Pipeline:
        styles = [images.load(path, limit, vgg.MIN_SIDE).rgb for path in options.style] or [painters.paint("brush", options.seed)]
        return Pipeline(styles, options)

    if options.inputs and Path(options.inputs).is_dir():
        return folder.process("run", options, "run", lambda: _with_stages_beside(prepare(), options), vgg.MIN_SIDE)
    out = Path(options.out)
    for name in (*STAGES, "sheet"):
        images.check_writable(out / f"{name}.png", options.force)
    if options.inputs:
        picture, alpha = images.load(options.inputs, limit, vgg.MIN_SIDE)
    else:
        picture, alpha = characters.draw(CHARACTER, options.size or RunConfig.size), None
    _given_hint(options, picture)
    stages = prepare()(picture)
    _save(stages, alpha, lambda name: out / f"{name}.png")
    images.save(out / "sheet.png", contact_sheet(stages), force=True)
    save_config(out, "run", options)
    print(f"{out}: {', '.join(f'{name}.png' for name in STAGES)} and all of them on {out / 'sheet.png'}")


def _with_stages_beside(pipeline: Pipeline, options: RunConfig) -> folder.Work:
    """For the pictures of a folder: the sheet is the result, NAME.png; beside it lie the stages, as NAME-sketch.png."""

    @functools.cache  # one look at each folder, however many pictures it holds
    def pictures(place: Path) -> dict[str, str]:
        return {other.stem: other.name for other in place.iterdir() if other.suffix.lower() in images.SUFFIXES}

    def work(picture: images.Picture, path: Path, target: Path) -> folder.Result:
        for name in STAGES:
            if other := pictures(path.parent).get(f"{path.stem}-{name}"):
                raise MangastyleError(f"{path}: its stages would have the name of what is made of {other}; rename one of them")
        stages = pipeline(picture.rgb)
        _save(stages, picture.alpha, lambda name: target.with_name(f"{target.stem}-{name}.png"))
        return contact_sheet(stages), None

    return work


def _save(stages: Stages, alpha: np.ndarray | None, place: Callable[[str], Path]) -> None:
    if alpha is not None:
        alpha = images.resize(alpha, *stages.picture.shape[:2])
    for name in STAGES:
        images.save(place(name), getattr(stages, name), alpha, force=True)
