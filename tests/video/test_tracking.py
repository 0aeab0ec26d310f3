"""Regions are followed through drawn motion: what is the same thing is known by construction."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mangastyle.lineart.regions import find_regions
from mangastyle.ops import pixels
from mangastyle.synthetic.animation import animation
from mangastyle.video import tracking
from mangastyle.video.leaks import keep_apart

SIZE = 120, 160


class Follower:
    """Follows shapes from frame to frame; each frame gives the tracks, and the track at a point (x, y)."""

    def __init__(self) -> None:
        self.tracks, self.step, self.labels = None, None, None

    def __call__(self, art: np.ndarray, frame: np.ndarray | None = None) -> Follower:
        frame = art if frame is None else frame
        expected = tracking.expect(self.tracks, frame) if self.tracks else None
        regions = find_regions(art)
        if expected:
            regions = keep_apart(regions, art, expected.tracks)
        self.tracks, self.step = tracking.follow(self.tracks, tracking.look(frame, art, regions), expected)
        self.labels = regions.labels
        return self

    def at(self, x: int, y: int) -> int:
        return int(self.step.tracks[self.labels[y, x]])


def paper() -> np.ndarray:
    return np.full((*SIZE, 3), 255, np.uint8)


def circle(picture: np.ndarray, x: int, y: int, radius: int, inside: int = 255) -> np.ndarray:
    cv2.circle(picture, (x, y), radius, (inside,) * 3, -1)
    return cv2.circle(picture, (x, y), radius, (0, 0, 0), 2)


def box(picture: np.ndarray, x: int, y: int, width: int, height: int) -> np.ndarray:
    cv2.rectangle(picture, (x, y), (x + width, y + height), (255, 255, 255), -1)
    return cv2.rectangle(picture, (x, y), (x + width, y + height), (0, 0, 0), 2)


def test_moving_shapes_keep_their_tracks():
    follow = Follower()
    found = []
    for t in range(10):
        follow(box(circle(paper(), 40 + 3 * t, 40, 22), 120 - 3 * t, 75, 30, 30))
        found.append((follow.at(40 + 3 * t, 40), follow.at(135 - 3 * t, 90), follow.at(3, 3)))
    assert len(set(found)) == 1 and len(set(found[0])) == 3
    assert follow.tracks.next == 3


def test_a_drawn_clip_keeps_its_identities():
    follow, known, right, total = Follower(), {}, 0, 0
    for index, frame in enumerate(animation(4, "walk", 128, 6)):
        follow(pixels.to_rgb(frame.line_art))
        names = int(frame.regions.max()) + 1
        counts = np.bincount((follow.labels * names + frame.regions).ravel(), minlength=len(follow.step.tracks) * names)
        true = counts.reshape(-1, names).argmax(1)  # what each region shows most of
        areas = np.bincount(follow.labels.ravel())
        if index == 0:
            known, first = dict(zip(follow.step.tracks, true)), np.unique(frame.regions)
        for track, name, area in zip(follow.step.tracks, true, areas):
            if name in first:
                right, total = right + area * (known.get(track) == name), total + area
    assert right > 0.95 * total


def test_what_was_hidden_comes_back():
    follow = Follower()
    first = follow(circle(paper(), 50, 60, 15)).at(50, 60)
    for x in (130, 115, 100, 90, 80, 70, 60, 50, 45, 45):  # a large box passes before it
        follow(box(circle(paper(), 50, 60, 15), x - 30, 25, 70, 70))
    assert first not in follow.step.tracks
    for x in (50, 60, 65, 70, 75, 80, 90, 100, 110):
        follow(box(circle(paper(), 50, 60, 15), x - 30, 25, 70, 70))
    assert follow.at(50, 60) == first


def test_what_is_forgotten_is_new(monkeypatch):
    monkeypatch.setattr(tracking, "MEMORY", 2)
    follow = Follower()
    first = follow(circle(paper(), 50, 60, 15)).at(50, 60)
    for _ in range(4):
        follow(paper())
    assert follow(circle(paper(), 50, 60, 15)).at(50, 60) != first and first not in follow.tracks.numbers


def test_a_split_leaves_a_track_and_a_part_of_it():
    whole, cut = box(paper(), 30, 30, 90, 60), box(paper(), 30, 30, 90, 60)
    cut[30:90, 60:62] = 0
    follow = Follower()
    first = follow(whole).at(100, 60)
    follow(cut)
    assert follow.at(100, 60) == first != follow.at(45, 60)
    assert follow.step.born.tolist() == [follow.at(45, 60)]
    assert follow.step.parents.tolist() == [first] and follow.step.parts.tolist() == [True]


def test_a_new_thing_is_no_part_of_what_it_covers():
    follow = Follower()
    ground = follow(paper()).at(3, 3)
    follow(circle(paper(), 60, 60, 25))
    assert follow.at(3, 3) == ground and follow.step.parents.tolist() == [ground] and follow.step.parts.tolist() == [False]


def test_a_merger_keeps_the_larger_track_and_the_smaller_returns():
    whole, cut = box(paper(), 30, 30, 90, 60), box(paper(), 30, 30, 90, 60)
    cut[30:90, 60:62] = 0
    follow = Follower()
    small, large = follow(cut).at(45, 60), follow(cut).at(100, 60)
    follow(whole)
    assert follow.at(45, 60) == follow.at(100, 60) == large
    assert follow.step.ended.tolist() == [small] and follow.step.heirs.tolist() == [large]
    follow(whole)
    follow(cut)
    assert (follow.at(45, 60), follow.at(100, 60)) == (small, large)


def test_a_leak_is_closed_where_it_was():
    cut = box(paper(), 30, 30, 90, 60)
    cut[30:90, 60:62] = 0
    leaking = cut.copy()
    leaking[53:66, 60:62] = 255
    assert len(find_regions(leaking).areas) < len(find_regions(cut).areas)
    follow = Follower()
    before = [follow(cut).at(x, 60) for x in (45, 100)]
    assert [follow(leaking).at(x, 60) for x in (45, 100)] == before
    assert (follow.labels[35:85, 64:118] == follow.labels[60, 100]).all()
    assert (follow.labels[35:85, 33:58] == follow.labels[60, 45]).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (33, 7)])
def test_small_frames(size):
    follow = Follower()
    for _ in range(3):
        follow(np.full((*size, 3), 255, np.uint8))
    assert follow.step.tracks.tolist() == [0]


def test_each_region_has_a_track_of_its_own_however_many_there_are(monkeypatch):
    monkeypatch.setattr(tracking, "MOST", 5)
    rng = np.random.default_rng(0)
    follow = Follower()
    for _ in range(3):
        picture = paper()
        for x, y in rng.integers(10, 110, (30, 2)):
            circle(picture, int(x), int(y), 6)
        follow(picture)
        assert len(set(follow.step.tracks.tolist())) == len(follow.step.tracks)
        assert follow.tracks.next > follow.step.tracks.max()
