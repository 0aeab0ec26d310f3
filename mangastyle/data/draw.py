"""The command `mangastyle draw`: characters into a folder, with line art, flat colours and a contact sheet."""

from __future__ import annotations

import math
from pathlib import Path

from tqdm import tqdm

from mangastyle import images
from mangastyle.config import DrawConfig, save_config
from mangastyle.data.characters import MAX_SIZE, character
from mangastyle.errors import MangastyleError
from mangastyle.files import make_folder, read_json

SHEET_COLUMNS = 8
GAP = 4  # pixels between the pictures of a sheet


def command(options: DrawConfig) -> None:
    """Write `options.count` characters, seeds `options.seed` on, to 000000.png ... in the folder `options.out`.

    Pictures that are already there are kept, so a stopped run goes on where it was; `force` draws them again.
    Raises `MangastyleError` if the folder holds characters of another seed or size, or cannot be written.
    """
    out = Path(options.out)
    if out.is_file():
        raise MangastyleError(f"{out}: is a file, not a folder; choose another --out")
    if options.size > MAX_SIZE:
        raise MangastyleError(f"--size: must be at most {MAX_SIZE}, not {options.size}")
    make_folder(out)
    _check_same(out, options)
    save_config(out, "draw", options)
    written = sum(_draw(out, index, options) for index in tqdm(range(options.count), unit="picture", disable=None))
    if options.sheet:
        columns = min(SHEET_COLUMNS, math.ceil(math.sqrt(options.count)))
        pictures = [images.load(out / f"{index:06d}.png").rgb for index in range(options.count)]
        images.save(out / "sheet.png", images.grid(pictures, columns, GAP), force=True)
    kept = options.count - written
    print(f"{out}: {written} characters drawn" + (f", {kept} were there already" if kept else ""))


def _check_same(out: Path, options: DrawConfig) -> None:
    """Refuse to mix characters of two seeds or sizes in one folder."""
    if options.force or not (out / "config.json").exists():
        return
    stored = read_json(out / "config.json")
    for key in ("seed", "size"):
        if isinstance(stored, dict) and stored.get(key) != getattr(options, key):
            raise MangastyleError(
                f"{out}: was drawn with --{key} {stored.get(key)}, not {getattr(options, key)}; "
                "use --force to draw over it, or choose another --out"
            )


def _draw(out: Path, index: int, options: DrawConfig) -> bool:
    """Write what is missing of one character; False if nothing was."""
    targets = {"rgb": out / f"{index:06d}.png"}
    if options.lines:
        targets["line"] = out / f"{index:06d}-line.png"
    if options.flats:
        targets["flat"] = out / f"{index:06d}-flat.png"
    missing = {layer: path for layer, path in targets.items() if options.force or not path.exists()}
    if missing:
        drawn = character(options.seed + index, options.size)
        for layer, path in missing.items():
            images.save(path, getattr(drawn, layer), force=options.force)
    return bool(missing)
