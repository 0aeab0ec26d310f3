"""A clip through stages: as many frames out as in, in order, exactly resumed, never more than a few in memory."""

from __future__ import annotations

import threading
import tracemalloc

import numpy as np
import pytest

from mangastyle.errors import Cancelled, MangastyleError
from mangastyle.video.frame import Frame
from mangastyle.video.processing import process, process_frames
from mangastyle.video.shot import Shot
from mangastyle.video.store import Store

SIZE = 32


class Adding:
    """Adds what it has counted so far, so that a result depends on all frames before it."""

    def __init__(self, name: str = "shade", stop_after: int = 10**9) -> None:
        self.name, self.left, self.shots, self.inputs = name, stop_after, [], 0

    def run(self, shot: Shot) -> None:
        state = shot.kept.load("state") or {"sum": np.zeros((), np.int64), "next": np.zeros((), np.int64)}
        self.shots.append(shot.numbers)
        for index in range(int(state["next"]), len(shot)):
            if not self.left:
                raise KeyboardInterrupt
            self.left -= 1
            self.inputs += 1
            state = {"sum": state["sum"] + int(shot.frame(index).sum()), "next": np.int64(index + 1)}
            shot.kept.write(index, shot.frame(index) + np.uint8(state["sum"] % 256))
            shot.kept.save("state", state)
            shot.step(index + 1, len(shot))


def clip(seed: int = 0, count: int = 7, size: int = SIZE) -> list[np.ndarray]:
    return list(np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), np.uint8))


def test_every_frame_has_its_result():
    frames = clip()
    expected = [frame + np.uint8(sum(int(x.sum()) for x in frames[: index + 1]) % 256) for index, frame in enumerate(frames)]
    assert np.array_equal(list(process(frames, [Adding()], shots=[0])), expected)


def test_stages_follow_each_other():
    frames = clip()
    once = list(process(frames, [Adding()], shots=[0, 3]))
    assert np.array_equal(list(process(frames, [Adding("a"), Adding("b")], shots=[0, 3])), list(process(once, [Adding()], shots=[0, 3])))


def test_repeated_frames_are_made_once():
    a, b = clip(count=2)
    stage = Adding()
    made = list(process([a, a, a, b, b, a], [stage], shots=[0]))
    assert stage.shots == [(0, 3, 5)] and len(made) == 6
    assert np.array_equal(made[0], made[2]) and np.array_equal(made[3], made[4]) and not np.array_equal(made[0], made[5])


def test_a_frame_with_a_hint_is_one_of_its_own():
    a, b = clip(count=2)
    stage = Adding()
    stage.numbers = {2}
    list(process([a, a, a, a, b], [stage], shots=[0]))
    assert stage.shots == [(0, 2, 4)]


def test_shots_are_apart():
    stage, begins = Adding(), []
    frames = clip()
    made = list(process(frames, [stage], shots=[0, 4], on_shot=lambda frame: begins.append(frame.number)))
    assert stage.shots == [(0, 1, 2, 3), (4, 5, 6)] and begins == [0, 4]
    assert np.array_equal(made[4:], list(process(frames[4:], [Adding()], shots=[0])))


@pytest.mark.parametrize("kill", range(0, 14, 3))
def test_an_interrupted_run_goes_on(tmp_path, kill):
    frames = clip()
    expected = list(process(frames, [Adding("a"), Adding("b")], shots=[0, 4]))
    stages = [Adding("a", kill), Adding("b", kill)]
    with Store.opened(tmp_path / "work", {}) as store, pytest.raises(KeyboardInterrupt):
        list(process(frames, [stages[0], Adding("b", max(0, kill - 7))], shots=[0, 4], folder=store))
    again = [Adding("a"), Adding("b")]
    with Store.opened(tmp_path / "work", {}) as store:
        assert np.array_equal(list(process(frames, again, shots=[0, 4], folder=store)), expected)
    assert stages[0].inputs + again[0].inputs == len(frames)  # none was made twice


def test_a_finished_run_is_read_from_disk(tmp_path):
    frames, last = clip(), Adding()
    with Store.opened(tmp_path / "work", {}) as store:
        first = list(process(frames, [Adding()], folder=store))
        assert np.array_equal(list(process(frames, [last], folder=store)), first)
    assert not last.inputs


def test_numbers_times_and_opacity_stay_with_their_frames(tmp_path):
    pictures, opaque = clip(count=3), np.full((SIZE, SIZE), 255, np.uint8)
    alphas = [None, opaque // 2, opaque // 3]
    given = [Frame(4 + 2 * i, 0.1 * i * i, pictures[i // 2], alphas[i // 2]) for i in range(6)]
    for _ in range(2):
        with Store.opened(tmp_path / "work", {}) as store:
            made = list(process_frames(given, [Adding()], [0, 8], store))
        assert [(frame.number, frame.time) for frame in made] == [(frame.number, frame.time) for frame in given]
        for frame, own in zip(made, given):
            assert frame.alpha is None if own.alpha is None else np.array_equal(frame.alpha, own.alpha)


def test_larger_frames_are_reduced():
    made = list(process_frames([Frame(0, 0.0, clip(size=64)[0], np.full((64, 64), 9, np.uint8))], [Adding()], size=40))
    assert made[0].rgb.shape == (40, 40, 3) and made[0].alpha is not None and made[0].alpha.shape == (40, 40)


def test_memory_does_not_grow_with_the_clip():
    def peak(count: int) -> int:
        tracemalloc.start()
        for _ in process((np.full((128, 128, 3), index * 37 % 256, np.uint8) for index in range(count)), [Adding()], shots=[0]):
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    peak(3)
    assert peak(80) < peak(20) + 500_000  # a frame has 49,152 bytes


def test_progress_rises_to_the_end():
    seen = []
    list(process(clip(), [Adding("a"), Adding("b")], shots=[0, 4], count=7, progress=seen.append))
    done = [record.iteration for record in seen]
    assert done == sorted(done) and done[-1] == 7 and {record.iterations for record in seen} == {7}
    assert {record.stage for record in seen} == {"read", "a", "b"}


def test_a_clip_can_be_cancelled(tmp_path):
    cancel = threading.Event()
    with Store.opened(tmp_path / "work", {}) as store, pytest.raises(Cancelled):
        list(process(clip(), [Adding()], folder=store, cancel=cancel, progress=lambda record: record.iteration > 2 and cancel.set()))
    with Store.opened(tmp_path / "work", {}) as store:
        assert np.array_equal(list(process(clip(), [Adding()], folder=store)), list(process(clip(), [Adding()])))


def test_mistakes_are_named():
    with pytest.raises(MangastyleError, match="`frames`: frame 1 is 40x40, but the first is 32x32"):
        list(process([clip()[0], clip(size=40)[0]], [Adding()]))
    with pytest.raises(MangastyleError, match="`frames`: must be uint8"):
        list(process([clip()[0] / 255], [Adding()]))
    with pytest.raises(MangastyleError, match="`stages`: there must be at least one"):
        process(clip(), [])
    assert list(process([], [Adding()])) == []
