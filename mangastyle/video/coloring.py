"""The shading of a shot: each thing has one color for as long as it is seen, and its shading follows the frames without flicker."""

from __future__ import annotations

import functools
import zlib
from typing import Any, Mapping, NamedTuple

import cv2
import numpy as np

from mangastyle.engine import tf
from mangastyle.errors import MangastyleError, check_choice
from mangastyle.io.images import check_picture
from mangastyle.lineart.clean import art_of
from mangastyle.lineart.detect import has_colors, is_line_art
from mangastyle.lineart.regions import RegionMap, find_regions
from mangastyle.ops import pixels
from mangastyle.ops.color import rgb_to_gray, rgb_to_lab
from mangastyle.ops.layers import Layers, composite, draw_lines
from mangastyle.shade.base import NO_HINT, Shader
from mangastyle.shade.hints import Hint
from mangastyle.shade.references import Reference, together
from mangastyle.shade.region_hints import read_hint
from mangastyle.shade.region_shader import RegionShader
from mangastyle.shade.region_strokes import MAX_SIDE
from mangastyle.shade.region_tensors import Regions
from mangastyle.shade.regions import ink_of
from mangastyle.shade.spec import ShadeSettings
from mangastyle.video import stroke_parts, track_colors, tracking
from mangastyle.video.leaks import LONGEST, count_apart, keep_apart
from mangastyle.video.shot import Shot
from mangastyle.video.stroke_parts import Parts
from mangastyle.video.temporal_shading import steady
from mangastyle.video.track_colors import TrackColors
from mangastyle.video.tracking import Step, Tracks

TRACKING, COLORS, SHADING = "tracking", "colors", "shading"  # names of kept arrays


class Known(NamedTuple):
    """What is kept of a frame: its line art uint8 (h, w, 3), its regions, what they are, and their median colors, CIE Lab (n, 3)."""

    art: np.ndarray
    regions: RegionMap
    step: Step
    colors: np.ndarray


class ShotColoring:
    """Colors and shades the frames of a shot. A `Stage`.

    The regions of the frames' line art are followed through the shot. A region keeps its color: that of strokes or colorings given for any
    frame of the shot, before or after; where these differ, the colors blend in between. Only what nothing is said about is asked of the
    network, once. A region that splits keeps its color in all parts; one that merges with a larger one takes the larger's.

    Strokes of several colors in one region divide it; the division is carried along by the flow.

    Parameters
    ----------
    shader : Shader
        One that colors by regions.
    hints : {int: Hint}
        Strokes and other hints by the frame's number in the clip.
    colored : {int: ndarray of uint8, shape (h, w, 3)}
        Colorings of frames, likewise. A hint for the same frame has the last word.
    reference : Reference, optional
        Of `Shader.reference`: for what is asked of the network.
    own_colors : bool, optional
        Whether the frames are a coloring already, whose colors are to be kept: each region has the median of its colors over the shot. By
        default that is so for shots in color, if no hint, colored frame or reference is given at all.
    line_art : bool, optional
        Whether the frames are line art; by default the shot's first, middle and last frame decide.
    **settings
        Fields of `ShadeSettings`: ink, shading, light, variant, gap.

    Raises
    ------
    MangastyleError
        For a U-Net's shader, and arguments of another form or out of bounds.

    Examples
    --------
    >>> import mangastyle
    >>> from mangastyle.video.shot import Shot
    >>> def frame(x: int) -> np.ndarray:
    ...     return cv2.circle(np.full((64, 96, 3), 255, np.uint8), (x, 32), 20, (0, 0, 0), 2)
    >>> shot = Shot.of([frame(x) for x in (30, 33, 36)])
    >>> hint = mangastyle.Hint.from_points([(33, 32, "navy"), (90, 5, "#ffeecc")], (64, 96))
    >>> shader = mangastyle.Shader("regions", precision="float32")
    >>> ShotColoring(shader, hints={1: hint}, shading="none").run(shot)
    >>> [[picture[32, x].tolist() for x in (32, 88)] for picture in shot.results()]
    [[[0, 0, 128], [255, 238, 204]], [[0, 0, 128], [255, 238, 204]], [[0, 0, 128], [255, 238, 204]]]
    """

    name = "shade"

    def __init__(
        self, shader: Shader, *, hints: Mapping[int, Hint] | None = None, colored: Mapping[int, np.ndarray] | None = None,
        reference: Reference | None = None, own_colors: bool | None = None, line_art: bool | None = None, **settings: Any,
    ) -> None:  # fmt: skip
        if not isinstance(shader, RegionShader):
            raise MangastyleError('`shader`: colors pixels, and clips are colored by regions; load "regions", or another of that kind')
        self.shader, self.hints, self.colored = shader, dict(hints or {}), dict(colored or {})
        for number, hint in self.hints.items():
            if not isinstance(hint, Hint):
                raise MangastyleError(f"`hints`: of frame {number}, must be a Hint, not {type(hint).__name__}")
        for number, picture in self.colored.items():
            check_picture(picture, f"colored[{number}]")
        if not (reference is None or isinstance(reference, Reference)):
            raise MangastyleError(f"`reference`: must be what Shader.reference gives, not {type(reference).__name__}")
        self.reference = reference
        self.own_colors, self.line_art = check_choice("own_colors", own_colors), check_choice("line_art", line_art)
        self.settings = ShadeSettings.from_arguments(settings)

    @property
    def numbers(self) -> set[int]:
        """Numbers of the frames with a hint or a coloring."""
        return {*self.hints, *self.colored}

    def run(self, shot: Shot) -> None:
        """Color the shot's frames; see `Stage.run`."""
        if not len(shot):
            return
        line_art = self._track(shot)
        known = self._color(shot, line_art)
        self._render(shot, known)

    # Regions and tracks, forwards through the shot.

    def _track(self, shot: Shot) -> bool:
        """Whether the shot is line art."""
        done, tracks, apart = -1, None, np.zeros((0, 2), np.int64)
        if state := shot.kept.load(TRACKING):
            done, line_art, apart = int(state.pop("done")), bool(state.pop("line_art")), state.pop("apart")
            tracks = Tracks(**state)
        else:
            line_art = self._is_line_art(shot)
        for index in range(done + 1, len(shot)):
            frame = pixels.to_rgb(shot.frame(index))
            art = art_of(frame, line_art)
            regions = find_regions(art, self.settings.gap)
            expected = None if tracks is None else tracking.expect(tracks, frame)
            found = len(regions.areas)
            if expected is not None:
                regions = keep_apart(regions, art, expected.tracks, apart[apart[:, 1] >= LONGEST, 0])
            view = tracking.look(frame, art, regions)
            tracks, step = tracking.follow(tracks, view, expected)
            apart = count_apart(apart, step.tracks, found)
            shot.kept.save(_name("regions", index), _packed(Known(art, regions, step, view.colors)))
            shot.kept.save(TRACKING, {"done": np.array(index), "line_art": np.array(line_art), "apart": apart, **tracks._asdict()})
            shot.step(index + 1, 2 * len(shot))
        return line_art

    def _is_line_art(self, shot: Shot) -> bool:
        if self.line_art is not None:
            return self.line_art
        votes = [is_line_art(shot.frame(index)) for index in sorted({0, len(shot) // 2, len(shot) - 1})]
        return 2 * sum(votes) > len(votes)

    def _keeps_colors(self, shot: Shot, line_art: bool) -> bool:
        if self.own_colors is not None:
            return self.own_colors
        given = self.hints or self.colored or self.reference is not None
        return not (given or line_art) and has_colors(pixels.to_rgb(shot.frame(len(shot) // 2)))

    # Colors of the tracks, all over the shot.

    def _color(self, shot: Shot, line_art: bool) -> TrackColors:
        if kept := shot.kept.load(COLORS):
            return TrackColors.from_arrays(kept)
        past, medians = self._past(shot)
        known = TrackColors()
        if self._keeps_colors(shot, line_art):
            for track, color in enumerate(medians):
                known.learn(track, shot.numbers[0], color)
        divided = self._read(shot, known)
        track_colors.inherit(known, past)
        reference = self._all_references()
        while len(missing := track_colors.unknown(known, past)):
            index, shown = track_colors.best_frame(missing, past)
            self._ask(shot, index, shown, known, reference)
            track_colors.inherit(known, past)
            shot.step(len(shot), 2 * len(shot))
        for track in range(len(past.parents)):  # the rest is nobody's part, nor next to anything
            if track not in known:
                known.learn(track, shot.numbers[0], medians[track])
        stroke_parts.carry(shot, divided, lambda index: _small_tracks(self._known(shot, index)))
        shot.kept.save(COLORS, known.arrays())
        return known

    def _past(self, shot: Shot) -> tuple[track_colors.History, np.ndarray]:
        """The tracks, and the median of each one's colors over the shot, CIE Lab (m, 3)."""
        steps, seen, colors = [], [], []
        for index in range(len(shot)):
            kept = shot.kept.load(_name("regions", index))
            assert kept is not None  # `_track` has saved it
            step = Step(*(kept[name] for name in Step._fields))
            steps.append((step, kept["areas"] / kept["areas"].sum()))
            seen.append(step.tracks)
            colors.append(kept["colors"])
        past, tracks, found = track_colors.history(steps), np.concatenate(seen), np.concatenate(colors)
        order = np.argsort(tracks, kind="stable")
        groups = np.split(found[order], np.cumsum(np.bincount(tracks, minlength=len(past.parents)))[:-1])
        return past, np.stack([np.median(group, 0) for group in groups])

    def _known(self, shot: Shot, index: int) -> Known:
        """What is kept of a frame."""
        kept = shot.kept.load(_name("regions", index))
        assert kept is not None
        return _unpacked(kept)

    def _read(self, shot: Shot, known: TrackColors) -> list[tuple[int, Parts]]:
        """Learn what hints and colorings say; gives the divisions by strokes, with the index of the frame."""
        divided = []
        for index, number in enumerate(shot.numbers):
            given = []
            if number in self.colored:
                given.append(Hint(self.colored[number]))
            if number in self.hints:
                given.append(self.hints[number])
            if not given:
                continue
            frame = self._known(shot, index)
            for hint in given:
                labels, colors, says = _hint_reader()(
                    frame.art, frame.regions.labels, np.float32(frame.regions.areas), np.float32(frame.regions.centers), hint.rgb, hint.mask
                )
                labels, colors, says = labels.numpy(), colors.numpy(), says.numpy() > 0
                count = len(frame.step.tracks)
                for region in np.flatnonzero(says[:count]):
                    known.learn(frame.step.tracks[region], number, colors[region])
            divided.append((index, stroke_parts.divide(frame.step.tracks, frame.regions.labels, labels, colors, says)))
        return divided

    def _all_references(self) -> Reference | None:
        """The reference, and the colored frames."""
        pictures = [picture for picture in self.colored.values() if has_colors(picture)]
        given = [] if self.reference is None else [self.reference]
        if pictures:
            given.append(self.shader.reference(*pictures))
        return together(*given) if given else None

    def _ask(self, shot: Shot, index: int, tracks: np.ndarray, known: TrackColors, reference: Reference | None) -> None:
        """Learn the colors of some tracks from the network, in a frame, where what is known is the hint."""
        frame, number = self._known(shot, index), shot.numbers[index]
        there = np.array([track in known for track in frame.step.tracks])
        hint = NO_HINT
        if there.any():
            hint = _dots(frame.regions, there, known.rgb(frame.step.tracks[there], number))
        _, colors = self.shader.region_colors(frame.art, frame.regions, hint, self.settings.variant, reference)
        colors = rgb_to_lab(colors[None])[0]
        for region in np.flatnonzero(np.isin(frame.step.tracks, tracks)):
            known.learn(frame.step.tracks[region], number, colors[region])

    # Pictures.

    def _render(self, shot: Shot, known: TrackColors) -> None:
        state = shot.kept.load(SHADING)
        done = -1 if state is None else int(state["done"])
        if not all(shot.kept.has(index) for index in range(done + 1)):
            state, done = None, -1
        layers = None if state is None else state["layers"]  # (h, w, 6)
        before = self._reduced(shot, done, self._known(shot, done)) if done >= 0 else None
        for index in range(done + 1, len(shot)):
            frame = self._known(shot, index)
            flat = known.rgb(frame.step.tracks, shot.numbers[index])[frame.regions.labels]
            flat = stroke_parts.draw(shot, index, frame.step.tracks[frame.regions.labels], flat)
            own = np.concatenate(self.shader.shading(rgb_to_gray(frame.art), flat, self.settings.shading, self.settings.light), 2)
            after = self._reduced(shot, index, frame)
            layers = own if before is None or layers is None or self.settings.shading == "none" else steady(before, after, layers, own)
            lines = draw_lines(frame.art, self.settings.ink)
            shot.kept.write(
                index, composite(Layers(flat, np.ascontiguousarray(layers[..., :3]), np.ascontiguousarray(layers[..., 3:]), lines))
            )
            shot.kept.save(SHADING, {"done": np.array(index), "layers": layers})
            before = after
            shot.step(len(shot) + index + 1, 2 * len(shot))

    def _reduced(self, shot: Shot, index: int, frame: Known) -> tuple[np.ndarray, np.ndarray]:
        """A frame's gray and tracks at the size at which flow is estimated."""
        tracks = _small_tracks(frame)
        return rgb_to_gray(pixels.resize(pixels.to_rgb(shot.frame(index)), *tracks.shape)), tracks


def _name(kind: str, index: int) -> str:
    return f"{kind}-{index:06}"


def _packed(known: Known) -> dict[str, np.ndarray]:
    """What is kept of a frame, as arrays: its art as PNG, its labels compressed."""
    gray = known.art[..., 0]
    is_gray = (known.art == gray[..., None]).all()
    art = cv2.imencode(".png", gray if is_gray else known.art, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1]
    labels, areas, centers, _ = known.regions
    packed = np.frombuffer(zlib.compress(np.ascontiguousarray(labels, np.int32).tobytes(), 1), np.uint8)
    return {"art": art.ravel(), "labels": packed, "areas": areas, "centers": centers, "colors": known.colors, **known.step._asdict()}


def _unpacked(kept: Mapping[str, np.ndarray]) -> Known:
    """The inverse of `_packed`; the regions are without borders."""
    art = pixels.to_rgb(np.asarray(cv2.imdecode(kept["art"], cv2.IMREAD_UNCHANGED)))
    labels = np.frombuffer(zlib.decompress(kept["labels"].tobytes()), np.int32).reshape(art.shape[:2])
    regions = RegionMap(labels, kept["areas"], kept["centers"], np.zeros((0, 3), np.int64))
    return Known(art, regions, Step(*(kept[name] for name in Step._fields)), kept["colors"])


def _small_tracks(frame: Known) -> np.ndarray:
    """The track at each pixel, int32, at the size at which flow is estimated."""
    size = tracking.reduced_size(*frame.art.shape[:2])
    return frame.step.tracks.astype(np.int32)[tracking.reduce_labels(frame.regions.labels, *size)]


def _dots(regions: RegionMap, known: np.ndarray, colors: np.ndarray) -> Hint:
    """A hint of one pixel in each known region, the farthest from its border; colors uint8 (k, 3) of the known ones."""
    height, width = regions.labels.shape
    longer = max(height, width)
    size = [max(1, side * MAX_SIDE // longer if longer > MAX_SIDE else side) for side in (height, width)]  # at which strokes are read
    labels = np.pad(tracking.reduce_labels(regions.labels, *size), 1, constant_values=-1)
    inside = np.ones(labels.shape, np.uint8)
    for axis in (0, 1):
        other = labels != np.roll(labels, 1, axis)
        inside[other | np.roll(other, -1, axis)] = 0
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 3)[1:-1, 1:-1].ravel()
    flat = labels[1:-1, 1:-1].ravel()
    order = np.lexsort((-depth, flat))  # the deepest of each region first
    found, first = np.unique(flat[order], return_index=True)
    place = np.full(len(known), -1)
    place[found] = order[first]
    rgb, mask = np.zeros((*size, 3), np.uint8), np.zeros(size, np.float32)
    for where, color in zip(place[known], colors):
        if where >= 0:
            rgb[np.unravel_index(where, size)], mask[np.unravel_index(where, size)] = color, 1
    return Hint(rgb, mask)


@functools.cache
def _hint_reader() -> Any:
    """`read_hint`, compiled once: art, labels, areas, centers and a hint to labels (h, w), colors (m, 3) and whether each is known (m,)."""

    def read(*given: tf.Tensor) -> tuple[tf.Tensor, ...]:
        art, labels, areas, centers, rgb, mask = given
        shape = tf.shape(art)
        found, colors = read_hint(Regions(labels, areas, centers), lambda: ink_of(art, shape[0], shape[1]), rgb, mask)
        return found.labels, colors.colors, colors.known

    kinds = (((None, None, 3), tf.uint8), ((None, None), tf.int32), ((None,), tf.float32), ((None, 2), tf.float32))
    return tf.function(
        read, input_signature=[tf.TensorSpec(*kind) for kind in (*kinds, kinds[0], ((None, None), tf.float32))], autograph=False
    )
