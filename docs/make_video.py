"""Make the clips of video.md from an animated character of our own and the weights that ship:  python docs/make_video.py"""

from __future__ import annotations

from pathlib import Path
from typing import Sequence

import numpy as np

from mangastyle import Shader, Stylizer, paint
from mangastyle.io import sheets
from mangastyle.synthetic.animation import animation
from mangastyle.video import open_writer
from mangastyle.video.coloring import ShotColoring
from mangastyle.video.painting import ShotPainting
from mangastyle.video.shot import Shot

DOCS = Path(__file__).resolve().parent
SEED, MOTION, SIDE, FRAMES, RATE = 11, "mixed", 256, 24, 12
PAINTING = ("brush", 3)


def side_by_side(name: str, columns: dict[str, Sequence[np.ndarray]]) -> None:
    """Write a clip of several clips, with their captions."""
    first = [sheets.captioned(frames[0], caption) for caption, frames in columns.items()]
    with open_writer(DOCS / name, np.hstack(first).shape[:2], rate=RATE) as writer:
        for moment in zip(*columns.values()):
            writer.write(np.hstack([sheets.captioned(frame, caption) for frame, caption in zip(moment, columns)]))


def main() -> None:
    """Write both clips."""
    drawn = list(animation(SEED, MOTION, SIDE, FRAMES, RATE))
    lines = [np.repeat(frame.line_art[..., None], 3, -1) for frame in drawn]
    shader = Shader()
    shot = Shot.of(lines)
    ShotColoring(shader, colored={0: drawn[0].flat}, line_art=True).run(shot)
    reference = shader.reference(drawn[0].flat)
    apart = [shader(line, reference=reference, line_art=True) for line in lines]
    side_by_side(
        "video-color.webp",
        {"line art": lines, "mangastyle video, frame 0 given": shot.results(), "frame by frame, frame 0 as reference": apart},
    )
    stylizer = Stylizer(paint(*PAINTING, SIDE, SIDE), method="onepass", strength=0.6, size=0)
    painted = Shot.of(shot.results())
    ShotPainting(stylizer).run(painted)
    apart = [stylizer(frame) for frame in shot.results()]
    side_by_side("video-style.webp", {"colored": shot.results(), "mangastyle video": painted.results(), "frame by frame": apart})


if __name__ == "__main__":
    main()
