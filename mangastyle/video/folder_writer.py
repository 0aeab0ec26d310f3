"""A clip as a folder of PNG files, 000000.png and so on, with their times in clip.json."""

from __future__ import annotations

import contextlib
import json
import os
import re
from fractions import Fraction
from pathlib import Path
from typing import Iterator

import cv2
import numpy as np

from mangastyle.errors import MangastyleError
from mangastyle.io import leftovers
from mangastyle.io.files import make_folder, refuse_existing
from mangastyle.video.animation_writers import straight
from mangastyle.video.frame_folders import TIMES
from mangastyle.video.writer import Given, Writer

OURS = re.compile(r"\d{6,}\.png|" + re.escape(TIMES))
COMPRESSION = 3  # of PNG, from 0 to 9


class FolderWriter(Writer):
    """Writes a folder of PNG files. One that exists is replaced if it holds nothing else."""

    @contextlib.contextmanager
    def _placed(self) -> Iterator[Path]:
        path = Path(os.path.realpath(self.path))
        self._refuse_others(path)
        make_folder(path.parent)
        try:
            with leftovers.temporary_name(path.parent, path.name[:40]) as folder:
                folder.mkdir()
                yield folder
                self._refuse_others(path)
                with leftovers.temporary_name(path.parent, path.name[:40]) as old:
                    if path.exists():
                        path.rename(old)
                    try:
                        folder.rename(path)
                    except OSError:
                        if old.exists():
                            old.rename(path)
                        raise
        except OSError as error:
            raise MangastyleError(f"{self.path}: cannot write this folder ({error.strerror or error}); choose another `out`") from error

    def _refuse_others(self, path: Path) -> None:
        """Keep a folder that holds anything but frames of ours."""
        if not os.path.lexists(path):
            return
        if not path.is_dir():
            raise MangastyleError(f"{self.path}: is a file, not a folder; choose another `out`, or end the name in .webm")
        try:
            names = os.listdir(path)
        except OSError as error:
            raise MangastyleError(f"{self.path}: cannot read this folder ({error.strerror}); choose another `out`") from error
        if others := sorted(name for name in names if not OURS.fullmatch(name)):
            raise MangastyleError(f"{self.path}: holds other files, such as {others[0]}; choose another `out`")
        if names:
            refuse_existing(self.path, self.force)

    @contextlib.contextmanager
    def _encoding(self, target: Path) -> Iterator[None]:
        self._starts: list[Fraction] = []
        yield

    def _add(self, frame: Given) -> None:
        self._starts.append(frame.start)
        self._end = frame.end
        bgr = cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2BGR)
        if self.alpha and frame.alpha is not None:
            bgr = np.dstack([straight(bgr, frame.alpha), frame.alpha])
        data = cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, COMPRESSION])[1].tobytes()
        (self._target / f"{len(self._starts) - 1:06d}.png").write_bytes(data)

    def _finish(self) -> None:
        said: dict[str, object] = {"rate": float(self.rate)}
        if not self.steady or self._end != self.count / self.rate:
            said["times"] = [round(float(time), 6) for time in (*self._starts, self._end)]
        (self._target / TIMES).write_text(json.dumps(said) + "\n", encoding="utf-8")
