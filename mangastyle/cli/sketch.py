"""`mangastyle sketch`: pictures to line art. It never loads TensorFlow."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from mangastyle.cli import batch_files
from mangastyle.cli.options import Command, Decoding, Sharing, option
from mangastyle.io import images
from mangastyle.lineart.settings import SketchSettings
from mangastyle.paper import presets

EXAMPLES = ("mangastyle sketch picture.png --out sketch.png", "mangastyle sketch pictures/ --kind clean --detail 0.3")


@dataclass(frozen=True)
class Options(Sharing, Decoding, SketchSettings, Command):
    """Turn pictures into line art.

    By OpenCV's adaptive mean threshold (paper, section 4.1), or as clean outlines.
    """

    PRESETS: ClassVar = {"paper": presets.SKETCH}

    inputs: str = option("", "a picture, or a folder of pictures", positional=True, free=True)
    out: str = option("", "output file or folder; default: NAME-sketch.png beside the picture, FOLDER-sketch", free=True, metavar="PATH")


def command(options: Options) -> None:
    """Sketch a picture, or each of a folder."""
    from mangastyle.lineart.sketch import sketch

    settings = dataclasses.asdict(SketchSettings.of(options))

    def work(picture: images.Picture, path: Path, target: Path) -> batch_files.Result:
        line = sketch(picture.rgb, **settings)
        return line, picture.alpha

    batch_files.run_on_files("sketch", options, "sketch", lambda pictures: work)
