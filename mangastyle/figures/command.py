"""The command `mangastyle figures`, also `python -m mangastyle.figures`: the paper's figures as PNG files."""

from __future__ import annotations

import re
from pathlib import Path

from tqdm import tqdm

from mangastyle import files
from mangastyle.config import FiguresConfig, save_config
from mangastyle.errors import MangastyleError
from mangastyle.figures import FIGURES, draw
from mangastyle.figures.studio import Studio

DPI = 130


def command(options: FiguresConfig) -> None:
    """Draw the figures asked for into `options.out`, one file each; those that are there already are left as they are."""
    wanted, out = chosen(options.only), Path(options.out)
    paths = {number: out / f"figure-{number:02d}.png" for number in wanted}
    for path in paths.values():
        files.refuse_unwritable(path)
    missing = {number: path for number, path in paths.items() if options.force or not path.exists()}
    studio = Studio(options)
    with tqdm(missing.items(), unit="figure", disable=None) as bar:
        for number, path in bar:
            bar.set_description(f"figure {number}")
            figure = draw(number, studio)
            with files.atomic(path, force=True) as temporary:
                figure.savefig(temporary, dpi=DPI)
    save_config(out, "figures", options)
    kept = len(paths) - len(missing)
    print(f"{out}: {len(missing)} figures drawn" + (f", {kept} were there already (--force draws them anew)" if kept else ""))


def chosen(only: str) -> list[int]:
    """The numbers in a text such as "1,4,15-19", in order; `MangastyleError` for anything else."""
    numbers: set[int] = set()
    for part in only.split(","):
        found = re.fullmatch(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?", part)
        if not found:
            raise MangastyleError(f"--only {only}: {part.strip()!r} is neither a number nor a range; write it as in 1,4,15-19")
        first, last = int(found[1]), int(found[2] or found[1])
        if not set(range(first, last + 1)) <= set(FIGURES) or first > last:
            raise MangastyleError(f"--only {only}: the paper has figures 1 to {max(FIGURES)}; {part.strip()!r} is none of them")
        numbers.update(range(first, last + 1))
    return sorted(numbers)
