"""Make the pictures of README.md from drawn characters and the weights that ship:  python docs/make_pictures.py"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mangastyle import Hint, Pipeline, Shader, Stylizer, run
from mangastyle.cli.run import contact_sheet
from mangastyle.io import images, sheets
from mangastyle.io.files import make_folder
from mangastyle.ops import pixels
from mangastyle.paper.figures import FIGURES, FigureContext, draw
from mangastyle.shade.hints import palette
from mangastyle.synthetic import characters
from mangastyle.synthetic import paintings as painters
from mangastyle.synthetic.figures import figure

DOCS = Path(__file__).resolve().parent
SIDE = 256
GALLERY = 320
PALETTE = ("#ffcc99", "navy", "white", "crimson")
FIGURE_HEIGHT, FIGURE_SEEDS = 360, ((90020, 90023), (90012, 90013))  # each with that of its reference


def points(character: characters.Character, count: int, seed: int = 4) -> list[tuple[int, int, str]]:
    """Points (x, y, color) as a person might set them: one in each of `count` larger areas of one flat color."""
    random = np.random.default_rng(seed)
    flat = character.flat
    found: list[tuple[int, int, str]] = []
    for _ in range(4000):
        y, x = random.integers(12, flat.shape[0] - 12, 2)
        patch = flat[y - 4 : y + 5, x - 4 : x + 5].reshape(-1, 3)
        near = any(abs(y - v) + abs(x - u) < 22 for u, v, _ in found)
        if patch.std(0).max() < 3 and not near and len(found) < count:
            found.append((int(x), int(y), "#{:02x}{:02x}{:02x}".format(*flat[y, x])))
    return found


def hint_sheet(shader: Shader) -> np.ndarray:
    """Each kind of hint above the result that it gives on the same line art."""
    character = characters.character(characters.DEMO_SEED, SIDE)
    line = np.repeat(character.line[..., None], 3, axis=2)
    reference = characters.draw(36, SIDE)
    found = {
        "simulated, recipe paper": shader.simulated_hint(character.rgb, "paper"),
        "simulated, proportional": shader.simulated_hint(character.rgb),
        "points": Hint.from_points(points(character, 40), (SIDE, SIDE), radius=7),
        "a blurred picture": Hint(pixels.resize(pixels.resize(character.rgb, 10, 10), SIDE, SIDE)),
    }
    columns = [_captioned("line art", [line, character.rgb]), _captioned("none", [np.full_like(line, 255), shader(line)])]
    columns += [_captioned(name, [hint_picture(hint), shader(line, hint)]) for name, hint in found.items()]
    found_palette = palette(*PALETTE)
    swatches = found_palette.colors.astype(np.uint8).repeat(SIDE // len(PALETTE), 0)[None].repeat(SIDE, 0)  # (SIDE, SIDE, 3)
    columns.append(_captioned("a palette", [swatches, shader(line, shader.palette_hint(line, found_palette))]))
    columns.append(_captioned("a reference", [reference, shader(line, reference=shader.reference(reference))]))
    return np.hstack(columns)


def figure_sheet(shader: Shader, height: int) -> np.ndarray:
    """Line art of whole figures, colored without a hint, in variants, and by another figure."""
    columns: list[tuple[str, list[np.ndarray]]] = []
    for seed, other in FIGURE_SEEDS:
        line, reference = figure(seed, height, height * 3 // 4).line, figure(other, height, height * 3 // 4).rgb
        row = {"line art": line, "no hint": shader(line)}
        row |= {f"--variant {i}": shader(line, variant=i) for i in (1, 2, 3)}
        row |= {"a reference": reference, "colored by it": shader(line, reference=shader.reference(reference))}
        columns = columns or [(name, []) for name in row]
        for (_, column), picture in zip(columns, row.values()):
            column.append(picture)
    return np.hstack([_captioned(name, column) for name, column in columns])


def hint_picture(hint: Hint) -> np.ndarray:
    """A hint on white paper: uint8 (SIDE, SIDE, 3)."""
    shown = np.where(hint.mask[..., None] > 0, hint.rgb, 255).astype(np.uint8)
    return pixels.resize(shown, SIDE, SIDE)


def sizes(shader: Shader) -> np.ndarray:
    """The same character and hint at three sizes, pixel by pixel, and a detail of each."""
    hint = Hint(pixels.resize(characters.draw(characters.DEMO_SEED, SIDE), 24, 24))
    columns = []
    for side in (64, 256, 1024):
        shaded = shader(np.repeat(characters.character(characters.DEMO_SEED, side).line[..., None], 3, 2), hint)
        close = shaded[side * 3 // 8 : side * 5 // 8, side * 3 // 8 : side * 5 // 8]
        columns.append(_captioned(f"{side} px", [_pixels(shaded), _pixels(close)]))
    return np.hstack(columns)


def _pixels(picture: np.ndarray, side: int = 512) -> np.ndarray:
    """A square picture enlarged by a whole number, so that its pixels show, or reduced."""
    times = side // len(picture)
    return picture.repeat(times, 0).repeat(times, 1) if times else pixels.resize(picture, side, side)


def gallery(side: int = GALLERY, seeds: tuple[int, ...] = (characters.DEMO_SEED, 12, 31)) -> np.ndarray:
    """Drawn characters through all stages, each in the style of all painters."""
    paintings = {name: painters.paint(name) for name in painters.PAINTERS}
    first, *rest = paintings.values()
    pipeline, others = Pipeline([first], size=side), [Stylizer([painting], size=0) for painting in rest]
    white = np.full((side, side, 3), 255, np.uint8)
    squares = [pixels.resize(pixels.crop_square(painting), side, side) for painting in paintings.values()]
    columns = [*([white] for _ in ("drawn", "line art", "shaded")), *([square] for square in squares)]
    for seed in seeds:
        stages = pipeline(characters.draw(seed, side))
        row = [stages.picture, np.repeat(stages.sketch[..., None], 3, 2), stages.shaded, stages.stylized]
        for column, picture in zip(columns, [*row, *(stylizer(stages.shaded) for stylizer in others)]):
            column.append(picture)
    names = ("drawn", "line art", "shaded", *paintings)
    return np.hstack([_captioned(name, column) for name, column in zip(names, columns)])


def _captioned(name: str, pictures: list[np.ndarray]) -> np.ndarray:
    column = sheets.grid(pictures, 1, gap=6)
    tile = Image.new("RGB", (column.shape[1] + 8, column.shape[0] + 26), "white")
    tile.paste(Image.fromarray(column), (4, 24))
    ImageDraw.Draw(tile).text((tile.width // 2, 12), name, fill="black", font=ImageFont.load_default(size=15), anchor="mm")
    return np.asarray(tile)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("  ")[0])
    parser.add_argument("--quick", action="store_true", help="small pictures and few figures, to see that everything runs")
    parser.add_argument("--out", type=Path, default=DOCS, help="folder for the pictures")
    options = parser.parse_args()
    out, quick = options.out, options.quick
    shader = Shader()
    sheet = sheets.grid([characters.draw(seed, 160) for seed in range(24)], 8, gap=4)
    images.save(out / "characters.jpg", sheet, force=True)
    images.save(out / "hints.jpg", hint_sheet(shader), force=True)
    images.save(out / "figures.jpg", figure_sheet(shader, 96 if quick else FIGURE_HEIGHT), force=True)
    images.save(out / "sizes.jpg", sizes(shader), force=True)
    side = 64 if quick else SIDE
    stages = run(characters.draw(size=side), [painters.paint()], size=side)
    images.save(out / "run.jpg", contact_sheet(stages), force=True)
    images.save(out / "gallery.jpg", gallery(64, (7,)) if quick else gallery(), force=True)
    context = FigureContext(quick=quick or None)
    for number in (1, 6, 13) if quick else FIGURES:
        file = make_folder(out / "figures") / f"figure-{number:02d}.jpg"
        draw(number, context).savefig(file, dpi=90, pil_kwargs={"quality": 88})


if __name__ == "__main__":
    main()
