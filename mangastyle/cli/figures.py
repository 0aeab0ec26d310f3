"""`mangastyle figures`, also `python -m mangastyle.paper.figures`: the paper's figures as PNG files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from mangastyle import startup
from mangastyle.cli.checks import find_backbone
from mangastyle.cli.options import BACKBONES, NETWORKS, Cache, Command, Compute, Decoding, option, save_config
from mangastyle.cli.step_bar import StepBar
from mangastyle.data import archives
from mangastyle.errors import MangastyleError, counted
from mangastyle.io import files, images
from mangastyle.paper.figures import FIGURES, draw
from mangastyle.progress import Bar
from mangastyle.shade.files import find_generator
from mangastyle.vgg.spec import MIN_SIDE

EXAMPLES = ("mangastyle figures --only 15-19 --out figures", "mangastyle figures --quick --out quick-figures")
DPI = 130


@dataclass(frozen=True)
class Options(Cache, Decoding, Compute, Command):
    """Draw the paper's figures 1 to 23, and figure 24 of ours.

    All are computed with the networks at hand.
    """

    RENAMED: ClassVar = {"fast": "quick"}
    REVALUED: ClassVar = {"weights": {"": "shade"}, "paper": {"": "shade-paper"}, "baseline": {"": "baseline"}}

    only: str = option("1-23", "figures: numbers and ranges, as in 1,4,15-19; 24 compares both kinds of line art", metavar="LIST")
    quick: bool = option(False, "small pictures and few iterations: a test of a minute")
    out: str = option("figures", "folder for figure-01.png ... and config.json; existing figures are kept", metavar="FOLDER")
    picture: str = option("", "picture to paint; default: a drawn character", metavar="FILE")
    style: tuple[str, ...] = option((), "paintings; default: those that mangastyle paints itself", metavar="PATH")
    data: tuple[str, ...] = option(("drawn:200",), "pictures to shade and measure: folders, .zip or .tar files, or drawn:N", metavar="PATH")
    count: int = option(100, "number of them to measure, chosen at random", least=2)
    weights: str = option("shade", "weights file of the generator, or one that ships", metavar="FILE", words=NETWORKS)
    paper: str = option(
        "shade-paper", "the same of the generator trained as in the paper, for 4, 5 and 15-19",
        common=False, metavar="FILE", words=NETWORKS,
    )  # fmt: skip
    baseline: str = option("baseline", "the same of the baseline of Fig. 2", common=False, metavar="FILE", words=NETWORKS)
    backbone: str = option(
        "slim", "VGG-19, as for mangastyle style; figures by slim, which ships, are the same everywhere",
        common=False, metavar="FILE", words=BACKBONES,
    )  # fmt: skip


def command(options: Options) -> None:
    """Draw the figures `options.only` into `options.out`, one file each; those that are there already are kept."""
    numbers, out = chosen(options.only), Path(options.out)
    paths = {number: out / f"figure-{number:02d}.png" for number in numbers}
    for path in paths.values():
        files.refuse_unwritable(path)
    missing = {number: path for number, path in paths.items() if options.force or not path.exists()}
    picture = images.load(options.picture, options.max_pixels, MIN_SIDE).rgb if options.picture else None
    paintings = _paintings(options.style, options.max_pixels)
    archives.check(options.data)
    for name in (options.weights, options.paper, options.baseline):
        find_generator(name)
    backbone = find_backbone(options.backbone)

    startup.load_tensorflow()
    from mangastyle.paper.figures import FigureContext
    from mangastyle.plotting import default_style

    with Bar(missing.items(), unit="figure") as bar, StepBar() as steps:
        context = FigureContext(
            quick=options.quick or None, picture=picture, paintings=paintings, data=options.data, count=options.count,
            weights=options.weights, paper_weights=options.paper, baseline_weights=options.baseline,
            backbone=backbone, precision=options.precision, seed=options.seed, cache=options.cache, max_pixels=options.max_pixels,
            progress=lambda p: steps.show(p.task, p.done, p.total),
        )  # fmt: skip
        for number, path in bar:
            bar.set_description(f"figure {number}")
            with default_style():
                figure = draw(number, context)
                with files.atomic(path, force=True) as temporary:
                    figure.savefig(temporary, dpi=DPI)
    save_config(out, "figures", options)
    kept = len(paths) - len(missing)
    print(f"{out}: {counted(len(missing), 'figure')} drawn" + (f", {kept} already there (--force draws them anew)" if kept else ""))


def _paintings(paths: tuple[str, ...], max_pixels: int) -> dict[str, np.ndarray]:
    """Pictures uint8 (h, w, 3) by the stems of their files; `MangastyleError` too for two of one name."""
    found = {Path(path).stem: images.load(path, max_pixels, MIN_SIDE).rgb for path in paths}
    if len(found) < len(paths):
        raise MangastyleError("`style`: two paintings of one name; figures name them by their files")
    return found


def chosen(only: str) -> list[int]:
    """The numbers in a text such as "1,4,15-19", in ascending order; `MangastyleError` for anything else.

    Examples
    --------
    >>> chosen("15-17,4")
    [4, 15, 16, 17]
    """
    numbers: set[int] = set()
    for part in only.split(","):
        found = re.fullmatch(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?", part)
        if not found:
            raise MangastyleError(f"`only` {only}: {part.strip()!r} is neither a number nor a range; write it as in 1,4,15-19")
        first, last = int(found[1]), int(found[2] or found[1])
        if not set(range(first, last + 1)) <= set(FIGURES) or first > last:
            raise MangastyleError(f"`only` {only}: there are figures 1 to {max(FIGURES)}; {part.strip()!r} is none of them")
        numbers.update(range(first, last + 1))
    return sorted(numbers)
