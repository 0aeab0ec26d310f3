"""A folder wherever a picture is accepted: one file, or all pictures below a folder, with one function."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Callable

import numpy as np
from tqdm import tqdm

from mangastyle.cli.options import Command, current_name, flag, in_flags, save_config
from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.io.files import read_json, refuse_unwritable
from mangastyle.settings import to_json

Result = tuple[np.ndarray, "np.ndarray | None"]  # rgb uint8 (h, w, 3) or line art (h, w), and alpha (h, w) or None
Work = Callable[[images.Picture, Path, Path], Result]  # the paths are the picture's own file and the result's


def run_on_files(command: str, options: Any, suffix: str, prepare: Callable[[], Work], min_side: int = images.MIN_SIDE) -> None:
    """Apply a command to the picture or folder `options.inputs`, writing to `options.out`.

    A single picture goes to the file `out` (default NAME-suffix.png beside it; into `out` if that is a folder).
    A folder keeps its inner layout below `out` (default FOLDER-suffix). Results that are already there are
    skipped, so that a stopped run continues where it was; pictures that cannot be processed get one line each on stderr.

    Parameters
    ----------
    command : str
        Name of the command, for messages and for config.json.
    options : Command
        The command's options, with the fields `inputs`, `out` and `max_megapixels`. Fields marked `free` may differ from
        those of the earlier results in a folder.
    suffix : str
        End of the default names, such as "shaded".
    prepare : callable
        Returns the function `(picture, file, result's file) -> (rgb, alpha)` that makes a result. It may load a
        network, so it is called last, when bad input and output have been refused.
    min_side : int
        Shortest side of a picture, in pixels.

    Raises
    ------
    MangastyleError
        For a missing or undecodable picture, an output that exists or cannot be written, a folder of results made with other
        options; and, at the end, if some pictures of a folder could not be processed.
    """
    if not options.inputs:
        raise MangastyleError(f"no input: name a picture or a folder, as in 'mangastyle {command} picture.png'")
    source = Path(options.inputs)
    if not os.path.exists(source):
        raise MangastyleError(f"{source}: no such file or folder")
    if source.is_dir():
        return _run_on_folder(command, options, source, suffix, prepare, min_side)
    target = Path(options.out) if options.out else source.with_name(f"{source.stem}-{suffix}.png")
    if target.is_dir():
        target = target / f"{source.stem}-{suffix}.png"
    images.check_writable(target, options.force)
    picture = images.load(source, options.max_pixels, min_side)
    rgb, alpha = prepare()(picture, source, target)
    images.save(target, rgb, alpha, force=options.force)
    print(target)


def results_folder(options: Any, suffix: str) -> Path:
    """The folder that the results of the folder `options.inputs` go to."""
    source = Path(options.inputs)
    return Path(options.out) if options.out else source.with_name(f"{source.resolve().name}-{suffix}")


def _run_on_folder(command: str, options: Any, source: Path, suffix: str, prepare: Callable[[], Work], min_side: int) -> None:
    out = results_folder(options, suffix)
    if out.is_file():
        raise MangastyleError(f"{out}: is a file; the input is a folder, so --out must be a folder too")
    if source.resolve().is_relative_to(out.resolve()):
        raise MangastyleError(f"{out}: holds the input itself; choose another --out, so that results and input stay apart")
    pictures = images.find(source, skip=out)
    targets = _targets(pictures, source, out)
    refuse_unwritable(out / "config.json")
    _refuse_other_options(out, command, options)
    work = prepare()
    save_config(out, command, options)
    failed = kept = 0
    for picture in (bar := tqdm(pictures, unit="picture", disable=None)):
        if targets[picture].exists() and not options.force:
            kept += 1
            continue
        try:
            rgb, alpha = work(images.load(picture, options.max_pixels, min_side), picture, targets[picture])
            images.save(targets[picture], rgb, alpha, force=options.force)
        except MangastyleError as error:
            failed += 1
            bar.write(f"mangastyle: {in_flags(str(error), type(options))}", file=sys.stderr)
    print(f"{out}: {len(pictures) - failed - kept} pictures written" + (f", {kept} were there already" if kept else ""))
    if failed:
        raise MangastyleError(f"{source}: {failed} of {len(pictures)} pictures could not be processed; the rest are in {out}")


def _refuse_other_options(out: Path, command: str, options: Command) -> None:
    """Refuse to continue a folder of results that were made with other options."""
    if options.force or not (out / "config.json").exists():
        return
    stored = read_json(out / "config.json")
    if not isinstance(stored, dict):
        return
    earlier = dict(current_name(type(options), name, value) for name, value in stored.items())
    if earlier.get("command") != command:
        raise MangastyleError(_other(out, f"command {earlier.get('command')}", command))
    now = to_json(options)
    for f in dataclasses.fields(options):
        if not f.metadata.get("free") and (before := earlier.get(f.name, f.default)) != now[f.name]:
            raise MangastyleError(_other(out, f"{flag(f.name)} {before}", now[f.name]))


def _other(out: Path, before: str, now: Any) -> str:
    return f"{out}: holds results of {before}, not {now}; use --force to replace them, or choose another --out"


def _targets(pictures: list[Path], source: Path, out: Path) -> dict[Path, Path]:
    """The file of each picture's result: the same inner path as PNG; a.jpg beside a.png keeps both endings."""
    stems = Counter(p.with_suffix("") for p in pictures)

    def name(p: Path) -> str:  # a.jpg.png keeps both endings too, as it would meet the result of that a.jpg
        clear = stems[p.with_suffix("")] == 1 and Path(p.stem).suffix.lower() not in images.SUFFIXES
        return (p.stem if clear else p.name) + ".png"

    return {p: out / p.relative_to(source).with_name(name(p)) for p in pictures}
