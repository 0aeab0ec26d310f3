"""What `mangastyle evaluate --video` does: a clip measured beside its source, or the coloring and painting of drawn clips."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Iterator

import numpy as np

from mangastyle import startup
from mangastyle.errors import MangastyleError, counted
from mangastyle.io import files
from mangastyle.progress import Bar
from mangastyle.video.clips import open_clip

DRAWN = "drawn"  # in place of a clip: clips that are drawn, whose true motion is known
STAGES = ("shade", "style")
SIZE = 256  # pixels of drawn clips unless --size says otherwise
LEAST_SIZE = 64  # pixels, so that painters see something


def measure(options: Any) -> None:
    """Measure what the options of `mangastyle evaluate` name: a table is printed, and written into `options.out`."""
    if options.video == DRAWN:
        if options.source or options.baseline:
            raise MangastyleError("`video`: drawn clips have their own source; give `source` and `baseline` with a clip")
        text, values = _drawn(options)
    else:
        if not options.source:
            raise MangastyleError("`source`: needed with `video`: the clip before it was changed")
        text, values = _compared(options)
    out = Path(options.out)
    with files.atomic(out / "table.md") as temporary:
        temporary.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
    files.write_json(out / "summary.json", values)
    print(text)


def _compared(options: Any) -> tuple[str, dict[str, Any]]:
    """Warping errors of files."""
    named = {"input": options.source, "result": options.video, "frame by frame": options.baseline}
    clips = {name: open_clip(path, options.max_pixels) for name, path in named.items() if path}
    source = clips["input"]
    for clip in clips.values():
        if (clip.height, clip.width) != (source.height, source.width):
            size, own = (f"{x.width}x{x.height}" for x in (clip, source))
            raise MangastyleError(f"{clip.path}: its frames are {size} pixels and those of {source.path} {own}; only one size compares")
    from mangastyle.evaluate.video import warp_errors
    from mangastyle.evaluate.video_tables import pair_table

    with Bar(total=source.count or 0, desc="clips", unit="frame") as bar:

        def frames(name: str) -> Iterator[np.ndarray]:
            for frame in clips[name].frames():
                yield frame.rgb
                if name == "input":
                    bar.update(1)

        errors = warp_errors(frames("input"), {name: frames(name) for name in clips if name != "input"})
    return pair_table(errors), {name: {str(gap): None if math.isnan(e) else e for gap, e in of.items()} for name, of in errors.items()}


def _drawn(options: Any) -> tuple[str, dict[str, Any]]:
    """The stages of drawn clips."""
    split = "validation" if options.split == "all" else options.split
    if split == "train":
        raise MangastyleError("`split`: drawn clips are for validation or test")
    if options.size and options.size < LEAST_SIZE:
        raise MangastyleError(f"`size`: must be 0, or {LEAST_SIZE} and more for drawn clips, not {options.size}")
    startup.load_tensorflow()
    from mangastyle.evaluate import video_drawn
    from mangastyle.evaluate.video_tables import mean, table

    clips = video_drawn.clips(split, options.size or SIZE, options.frames)
    with Bar(total=len(options.measured) * len(clips), desc="drawn clips", unit="clip") as bar:
        found: dict[str, list[dict[str, float]]] = {}
        for stage in options.measured:
            measured = video_drawn.colorer(options.precision) if stage == "shade" else video_drawn.painter(clips[0].size, options.precision)
            for clip in clips:
                found.setdefault(stage, []).append(measured(clip))
                bar.update(1)
    means = {stage: mean(values) for stage, values in found.items()}
    seeds = ", ".join(f"{seed} {motion}" for seed, motion in video_drawn.CLIPS[split])
    side = options.size or SIZE
    note = f"{counted(len(clips), 'drawn clip')} of the {split} split ({seeds}), {counted(options.frames, 'frame')} of {side}x{side} pixels"
    return f"{table(means)}\n\n{note}; E_warp in thousandths", {"split": split, "mean": means}
