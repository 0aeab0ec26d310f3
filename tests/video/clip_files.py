"""Clips that tests make: drawn frames, and files by OpenCV, Pillow and, where there is one, ffmpeg."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Sequence

import cv2
import numpy as np
import pytest
from PIL import Image

needs_ffmpeg = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="needs an ffmpeg")


def drawn(count: int, height: int = 64, width: int = 80) -> list[np.ndarray]:
    """Frames uint8 (h, w, 3): a disc that moves before stripes, each unlike the others."""
    y, x = np.mgrid[:height, :width]
    frames = []
    for number in range(count):
        frame = np.stack([40 + x // 8 * 16, 220 - y // 8 * 8, np.full_like(x, 120)], -1).clip(0, 255).astype(np.uint8)
        cv2.circle(frame, (10 + 3 * number, height // 2), max(1, height // 5), (200, 60, 40), -1)
        cv2.rectangle(frame, (0, 0), (4 + 2 * number, 3), (20, 20, 20), -1)
        frames.append(frame)
    return frames


def psnr(found: np.ndarray, wanted: np.ndarray) -> float:
    """In dB; 99 for equal pictures."""
    error = np.mean((found.astype(np.float64) - wanted) ** 2)
    return 99.0 if error == 0 else float(10 * np.log10(255**2 / error))


def luma(rgb: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY)


def by_opencv(path: Path, frames: Sequence[np.ndarray], rate: float = 10, code: str = "MJPG") -> Path:
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*code), rate, (width, height))
    for frame in frames:
        writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
    writer.release()
    return path


def by_pillow(path: Path, frames: Sequence[np.ndarray], durations: Sequence[int], form: str | None = None, **options) -> Path:
    """Durations in milliseconds."""
    first, *others = [Image.fromarray(frame) for frame in frames]
    first.save(path, form, save_all=True, append_images=others, duration=list(durations), **options)
    return path


def by_ffmpeg(path: Path, *arguments: str, source: str = "testsrc=s=64x48:r=10:d=1") -> Path:
    """A test picture as a clip of ten frames, made as the arguments say."""
    command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", source, *arguments, str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path


def with_sound(path: Path, *arguments: str) -> Path:
    """The same with a tone of one second."""
    return by_ffmpeg(path, "-f", "lavfi", "-i", "sine=d=1", *arguments)
