"""Shots are colored: one color for each thing, whatever is said of it and in which frame; with small networks that were never trained."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mangastyle.errors import Cancelled, MangastyleError
from mangastyle.ops.color import rgb_to_lab
from mangastyle.shade import references
from mangastyle.shade.hints import Hint
from mangastyle.shade.shader import Shader
from mangastyle.video import coloring
from mangastyle.video.coloring import ShotColoring
from mangastyle.video.leaks import LONGEST
from mangastyle.video.shot import MemoryFolder, Shot
from mangastyle.video.temporal_shading import steady

RED, BLUE, GREEN = (200, 40, 60), (30, 60, 180), (40, 150, 60)
SIZE = 96, 128


@pytest.fixture(scope="module")
def real_shader(region_weights, shading_weights) -> Shader:
    return Shader(region_weights, precision="float32", shading_weights=shading_weights)


@pytest.fixture
def shader(real_shader, monkeypatch) -> Shader:
    """One that gives regions colors by their size, in no time."""

    def region_colors(line_art, regions, *_given):
        return regions.labels, np.stack([regions.areas % 251, regions.areas % 241, regions.areas % 239], 1).astype(np.uint8)

    monkeypatch.setattr(real_shader, "region_colors", region_colors)
    monkeypatch.setattr(real_shader, "reference", lambda *pictures: references.nothing(real_shader.spec))
    return real_shader


def frame(x: int, cut: bool = False) -> np.ndarray:
    """A box at x on paper; cut, in two halves."""
    picture = np.full((*SIZE, 3), 255, np.uint8)
    cv2.rectangle(picture, (x, 24), (x + 40, 72), (0, 0, 0), 2)
    if cut:
        picture[24:72, x + 19 : x + 21] = 0
    return picture


def clip(count: int = 5) -> list[np.ndarray]:
    return [frame(20 + 4 * i) for i in range(count)]


def dots(*points: tuple[int, int, tuple[int, int, int]]) -> Hint:
    return Hint.from_points(points, SIZE, radius=2)


def colored(shader: Shader, frames: list[np.ndarray], **given) -> list[np.ndarray]:
    """The frames, colored without shading."""
    shot = Shot.of(frames)
    ShotColoring(shader, shading="none", **given).run(shot)
    return shot.results()


def inside(pictures: list[np.ndarray]) -> list[tuple[int, ...]]:
    """The color in the middle of the box, frame by frame."""
    return [tuple(picture[48, 20 + 4 * i + 14].tolist()) for i, picture in enumerate(pictures)]


def test_strokes_hold_forwards_and_backwards(shader):
    made = colored(shader, clip(), hints={2: dots((42, 40, RED), (120, 90, BLUE))})
    assert inside(made) == [RED] * 5 and [tuple(picture[92, 124].tolist()) for picture in made] == [BLUE] * 5


def test_a_colored_frame_holds_for_the_shot(shader):
    picture = frame(36)
    picture[24:73, 36:77][picture[24:73, 36:77].min(-1) > 200] = GREEN
    assert inside(colored(shader, clip(), colored={4: picture})) == [GREEN] * 5


def test_without_a_word_each_thing_has_one_color_and_the_network_is_asked_once(shader, monkeypatch):
    calls, ask = [], shader.region_colors
    monkeypatch.setattr(shader, "region_colors", lambda *given: calls.append(given) or ask(*given))
    made = colored(shader, clip())
    assert len(set(inside(made))) == 1 and len(calls) == 1


@pytest.mark.slow
def test_the_network_takes_what_is_known_as_a_hint_and_the_colored_frames_as_a_reference(real_shader, monkeypatch):
    calls, ask = [], real_shader.region_colors
    monkeypatch.setattr(real_shader, "region_colors", lambda *given: calls.append(given) or ask(*given))
    frames = clip()
    for picture in frames[2:]:  # what nothing is known of
        cv2.circle(picture, (108, 20), 14, (0, 0, 0), 2)
    first = frame(20)
    first[24:73, 20:61][first[24:73, 20:61].min(-1) > 200] = RED
    made = colored(real_shader, frames, colored={0: first})
    assert inside(made) == [RED] * 5 and len({tuple(picture[20, 108].tolist()) for picture in made[2:]}) == 1
    ((_, regions, hint, _, reference),) = calls
    assert len(reference.areas) == 2 and hint.mask.sum() == 2 and RED in [tuple(color) for color in hint.rgb[hint.mask > 0].tolist()]


def test_colors_that_differ_blend_between_their_frames(shader):
    hints = {1: dots((40, 40, RED)), 3: dots((46, 40, BLUE))}
    made = inside(colored(shader, clip(), hints=hints))
    assert made[:2] == [RED] * 2 and made[3:] == [BLUE] * 2
    ends = rgb_to_lab(np.uint8([[RED, BLUE]]))[0]
    np.testing.assert_allclose(rgb_to_lab(np.uint8([[made[2]]]))[0, 0], ends.mean(0), atol=1)


def test_numbers_are_those_of_the_clip(shader):
    shot = Shot(range(100, 105), lambda index: clip()[index], MemoryFolder())
    stray = dots((40, 40, GREEN))
    ShotColoring(shader, shading="none", hints={102: dots((42, 40, RED)), 2: stray, 105: stray}).run(shot)
    assert inside(shot.results()) == [RED] * 5


def test_own_colors_are_the_median_over_the_shot(shader):
    frames = []
    for i, art in enumerate(clip()):
        picture = art.copy()
        picture[26:71, 22 + 4 * i : 59 + 4 * i] = BLUE if i == 3 else RED
        frames.append(picture)
    made = colored(shader, frames, own_colors=True, line_art=False)
    for color in inside(made):
        assert np.abs(np.subtract(color, RED)).max() <= 2


@pytest.mark.parametrize("given", [{}, {"hints": {0: Hint(np.zeros((1, 1, 3), np.uint8), np.zeros((1, 1)))}}])
def test_color_clips_keep_their_colors_if_nothing_is_given(shader, given):
    frames = []
    for i, art in enumerate(clip()):
        frames.append(np.full_like(art, 255))
        frames[-1][26:71, 22 + 4 * i : 59 + 4 * i] = RED
    made = colored(shader, frames, line_art=False, **given)
    kept = [np.abs(np.subtract(color, RED)).max() <= 2 for color in inside(made)]
    assert all(kept) if not given else not any(kept)


def test_a_line_that_leaks_for_good_parts_nothing(shader):
    """A gap that opens is kept closed for a while; then both sides are one, and look so."""
    leaking = frame(20, cut=True)
    leaking[43:53, 39:41] = 255
    made = colored(shader, [frame(20, cut=True), *[leaking] * (LONGEST + 2)], hints={0: dots((30, 40, RED), (52, 40, BLUE))})
    same = [np.array_equal(picture[48, 30], picture[48, 50]) for picture in made]
    assert same == [False] * (LONGEST + 1) + [True] * 2


def test_a_part_keeps_the_color_of_the_whole(shader):
    frames = [*clip(2), *(frame(20 + 4 * i, cut=True) for i in range(2, 6))]
    made = colored(shader, frames, hints={0: dots((40, 40, RED))})
    for i, picture in enumerate(made):
        for x in (10, 30):
            assert tuple(picture[48, 20 + 4 * i + x].tolist()) == RED


def test_what_flashes_up_has_the_color_around_it(shader):
    frames = clip()
    cv2.circle(frames[2], (100, 48), 12, (0, 0, 0), 2)
    made = colored(shader, frames, hints={0: dots((100, 80, BLUE), (40, 40, RED))})
    assert tuple(made[2][48, 100].tolist()) == BLUE


def test_strokes_that_divide_a_region_go_on_dividing_it(shader):
    hint = dots((36, 48, RED), (60, 48, GREEN))
    made = colored(shader, clip(), hints={2: hint})
    for i, picture in enumerate(made):
        x = 20 + 4 * i
        assert tuple(picture[48, x + 6].tolist()) == RED and tuple(picture[48, x + 35].tolist()) == GREEN, i


def test_a_later_stroke_ends_the_division(shader):
    made = colored(shader, clip(), hints={1: dots((32, 48, RED), (56, 48, GREEN)), 3: dots((52, 48, BLUE))})
    assert tuple(made[1][48, 56].tolist()) == GREEN and tuple(made[3][48, 36].tolist()) == tuple(made[4][48, 72].tolist()) == BLUE


class Interrupted(Exception):
    pass


class Failing(MemoryFolder):
    """A folder of which every write from the n-th on fails."""

    left = 10**9

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Interrupted

    def write(self, index, picture):
        self._count()
        super().write(index, picture)

    def save(self, name, arrays):
        self._count()
        super().save(name, arrays)


def test_an_interrupted_run_goes_on_as_if_nothing_had_been(shader):
    frames = [*clip(2), *(frame(20 + 4 * i, cut=True) for i in range(2, 4))]
    stage = ShotColoring(shader, hints={1: dots((32, 48, RED), (56, 48, GREEN))})
    whole = Shot.of(frames)
    stage.run(whole)
    writes = 0
    for limit in (0, 3, 7, 11, 13, 16, 19):
        kept = Failing()
        shot = Shot(range(4), lambda index: frames[index], kept)
        kept.left = limit
        try:
            stage.run(shot)
        except Interrupted:
            writes += 1
        kept.left = 10**9
        stage.run(shot)
        for one, other in zip(whole.results(), shot.results()):
            np.testing.assert_array_equal(one, other)
    assert writes >= 6


def test_a_result_that_was_lost_is_made_again(shader):
    shot = Shot.of(clip())
    stage = ShotColoring(shader)
    stage.run(shot)
    before = shot.results()
    del shot.kept._pictures[2]
    stage.run(shot)
    for one, other in zip(before, shot.results()):
        np.testing.assert_array_equal(one, other)


def test_progress_and_cancelling(shader):
    done = []
    shot = Shot(range(3), lambda index: clip()[index], MemoryFolder(), progress=lambda *given: done.append(given))
    ShotColoring(shader, shading="none").run(shot)
    assert done[0] == (1, 6) and done[-1] == (6, 6) and done == sorted(done)

    class Now:
        def is_set(self) -> bool:
            return True

    with pytest.raises(Cancelled):
        ShotColoring(shader).run(Shot(range(3), lambda index: clip()[index], MemoryFolder(), cancel=Now()))


def test_shading_follows_the_shader_and_is_steady(shader):
    still = [frame(30)] * 3
    shot = Shot.of(still)
    ShotColoring(shader, hints={0: dots((50, 40, RED))}).run(shot)
    results = shot.results()
    np.testing.assert_array_equal(results[0], results[2])


def test_layers_that_agree_are_kept_where_the_track_is_the_same_and_others_are_not():
    rng = np.random.default_rng(0)
    gray = cv2.resize(rng.integers(0, 256, (12, 16), np.uint8), (64, 48), interpolation=cv2.INTER_CUBIC)
    tracks = np.zeros((48, 64), np.int32)
    tracks[:, 32:] = 1
    other = tracks.copy()
    other[:, 32:] = 2
    before, own = np.full((96, 128, 6), 100, np.uint8), np.full((96, 128, 6), 110, np.uint8)
    own[:48] = 200
    shown = steady((gray, tracks), (gray, other), before, own)
    assert 100 < shown[70, 20, 0] < 105 and (shown[60:, 70:] == 110).all() and (shown[:44] == 200).all()


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (16, 200)])
def test_small_frames(shader, size):
    made = colored(shader, [np.full((*size, 3), 255, np.uint8)] * 2)
    assert [picture.shape for picture in made] == [(*size, 3)] * 2


def test_an_empty_shot(shader):
    ShotColoring(shader).run(Shot.of([]))


def test_errors(shader, loud_weights):
    for given, words in (
        ({"hints": {0: "red"}}, "`hints`"), ({"colored": {3: np.zeros((4, 4))}}, "colored"), ({"reference": 5}, "`reference`"),
        ({"line_art": "yes"}, "`line_art`"), ({"shading": "cell"}, "`shading`"), ({"inc": 1}, "did you mean .ink"),
    ):  # fmt: skip
        with pytest.raises(MangastyleError, match=words):
            ShotColoring(shader, **given)
    with pytest.raises(MangastyleError, match="`shader`"):
        ShotColoring(Shader(loud_weights))


def test_what_is_kept_of_a_frame_comes_back(shader):
    shot = Shot.of([np.where(frame(20) < 128, np.uint8([90, 20, 20]), 255).astype(np.uint8)])
    stage = ShotColoring(shader, line_art=True)
    stage.run(shot)
    kept = coloring._unpacked(shot.kept.load("regions-000000"))
    again = coloring._packed(kept)
    for key, value in shot.kept.load("regions-000000").items():
        np.testing.assert_array_equal(again[key], value)
