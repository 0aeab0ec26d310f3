"""The style stage of a clip: no flicker, strokes that move, exact resumption, and each method's way of going on."""

from __future__ import annotations

import threading
from typing import Any

import cv2
import numpy as np
import pytest

from mangastyle.errors import Cancelled, MangastyleError
from mangastyle.io import registry
from mangastyle.ops import pixels
from mangastyle.style.learned import painters
from mangastyle.style.learned.painters import Painter
from mangastyle.style.onepass import network
from mangastyle.style.onepass.settings import OnePassSpec
from mangastyle.style.optimize.terms import Previous
from mangastyle.style.stylize import Stylizer
from mangastyle.synthetic import characters, paintings
from mangastyle.video import fixed_style, flow, painting
from mangastyle.video.motion import Motion
from mangastyle.video.painting import ShotPainting, go_on
from mangastyle.video.shot import MemoryFolder, Shot

SIDE = 96
BRUSH = paintings.paint("brush", 3, 120, 150)


def frames(count: int, step: float = 2.0, side: int = SIDE) -> list[np.ndarray]:
    """A drawn head that a camera pans over, by `step` pixels a frame."""
    wide = characters.draw(7, 2 * side)
    return [cv2.warpAffine(wide, np.array([[1, 0, -step * i], [0, 1, -side / 3]]), (side, side)) for i in range(count)]


def stylizer(method: str = "onepass", **settings: Any) -> Stylizer:
    settings = {"size": 0, "precision": "float32", **settings}
    return Stylizer(settings.pop("styles", BRUSH), method=method, **settings)


def painted(given: list[np.ndarray], by: Stylizer, **options: Any) -> list[np.ndarray]:
    shot = Shot.of(given)
    ShotPainting(by, **options).run(shot)
    return shot.results()


def warp_error(pictures: list[np.ndarray], step: float) -> float:
    """Mean squared error of each picture from the next one, moved back by the known translation."""
    way = np.full((*pictures[0].shape[:2], 2), (-step, 0), np.float32)
    found = []
    for a, b in zip(pictures, pictures[1:]):
        found.append(np.mean((a - flow.warp(b.astype(np.float32), way))[4:-4, 8:-8] ** 2.0))
    return float(np.mean(found))


@pytest.fixture(scope="module")
def onepass() -> Stylizer:
    return stylizer()


def test_it_flickers_far_less_than_frame_by_frame_and_stays_as_sharp(onepass):
    given = frames(9, 1.5)
    alone = [onepass(frame) for frame in given]
    found = painted(given, onepass)
    assert warp_error(found, 1.5) < 0.4 * warp_error(alone, 1.5)
    sharp, sharp_alone = (np.mean([np.var(cv2.Laplacian(x, cv2.CV_32F)) for x in these[5:]]) for these in (found, alone))
    assert sharp > 0.7 * sharp_alone


def test_a_still_shot_is_one_picture(onepass):
    frame = frames(1)[0]
    found = painted([frame] * 4, onepass)
    assert all((picture == found[0]).all() for picture in found[1:])


def test_the_first_frame_is_that_of_the_stylizer_with_the_statistics_of_the_shot(onepass):
    given = frames(2, 30.0)
    implementation = onepass.implementation
    np.testing.assert_array_equal(painted(given[:1], onepass)[0], onepass(given[0]))
    long = [given[0]] * 8 + [given[1]]  # the ninth frame is measured, too
    statistics = [implementation.content_statistics(frame) for frame in given]
    expected = implementation(given[0], content_statistics=fixed_style.tiles.merge_statistics(statistics, np.ones((2, 1))))
    found = painted(long, onepass)[0]
    np.testing.assert_array_equal(found, expected)
    assert np.abs(found.astype(int) - onepass(given[0])).mean() > 0.2


def test_pull_says_how_much_of_the_result_before_counts(onepass):
    given = frames(5)
    free, held = (warp_error(painted(given, onepass, pull=pull), 2.0) for pull in (0, 0.8))
    assert held < 0.6 * free
    with pytest.raises(MangastyleError, match="`pull`: must be from 0 to 1"):
        ShotPainting(onepass, pull=1.5)


def test_what_changed_is_painted_anew():
    rng = np.random.default_rng(0)
    new, old = rng.integers(0, 256, (2, 40, 40, 3), np.uint8)
    seen = np.zeros((40, 40), np.float32)
    seen[:, 30:] = 1
    found = go_on(new, old, Motion(np.zeros((40, 40, 2), np.float32), seen, np.eye(3), np.ones((40, 40), np.float32)), 1.0)
    np.testing.assert_array_equal(found[:, :15], new[:, :15])
    assert np.abs(found[:, 32:].astype(int) - old[:, 32:]).mean() < 12


def test_going_on_for_long_does_not_soften():
    """Of a texture that moves by parts of a pixel; plain averaging loses most of its fine detail."""
    rng = np.random.default_rng(0)
    texture = np.repeat(cv2.GaussianBlur(rng.normal(128, 160, (64, 200)), (0, 0), 0.8)[..., None], 3, 2).clip(0, 255).astype(np.float32)
    everywhere = np.ones((64, 64), np.float32)
    motion = Motion(np.full((64, 64, 2), (0.5, 0), np.float32), everywhere, np.eye(3), everywhere)

    def fresh(i: int) -> np.ndarray:
        """The texture with noise, as a network has it that paints each frame anew."""
        moved = cv2.warpAffine(texture, np.array([[1, 0, -0.5 * (48 - i)], [0, 1, 0]]), (64, 64), flags=cv2.INTER_LANCZOS4)
        return pixels.to_uint8(moved + rng.normal(0, 25, moved.shape))

    result = plain = fresh(0)
    for i in range(1, 48):
        new = fresh(i)
        result = go_on(new, result, motion, 0.75)
        plain = pixels.to_uint8(0.25 * new + 0.75 * flow.warp(plain, motion.way))
    power = [np.var(cv2.Laplacian(x, cv2.CV_32F)[8:-8, 8:-8]) for x in (result, plain, fresh(48))]
    assert power[0] > 0.6 * power[2] and power[1] < 0.25 * power[2]


class Failing(MemoryFolder):
    """Fails at the n-th time that anything is written, before or after it is done."""

    def __init__(self, at: int, after: bool) -> None:
        super().__init__()
        self.at, self.after = at, after

    def _tick(self) -> bool:
        self.at -= 1
        return self.at == 0

    def write(self, index, picture):
        self._guard(lambda: super(Failing, self).write(index, picture))

    def save(self, name, arrays):
        self._guard(lambda: super(Failing, self).save(name, arrays))

    def _guard(self, act):
        fails = self._tick()
        if not fails or self.after:
            act()
        if fails:
            raise OSError("killed")


def test_a_killed_run_goes_on_to_the_last_bit(onepass, monkeypatch):
    monkeypatch.setattr(painting, "EVERY", 3)
    given = frames(7, 3.0)
    stage = ShotPainting(onepass)
    whole = Shot.of(given)
    stage.run(whole)
    rng = np.random.default_rng(0)
    for at in sorted(rng.choice(np.arange(1, 10), 3, replace=False)):
        kept = Failing(int(at), bool(rng.integers(2)))
        for _ in range(2):
            try:
                stage.run(Shot(range(len(given)), given.__getitem__, kept))
            except OSError:
                kept.at = int(rng.integers(2, 6))  # once more
        stage.run(Shot(range(len(given)), given.__getitem__, _recovered(kept)))
        for i, expected in enumerate(whole.results()):
            np.testing.assert_array_equal(kept.read(i), expected)


def _recovered(kept: Failing) -> Failing:
    kept.at = -1
    return kept


def test_a_lost_result_is_painted_again_and_nothing_else(onepass, monkeypatch):
    monkeypatch.setattr(painting, "EVERY", 2)
    given = frames(5)
    shot = Shot.of(given)
    ShotPainting(onepass).run(shot)
    before, written = shot.results(), []
    del shot.kept._pictures[1]
    write = shot.kept.write
    monkeypatch.setattr(shot.kept, "write", lambda i, picture: (written.append(i), write(i, picture)))
    ShotPainting(onepass).run(shot)
    assert written == [1]
    np.testing.assert_array_equal(shot.kept.read(1), before[1])


def test_grain_is_kept_now_and_then_and_statistics_once(onepass, monkeypatch):
    monkeypatch.setattr(painting, "EVERY", 2)
    saved: list[str] = []

    class Noting(MemoryFolder):
        def save(self, name, arrays):
            saved.append(name)
            super().save(name, arrays)

    given = frames(5)
    kept = Noting()
    ShotPainting(onepass).run(Shot(range(5), given.__getitem__, kept))
    assert saved == ["statistics", "grain", "grain"]
    ShotPainting(onepass).run(Shot(range(5), lambda i: pytest.fail("nothing is missing"), kept))


def test_progress_and_cancellation(onepass):
    given, steps, cancel = frames(3), [], threading.Event()

    def progress(done: int, of: int) -> None:
        steps.append((done, of))
        if done == 2:
            cancel.set()

    kept = MemoryFolder()
    with pytest.raises(Cancelled):
        ShotPainting(onepass).run(Shot(range(3), given.__getitem__, kept, progress=progress, cancel=cancel))
    assert steps == [(1, 3), (2, 3)] and kept.has(1) and not kept.has(2)


@pytest.mark.parametrize(
    "settings",
    [
        {"keep_colors": True}, {"match_colors": True, "strength": 0.9}, {"styles": [BRUSH, 255 - BRUSH], "style_weights": (1.0, 2.0)},
        {"size": 48, "strength": 0.3}, {"masks": [np.eye(SIDE, dtype=np.float32)]},
    ],
)  # fmt: skip
def test_settings_of_the_look_go_on_working(settings):
    given = frames(3)
    by = stylizer(**settings)
    found = painted(given, by)
    assert {picture.shape for picture in found} == {by(given[0]).shape}
    np.testing.assert_array_equal(painted(given[:1], by)[0], by(given[0]))
    assert np.abs(found[1].astype(int) - by(given[1])).mean() < 20


def test_frames_of_two_sizes_and_tiny_frames_are_refused(onepass):
    given = [*frames(1), np.zeros((SIDE, SIDE + 8, 3), np.uint8)]
    shot = Shot((4, 6), given.__getitem__, MemoryFolder())
    with pytest.raises(MangastyleError, match="^frame 6: is 104x96, but the frame before 96x96$"):
        ShotPainting(onepass).run(shot)
    with pytest.raises(MangastyleError, match="content"):
        painted([np.zeros((20, 40, 3), np.uint8)], onepass)


def taught(spec: OnePassSpec, arrays: dict[str, np.ndarray]) -> Stylizer:
    """A stylizer of method learned whose painter has this decoder."""
    by = stylizer("learned")
    by.implementation.teacher = lambda painting: Painter(painters.digest(painting), painting, spec, arrays)
    return by


def test_learned_painters_go_on_as_the_one_pass(onepass, tmp_path, monkeypatch):
    monkeypatch.setenv("MANGASTYLE_CACHE", str(tmp_path))
    spec, decoder = network.read_decoder(registry.find("onepass"))
    given = frames(3)
    found = painted(given, taught(spec, {x.path: x.numpy() for x in decoder.variables}))
    for picture, expected in zip(found, painted(given, onepass)):
        np.testing.assert_array_equal(picture, expected)


def test_a_decoder_without_strokes(tmp_path, monkeypatch):
    monkeypatch.setenv("MANGASTYLE_CACHE", str(tmp_path))
    spec = OnePassSpec(residual_windows=())
    found = painted(frames(2), taught(spec, {x.path: x.numpy() for x in network.decoder(spec).variables}))
    assert found[1].shape == (SIDE, SIDE, 3)


@pytest.mark.slow
def test_polish_starts_from_the_warped_result_and_stays_near_it(monkeypatch):
    by, given = stylizer("polish", polish_iterations=1), frames(2, 4.0, 64)
    calls: list[dict] = []
    optimize = by.implementation.optimize
    search = optimize.search

    def noting(content, progress=None, cancel=None, style_statistics=None, start=None, previous=None):
        calls.append({"start": start, "previous": previous})
        return search(content, progress, cancel, style_statistics, start, previous)

    monkeypatch.setattr(optimize, "search", noting)
    found = painted(given, by)
    assert calls[0]["previous"] is None
    start, previous = calls[1]["start"], calls[1]["previous"]
    back = np.full((64, 64, 2), (4, 0), np.float32)
    seen = previous.weight > 0.95
    assert seen.mean() > 0.5 and previous.weight[:, -2:].mean() < 0.5
    expected = flow.warp(found[0], back)
    assert np.median(np.abs(start.astype(int) - expected)[seen]) <= 2
    assert np.median(np.abs(start.astype(int) - found[0])[seen]) > 4
    assert isinstance(previous, Previous)


@pytest.mark.slow
def test_optimize_goes_on_from_its_result():
    by, given = stylizer("optimize", iterations=12, min_size=0, backbone="slim"), frames(3, 2.0)
    found, alone = painted(given, by), [by(frame) for frame in given]
    np.testing.assert_array_equal(found[0], alone[0])
    assert warp_error(found, 2.0) < 0.9 * warp_error(alone, 2.0)
