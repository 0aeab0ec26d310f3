"""A folder wherever a file is accepted: one picture, or all pictures below a folder, with one function."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Callable

import numpy as np
from tqdm import tqdm

from mangastyle import images
from mangastyle.config import save_config
from mangastyle.errors import MangastyleError

Result = tuple[np.ndarray, "np.ndarray | None"]  # rgb (h, w, 3) or line art (h, w), and alpha (h, w) or None


def process(command: str, options: Any, ending: str, work: Callable[[Path], Result]) -> None:
    """Apply `work` to the picture or folder `options.inputs`, writing to `options.out`.

    A single picture goes to the file `out` (default NAME-ending.png beside it; into `out` if that is a folder).
    A folder keeps its inner layout below `out` (default FOLDER-ending); results that are already there are
    skipped, so a stopped run goes on where it was; unreadable members get one line each on stderr and, at the
    end, a `MangastyleError` with their count.
    """
    if not options.inputs:
        raise MangastyleError(f"no input: name a picture or a folder, as in 'mangastyle {command} picture.png'")
    source = Path(options.inputs)
    if not source.exists():
        raise MangastyleError(f"{source}: no such file or folder")
    if not source.is_dir():
        target = Path(options.out) if options.out else source.with_name(f"{source.stem}-{ending}.png")
        if target.is_dir():
            target = target / f"{source.stem}-{ending}.png"
        images.check_writable(target, options.force)
        images.save(target, *work(source), force=options.force)
        print(target)
        return
    _process_folder(command, options, source, ending, work)


def _process_folder(command: str, options: Any, source: Path, ending: str, work: Callable[[Path], Result]) -> None:
    out = Path(options.out) if options.out else source.with_name(f"{source.resolve().name}-{ending}")
    if out.is_file():
        raise MangastyleError(f"{out}: is a file; the input is a folder, so --out must be a folder too")
    pictures = [p for p in images.find(source) if out.resolve() not in p.resolve().parents]
    targets = _targets(pictures, source, out)
    save_config(out, command, options)
    failed = kept = 0
    for picture in (bar := tqdm(pictures, unit="picture", disable=None)):
        if targets[picture].exists() and not options.force:
            kept += 1
            continue
        try:
            images.save(targets[picture], *work(picture), force=options.force)
        except MangastyleError as error:
            failed += 1
            bar.write(f"mangastyle: {error}", file=sys.stderr)
    print(f"{out}: {len(pictures) - failed - kept} pictures written" + (f", {kept} were there already" if kept else ""))
    if failed:
        raise MangastyleError(f"{source}: {failed} of {len(pictures)} pictures could not be processed; the rest are in {out}")


def _targets(pictures: list[Path], source: Path, out: Path) -> dict[Path, Path]:
    """Where each picture's result goes: the same inner path as PNG; a.jpg beside a.png keeps both endings."""
    stems = [p.with_suffix("") for p in pictures]
    return {
        p: out / p.relative_to(source).with_name((p.name if stems.count(p.with_suffix("")) > 1 else p.stem) + ".png")
        for p in pictures
    }
