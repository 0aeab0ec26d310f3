"""Cuts, flashes, fades and repeated frames, in clips whose scenes are known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

import mangastyle
from mangastyle.errors import MangastyleError
from mangastyle.video.frame import Frame
from mangastyle.video.shots import find_shots, given_shots, read_shots, repeats, write_shots

SIZE = 96


def scene(seed: int, count: int, step: int = 2, lines: bool = False) -> list[np.ndarray]:
    """A drawn face that moves to the side."""
    drawn = mangastyle.draw(seed, SIZE)
    if lines:
        drawn = np.repeat(mangastyle.sketch(drawn, kind="clean")[..., None], 3, -1)
    return [np.roll(drawn, step * index, 1) for index in range(count)]


def firsts(pictures: list[np.ndarray]) -> list[int]:
    frames = [Frame(number, number / 12, rgb, None) for number, rgb in enumerate(pictures)]
    found = list(find_shots(frames))
    assert [frame.number for frame, _ in found] == list(range(len(pictures)))
    return [frame.number for frame, begins in found if begins]


@pytest.mark.parametrize("lines", [False, True])
def test_a_cut_is_found(lines):
    assert firsts(scene(7, 9, lines=lines) + scene(9, 8, lines=lines) + scene(11, 3, lines=lines)) == [0, 9, 17]


def test_motion_is_no_cut():
    height = SIZE
    moving = []
    for index in range(12):  # turning, growing, moving by an eighth of the picture
        turn = cv2.getRotationMatrix2D((SIZE / 2, height / 2), 4 * index, 1 + index / 40)
        turn[0, 2] += 6 * (index % 3)
        moving.append(cv2.warpAffine(mangastyle.draw(7, SIZE), turn, (SIZE, height), borderMode=cv2.BORDER_REFLECT))
    assert firsts(moving) == [0]


@pytest.mark.parametrize("flash", [255, 0, "other"])
def test_a_flash_is_no_cut(flash):
    steady = scene(7, 14)
    for index in (5, 6, 7):
        steady[index] = scene(21, 1)[0] if flash == "other" else np.full_like(steady[0], flash)
    assert firsts(steady) == [0]


def test_light_that_changes_is_no_cut():
    steady = scene(7, 12)
    assert firsts([np.uint8(picture * (1 - index / 16)) for index, picture in enumerate(steady)]) == [0]


def test_a_fade_through_black_is_one_cut():
    fading = [1.0, 0.8, 0.6, 0.4, 0.2, 0.0, 0.0]
    out = [np.uint8(picture * gain) for picture, gain in zip(scene(7, 7), fading)]
    back = [np.uint8(picture * gain) for picture, gain in zip(scene(9, 7), fading[::-1])]
    found = firsts(scene(7, 5) + out + back + scene(9, 5))
    assert len(found) == 2 and 10 <= found[1] <= 14


def test_one_frame_and_blank_frames():
    assert firsts([np.full((40, 40, 3), 255, np.uint8)] * 5) == [0]
    assert firsts(scene(7, 1)) == [0]


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (400, 1), (33, 500)])
def test_odd_sizes(shape):
    noise = np.random.default_rng(0).integers(0, 256, (3, *shape, 3), np.uint8)
    assert firsts(list(noise))[0] == 0


def test_what_repeats():
    drawn = mangastyle.draw(7, SIZE)
    noisy = np.uint8(np.clip(drawn + np.random.default_rng(0).normal(0, 0.7, drawn.shape), 0, 255))
    blink = drawn.copy()
    blink[40:46, 30:40] = 0
    assert repeats(drawn, drawn) and repeats(noisy, drawn)
    assert not repeats(blink, drawn) and not repeats(np.roll(drawn, 1, 1), drawn) and not repeats(drawn[:50], drawn)


def test_given_shots():
    frames = [Frame(number, 0.0, np.zeros((2, 2, 3), np.uint8), None) for number in (10, 12, 14, 16)]
    assert [frame.number for frame, begins in given_shots(frames, [13, 0, 16, 99]) if begins] == [10, 14, 16]


def test_the_file_of_shots(tmp_path):
    path = tmp_path / "shots.txt"
    write_shots(path, [(0, 0.0), (1500, 62.5)])
    assert read_shots(path) == [0, 1500]
    assert "1:02.500" in path.read_text()
    path.write_text("\ufeff7 # a remark\n\n0\r\n7\n", encoding="utf-8")
    assert read_shots(path) == [0, 7]
    for wrong in ("0\nthree\n", "-1", "1.5", "٣"):
        path.write_text(wrong, encoding="utf-8")
        with pytest.raises(MangastyleError, match=r"shots\.txt, line \d: must begin with the number"):
            read_shots(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(MangastyleError, match=r"shots\.txt: is no text file"):
        read_shots(path)
