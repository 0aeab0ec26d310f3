"""A folder wherever a picture is accepted: one file, or all pictures below a folder, with one function."""

from __future__ import annotations

import dataclasses
import errno
import os
import sys
import unicodedata
from pathlib import Path
from typing import Any, Callable, Sequence

import numpy as np

from mangastyle.cli.checks import named_files, refuse_inputs, refuse_streams
from mangastyle.cli.failures import in_one_line
from mangastyle.cli.options import Command, current_name, flag, in_flags, save_config
from mangastyle.cli.shards import share_of
from mangastyle.errors import MangastyleError, counted
from mangastyle.io import images, leftovers
from mangastyle.io.files import missing, read_json, refuse_unwritable
from mangastyle.io.folders import list_pictures, result_paths
from mangastyle.io.formats import WRITABLE
from mangastyle.progress import Bar
from mangastyle.settings import to_json

Result = tuple[np.ndarray, "np.ndarray | None"]  # rgb uint8 (h, w, 3) or line art (h, w), and alpha (h, w) or None
Work = Callable[[images.Picture, Path, Path], Result]  # the paths are the picture's own file and the result's
Prepare = Callable[[Sequence[Path]], Work]  # gets the files of all pictures

# What a disk says when no further result can be written either.
DISK_FAILURES = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}


def run_on_files(command: str, options: Any, suffix: str, prepare: Prepare, min_side: int = images.MIN_SIDE) -> None:
    """Apply a command to the picture or folder `options.inputs`, writing to `options.out`.

    A single picture goes to the file `out` (default NAME-suffix.png beside it; into `out` if that is a folder or ends in a slash).
    A folder keeps its inner layout below `out` (default FOLDER-suffix). Results that are already there when it is their turn are
    skipped, so that a stopped run continues where it was and several processes may write to one folder; pictures that cannot be
    processed get one line each on stderr.

    Parameters
    ----------
    command : str
        Name of the command, for messages and for config.json.
    options : Command
        The command's options, with the fields `inputs`, `out`, `shard` and `max_megapixels`. Fields marked `free` may differ from
        those of the earlier results in a folder.
    suffix : str
        End of the default names, such as "shaded".
    prepare : callable
        Gets the files of all pictures and returns the function `(picture, file, result's file) -> (rgb, alpha)` that makes a
        result. It may load a network, so it is called last, when bad input and output have been refused, and only if there is
        something to do.
    min_side : int
        Shortest side of a picture, in pixels.

    Raises
    ------
    MangastyleError
        For a missing or undecodable picture, an output that exists or cannot be written, a folder of results made with other
        options, a disk that fails; and, at the end, if some pictures of a folder could not be processed.
    """
    if not options.inputs:
        raise MangastyleError(f"no input: name a picture or a folder, as in 'mangastyle {command} picture.png'")
    refuse_streams(options.inputs, options.out)
    source = Path(options.inputs)
    if not os.path.exists(source):
        raise missing(source, "file or folder")
    if source.is_dir():
        return _run_on_folder(command, options, source, suffix, prepare, min_side)
    if options.shard:
        raise MangastyleError(f"`shard`: is a share of a folder, and {source} is one picture; leave it out, or name the folder")
    target = result_file(options.out, source, suffix)
    refuse_inputs([target], named_files(options))
    images.check_writable(target, options.force)
    picture = images.load(source, options.max_pixels, min_side)
    rgb, alpha = prepare([source])(picture, source, target)
    images.save(target, rgb, alpha, force=options.force)
    print(target)


def results_folder(options: Any, suffix: str) -> Path:
    """The folder that the results of the folder `options.inputs` go to."""
    return Path(options.out) if options.out else beside(Path(options.inputs), suffix)


def beside(folder: Path, suffix: str) -> Path:
    """The default folder of a folder's results, FOLDER-suffix beside it; `MangastyleError` for a folder without a name, "/"."""
    if folder.name in ("", ".."):
        folder = folder.resolve()
    if not folder.name:
        raise MangastyleError(f"{folder}: nothing can be written beside this folder; say where by `out`")
    return folder.with_name(f"{folder.name}-{suffix}")


def made_of(pictures: Sequence[Path], options: Any, suffix: str) -> dict[Path, Path]:
    """By each result's file in the folder of results: the picture that it is made of. Empty for a single picture."""
    if not Path(options.inputs).is_dir():
        return {}
    return {file: picture for picture, file in result_files(pictures, Path(options.inputs), results_folder(options, suffix)).items()}


def result_file(out: str, source: Path, suffix: str) -> Path:
    """The file of a single picture's result; `MangastyleError` for a name that is no format's."""
    own = f"{source.stem}-{suffix}.png"
    if not out:
        return source.with_name(own)
    target = Path(out)
    if target.is_dir() or os.path.basename(out) in ("", ".", ".."):  # it ends in a slash, which means a folder
        return target / own
    if target.suffix.lower() not in WRITABLE:
        raise MangastyleError(f"{out}: cannot write this format; end the name in one of {' '.join(WRITABLE)}, or in / for a folder")
    return target


def _run_on_folder(command: str, options: Any, source: Path, suffix: str, prepare: Prepare, min_side: int) -> None:
    out = results_folder(options, suffix)
    if out.exists() and not out.is_dir():
        raise MangastyleError(f"{out}: is a file; the input is a folder, so --out must be a folder too")
    if source.resolve().is_relative_to(out.resolve()):
        raise MangastyleError(f"{out}: holds the input itself; choose another --out, so that results and input stay apart")
    named = named_files(options)
    refuse_inputs([out], named)
    shared, all_of = share_of(options.shard), list_pictures(source, skip=out).pictures
    targets = result_files(all_of, source, out)
    pictures = all_of[shared.rows]
    refuse_unwritable(out / "config.json")
    _refuse_other_options(out, command, options)
    leftovers.remove(out)
    waiting = any(options.force or not os.path.exists(targets[picture]) for picture in pictures)
    work = prepare(all_of) if waiting else None
    _refuse_other_options(out, command, options)  # another process may have begun meanwhile
    save_config(out, command, dataclasses.replace(options, shard=""))  # the results are not this job's alone
    clashes = _clashes(targets) if _ignores_case(out) else {}
    written = kept = failed = 0
    for picture in (bar := Bar(pictures, unit="picture")):
        target, loaded = targets[picture], None
        try:
            if picture in clashes:
                raise MangastyleError(f"{picture}: on this disk its result would have the name of that of {clashes[picture]}; rename one")
            if work is None or os.path.exists(target) and not options.force:
                kept += 1
                continue
            refuse_inputs([target], [picture, *named])
            loaded = images.load(picture, options.max_pixels, min_side)
            rgb, alpha = work(loaded, picture, target)
            if os.path.exists(target) and not options.force:  # by another process, meanwhile
                kept += 1
                continue
            images.save(target, rgb, alpha, force=True)
            written += 1
        except Exception as error:
            line = in_one_line(error)
            if line is None:
                raise
            if loaded is not None and _disk_failed(error):
                raise MangastyleError(f"{line}; stopped, with {counted(written, 'picture')} written to {out}") from error
            failed += 1
            text = line if str(picture) in line else f"{picture}: {line}"
            bar.write(f"mangastyle: {in_flags(text, type(options))}", file=sys.stderr)
    there = f", {kept} already there" if kept else ""
    share = f" ({shared}: {len(pictures)} of {counted(len(all_of), 'picture')})" if options.shard else ""
    print(f"{out}: {counted(written, 'picture')} written{there}{share}")
    if failed:
        total = counted(len(pictures), "picture")
        raise MangastyleError(f"{source}: {failed} of {total} could not be processed; the rest are in {out}")


def _disk_failed(error: BaseException | None) -> bool:
    """Whether the disk is the reason, so that the next picture would fail, too."""
    while error is not None and not isinstance(error, OSError):
        error = error.__cause__
    return isinstance(error, OSError) and error.errno in DISK_FAILURES


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


def result_files(pictures: Sequence[Path], source: Path, out: Path) -> dict[Path, Path]:
    """The file of each picture's result: the same inner path as in the pictures' folder."""
    return {picture: out / result.relative_to(source) for picture, result in result_paths(pictures).items()}


def _ignores_case(out: Path) -> bool:
    """Whether a folder that holds config.json is on a disk that does not tell capitals from small letters."""
    return (out / "CONFIG.JSON").exists() and os.path.samefile(out / "CONFIG.JSON", out / "config.json")


def _clashes(targets: dict[Path, Path]) -> dict[Path, Path]:
    """Pictures whose result would be that of another one, named here too, on a disk that ignores case and spelling of accents."""
    first: dict[str, Path] = {}
    found = {}
    for picture, target in targets.items():
        other = first.setdefault(unicodedata.normalize("NFC", str(target)).casefold(), picture)
        if other != picture:
            found[picture] = other
    return found
