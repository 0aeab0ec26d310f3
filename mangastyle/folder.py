"""A folder wherever a file is accepted: one picture, or all pictures below a folder, with one function."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Callable

import numpy as np
from tqdm import tqdm

from mangastyle import images
from mangastyle.config import save_config, to_json
from mangastyle.errors import MangastyleError
from mangastyle.files import read_json, refuse_unwritable

Result = tuple[np.ndarray, "np.ndarray | None"]  # rgb (h, w, 3) or line art (h, w), and alpha (h, w) or None


Work = Callable[[images.Picture, Path, Path], Result]  # the paths are the picture's own file and the result's

# What a folder's earlier results may have been made with differently.
FREE = {"inputs", "out", "preset", "force", "max_megapixels", "save_every", "log", "plot"}


def process(command: str, options: Any, ending: str, prepare: Callable[[], Work], least: int = images.MIN_SIDE) -> None:
    """Apply a stage's work to the picture or folder `options.inputs`, writing to `options.out`.

    `prepare` makes the function that does the work. It may load a network, so it is called last, when bad input and
    output have been refused; pictures with a side shorter than `least` are bad input.

    A single picture goes to the file `out` (default NAME-ending.png beside it; into `out` if that is a folder).
    A folder keeps its inner layout below `out` (default FOLDER-ending); results that are already there are
    skipped, so a stopped run goes on where it was; unreadable members get one line each on stderr and, at the
    end, a `MangastyleError` with their count.
    """
    if not options.inputs:
        raise MangastyleError(f"no input: name a picture or a folder, as in 'mangastyle {command} picture.png'")
    source = Path(options.inputs)
    if not os.path.exists(source):
        raise MangastyleError(f"{source}: no such file or folder")
    if not source.is_dir():
        target = Path(options.out) if options.out else source.with_name(f"{source.stem}-{ending}.png")
        if target.is_dir():
            target = target / f"{source.stem}-{ending}.png"
        images.check_writable(target, options.force)
        picture = _load(source, options, least)
        images.save(target, *prepare()(picture, source, target), force=options.force)
        print(target)
        return
    _process_folder(command, options, source, ending, prepare, least)


def results(options: Any, ending: str) -> Path:
    """The folder for the results of a folder."""
    source = Path(options.inputs)
    return Path(options.out) if options.out else source.with_name(f"{source.resolve().name}-{ending}")


def _load(path: Path, options: Any, least: int) -> images.Picture:
    return images.load(path, int(options.max_megapixels * 1e6), least)


def _process_folder(command: str, options: Any, source: Path, ending: str, prepare: Callable[[], Work], least: int) -> None:
    out = results(options, ending)
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
            result = work(_load(picture, options, least), picture, targets[picture])
            images.save(targets[picture], *result, force=options.force)
        except MangastyleError as error:
            failed += 1
            bar.write(f"mangastyle: {error}", file=sys.stderr)
    print(f"{out}: {len(pictures) - failed - kept} pictures written" + (f", {kept} were there already" if kept else ""))
    if failed:
        raise MangastyleError(f"{source}: {failed} of {len(pictures)} pictures could not be processed; the rest are in {out}")


def _refuse_other_options(out: Path, command: str, options: Any) -> None:
    """Refuse to go on with a folder of results that were made with other options."""
    if options.force or not (out / "config.json").exists():
        return
    stored = read_json(out / "config.json")
    for key, value in {"command": command, **to_json(options)}.items():
        if key not in FREE and isinstance(stored, dict) and stored.get(key) != value:
            flag = key if key == "command" else "--" + key.replace("_", "-")
            raise MangastyleError(
                f"{out}: holds results of {flag} {stored.get(key)}, not {value}; use --force to replace them, or choose another --out"
            )


def _targets(pictures: list[Path], source: Path, out: Path) -> dict[Path, Path]:
    """Where each picture's result goes: the same inner path as PNG; a.jpg beside a.png keeps both endings."""
    stems = Counter(p.with_suffix("") for p in pictures)

    def name(p: Path) -> str:  # a.jpg.png keeps both endings too, as it would meet the result of that a.jpg
        clear = stems[p.with_suffix("")] == 1 and Path(p.stem).suffix.lower() not in images.SUFFIXES
        return (p.stem if clear else p.name) + ".png"

    return {p: out / p.relative_to(source).with_name(name(p)) for p in pictures}
