"""Make the pictures of README.md from drawn characters and shipped weights:  python docs/make_pictures.py"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mangastyle import images
from mangastyle.config import RunConfig, StyleConfig
from mangastyle.data import characters, painters
from mangastyle.figures import FIGURES, Studio, draw
from mangastyle.files import make_folder
from mangastyle.pipeline import CHARACTER, Pipeline, contact_sheet, run
from mangastyle.shade import hints
from mangastyle.shade.infer import Shader
from mangastyle.style.fast import FastPainter

DOCS = Path(__file__).resolve().parent
SIDE = 256
GALLERY = 320


def strokes(character: characters.Character, count: int, seed: int = 4) -> dict:
    """Points a person might set: one in each of `count` larger areas of one flat colour."""
    random = np.random.default_rng(seed)
    flat = character.flat
    points, used = [], []
    for _ in range(4000):
        y, x = random.integers(12, flat.shape[0] - 12, 2)
        patch = flat[y - 4 : y + 5, x - 4 : x + 5].reshape(-1, 3)
        near = any(abs(y - v) + abs(x - u) < 22 for v, u in used)
        if patch.std(0).max() < 3 and not near and len(points) < count:
            used.append((y, x))
            points.append({"x": int(x), "y": int(y), "color": "#%02x%02x%02x" % tuple(flat[y, x]), "radius": 7})
    return {"points": points}


def hint_sheet(shader: Shader) -> np.ndarray:
    """Each kind of hint above what it makes of the same line art."""
    character = characters.character(CHARACTER, SIDE)
    line = np.repeat(character.line[..., None], 3, axis=2)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "points.json"
        file.write_text(json.dumps(strokes(character, 40)))
        points = hints.read(file, SIDE, SIDE)
    reference = characters.draw(36, SIDE)
    kinds = {
        "none": (None, None),
        "auto, --hint-kind paper": (shader.simulated_hint(character.rgb, "paper"), None),
        "auto (default)": (shader.simulated_hint(character.rgb), None),
        "points in a JSON file": (points, None),
        "a blurred picture": (hints.Hint(images.resize(images.resize(character.rgb, 10, 10), SIDE, SIDE), np.ones((SIDE, SIDE), np.float32)), None),
        "--palette of a reference": (shader.palette_hint(line, *hints.main_colours(reference)), reference),
    }
    columns = [_captioned("line art", [line, character.rgb])]
    for name, (hint, shown) in kinds.items():
        if shown is None:
            shown = images.resize(hint.at(SIDE, SIDE) if hint and hint.said.shape[0] == SIDE else hint.rgb, SIDE, SIDE) if hint else np.full((SIDE, SIDE, 3), 255, np.uint8)
        columns.append(_captioned(name, [shown, shader(line, hint)]))
    return np.hstack(columns)


def sizes(shader: Shader) -> np.ndarray:
    """The same character and hint at three sizes, pixel by pixel, and a close look at each."""
    hint = images.resize(characters.draw(CHARACTER, SIDE), 24, 24)
    columns = []
    for side in (64, 256, 1024):
        shaded = shader(np.repeat(characters.character(CHARACTER, side).line[..., None], 3, 2), hints.Hint(hint, np.ones((24, 24), np.float32)))
        close = shaded[side * 3 // 8 : side * 5 // 8, side * 3 // 8 : side * 5 // 8]
        columns.append(_captioned(f"{side} px", [_pixels(shaded), _pixels(close)]))
    return np.hstack(columns)


def _pixels(picture: np.ndarray, side: int = 512) -> np.ndarray:
    """Squares: enlarged by whole numbers, so that pixels are seen, or reduced."""
    times = side // len(picture)
    return picture.repeat(times, 0).repeat(times, 1) if times else images.resize(picture, side, side)


def gallery() -> np.ndarray:
    """Drawn characters through all stages, each in the style of all painters, in one pass."""
    paintings = {name: painters.paint(name) for name in painters.PAINTERS}
    first, *rest = paintings.values()
    pipeline, one_pass = Pipeline([first], RunConfig(size=GALLERY)), [FastPainter([p], StyleConfig(fast=True, size=0)) for p in rest]
    white = np.full((GALLERY, GALLERY, 3), 255, np.uint8)
    columns = [[white] for _ in ("drawn", "line art", "shaded")] + [[images.resize(images.crop_square(p), GALLERY, GALLERY)] for p in paintings.values()]
    for seed in (CHARACTER, 12, 31):
        stages = pipeline(characters.draw(seed, GALLERY))
        others = [painter.paint(stages.shaded) for painter in one_pass]
        row = [stages.picture, np.repeat(stages.sketch[..., None], 3, 2), stages.shaded, stages.stylised, *others]
        for column, picture in zip(columns, row):
            column.append(picture)
    names = ("drawn", "line art", "shaded", *paintings)
    return np.hstack([_captioned(name, column) for name, column in zip(names, columns)])


def _captioned(name: str, pictures: list[np.ndarray]) -> np.ndarray:
    column = images.grid(pictures, 1, gap=6)
    tile = Image.new("RGB", (column.shape[1] + 8, column.shape[0] + 26), "white")
    tile.paste(Image.fromarray(column), (4, 24))
    ImageDraw.Draw(tile).text((tile.width // 2, 12), name, fill="black", font=ImageFont.load_default(size=15), anchor="mm")
    return np.asarray(tile)


def main() -> None:
    shader = Shader()
    sheet = images.grid([characters.draw(seed, 160) for seed in range(24)], 8, gap=4)
    images.save(DOCS / "characters.jpg", sheet, force=True)
    images.save(DOCS / "hints.jpg", hint_sheet(shader), force=True)
    images.save(DOCS / "sizes.jpg", sizes(shader), force=True)
    options = RunConfig(size=SIDE, quality=True, backbone="slim")
    images.save(DOCS / "run.jpg", contact_sheet(run(characters.draw(CHARACTER, SIDE), [painters.paint("brush")], options)), force=True)
    images.save(DOCS / "gallery.jpg", gallery(), force=True)
    studio = Studio()
    for number in FIGURES:
        file = make_folder(DOCS / "figures") / f"figure-{number:02d}.jpg"
        draw(number, studio).savefig(file, dpi=90, pil_kwargs={"quality": 88})


if __name__ == "__main__":
    main()
