"""Clips: line art, color and style that hold from frame to frame.

Names load on first use, as those of `mangastyle` do.

Examples
--------
>>> import mangastyle
>>> clip = [mangastyle.draw(7, 64)] * 3
>>> stages = mangastyle.video.make_stages(["sketch"])
>>> [frame.shape for frame in mangastyle.video.process(clip, stages)]
[(64, 64, 3), (64, 64, 3), (64, 64, 3)]
"""

from __future__ import annotations

import importlib
from typing import Any

_PUBLIC = {
    "process": "processing", "process_frames": "processing", "Progress": "processing", "make_stages": "stages", "Sketching": "stages",
    "ShotColoring": "coloring", "ShotPainting": "painting", "Frame": "frame", "Store": "store", "Clip": "clip", "open_clip": "clips",
    "Writer": "writer", "open_writer": "writers",
}  # fmt: skip
__all__ = [*_PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'mangastyle.video' has no attribute {name!r}")
    found = getattr(importlib.import_module(f"mangastyle.video.{_PUBLIC[name]}"), name)
    globals()[name] = found  # found without this function from now on
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
