"""`mangastyle draw`: characters or whole figures into a folder, with line art, flat colors and a contact sheet."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from mangastyle.cli.options import Command, Decoding, option, save_config
from mangastyle.errors import MangastyleError, counted
from mangastyle.io import images, sheets
from mangastyle.io.files import make_folder, read_json
from mangastyle.progress import Bar
from mangastyle.synthetic.characters import MAX_SIZE, Character, character
from mangastyle.synthetic.drawing import KINDS
from mangastyle.synthetic.figures import Drawing, figure

EXAMPLES = (
    "mangastyle draw --count 48 --size 256 --sheet --out drawn",
    "mangastyle draw --kind figure --count 10 --lines --flats --out figures",
)
SHEET_COLUMNS = 8
GAP = 4  # pixels between the pictures of a sheet


@dataclass(frozen=True)
class Options(Decoding, Command):
    """Draw manga characters with true line art and flat colors.

    They are the data set that is built in: drawn:N and figures:N of other commands.
    """

    kind: str = option("face", "face: portraits; figure: whole people with clothes, props and scenes", KINDS)
    count: int = option(48, "number of pictures", least=1)
    size: int = option(256, "side of each square picture, in pixels", least=16, most=MAX_SIZE)
    out: str = option("drawn", "folder for the pictures", metavar="FOLDER")
    lines: bool = option(False, "also write the true line art of each, as NAME-line.png")
    flats: bool = option(False, "also write the flat colors of each, as NAME-flat.png")
    sheet: bool = option(False, "also write one picture of all of them, sheet.png")


def command(options: Options) -> None:
    """Write `options.count` pictures, seeds `options.seed` on, to 000000.png ... in the folder `options.out`.

    Pictures that are already there are kept, so that a stopped run continues where it was; `force` draws them again.
    Raises `MangastyleError` if the folder holds pictures of another kind, seed or size, or cannot be written.
    """
    out = Path(options.out)
    if out.is_file():
        raise MangastyleError(f"{out}: is a file, not a folder; choose another --out")
    make_folder(out)
    _refuse_other_characters(out, options)
    save_config(out, "draw", options)
    written = sum(_draw(out, index, options) for index in Bar(range(options.count), unit="picture"))
    if options.sheet:
        columns = min(SHEET_COLUMNS, math.ceil(math.sqrt(options.count)))
        pictures = [images.load(out / f"{index:06d}.png", options.max_pixels).rgb for index in range(options.count)]
        images.save(out / "sheet.png", sheets.grid(pictures, columns, GAP), force=True)
    kept = options.count - written
    noun = "character" if options.kind == "face" else "figure"
    print(f"{out}: {counted(written, noun)} drawn" + (f", {kept} already there" if kept else ""))


def _refuse_other_characters(out: Path, options: Options) -> None:
    """Refuse to mix pictures of two kinds, seeds or sizes in one folder."""
    if options.force or not (out / "config.json").exists():
        return
    stored = read_json(out / "config.json")
    for key in ("kind", "seed", "size"):
        before = stored.get(key, "face" if key == "kind" else None) if isinstance(stored, dict) else getattr(options, key)
        if before != getattr(options, key):
            raise MangastyleError(
                f"{out}: was drawn with --{key} {before}, not {getattr(options, key)}; use --force to draw over it, or choose another --out"
            )


def _layers(options: Options, seed: int) -> Character | Drawing:
    """One drawing with its layers."""
    if options.kind == "face":
        return character(seed, options.size)
    return figure(seed, options.size, options.size)


def _draw(out: Path, index: int, options: Options) -> bool:
    """Write the files of one picture that are missing; False if none was."""
    targets = {"rgb": out / f"{index:06d}.png"}
    if options.lines:
        targets["line"] = out / f"{index:06d}-line.png"
    if options.flats:
        targets["flat"] = out / f"{index:06d}-flat.png"
    missing = {layer: path for layer, path in targets.items() if options.force or not path.exists()}
    if missing:
        drawn = _layers(options, options.seed + index)
        for layer, path in missing.items():
            images.save(path, getattr(drawn, layer), force=options.force)
    return bool(missing)
