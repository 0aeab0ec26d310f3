"""Checks that commands make before TensorFlow loads."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any, Collection, Iterable

from mangastyle.errors import MangastyleError
from mangastyle.io import registry
from mangastyle.io.files import refuse_existing

WRITTEN = ("out", "layers")  # options that name results


def find_backbone(name: str, allow_download: bool = False, remark: bool = True) -> str:
    """The VGG-19 of that name as `vgg.backbone` takes it: "random", or its file; `MangastyleError` if it is not at hand.

    With `remark`, a line is said where "auto" is the slim one: for commands that do not say in their results which one it was.
    """
    return name if name == "random" else str(registry.find_vgg19(name, allow_download, remark))


def refuse_streams(inputs: str, out: str) -> None:
    """Refuse "-", by which other programs mean the standard input and output; `MangastyleError` says what to do."""
    if inputs == "-":
        raise MangastyleError("-: pictures are not read from the standard input; name a file or a folder")
    if out in ("-", "/dev/stdout", "/dev/stderr") or out.startswith("/dev/fd/"):
        raise MangastyleError(f"`out` {out}: results are not written to the standard output; name a file, or a folder that ends in /")
    refuse_existing(Path(out), force=True)  # a pipe or a device


def named_files(options: Any) -> list[str]:
    """The files and folders that a command's options name, but for those that it writes."""
    read = [f for f in dataclasses.fields(options) if f.name not in WRITTEN]
    given = [getattr(options, f.name) for f in read if getattr(options, f.name) != f.default]
    names = [name for value in given for name in (value if isinstance(value, tuple) else (value,))]
    return [name for name in names if isinstance(name, str) and os.path.exists(name)]


def refuse_inputs(targets: Iterable[Path], named: Collection[str | Path]) -> None:
    """Refuse, `force` or not, to write a result over what it is made of, whatever name or link leads there.

    Parameters
    ----------
    targets : iterable of Path
        Results.
    named : collection of str or Path
        Files and folders that are read.

    Raises
    ------
    MangastyleError
        If one of the results is one of these.
    """
    for target in filter(os.path.exists, targets):
        if any(os.path.exists(name) and os.path.samefile(name, target) for name in named):
            raise MangastyleError(f"{target}: is the input itself; choose another `out`")
