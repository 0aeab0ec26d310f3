"""The coloring and painting of drawn clips, whose true motion and regions are known, beside the same frame by frame."""

from __future__ import annotations

import time
from typing import Callable, Iterable, Sequence

import numpy as np

from mangastyle.evaluate.style_metrics import RemainingStyle
from mangastyle.evaluate.video import color_constancy, identity, region_colors, style_decrease, tracked_parts, warp_errors
from mangastyle.evaluate.video_tables import Values
from mangastyle.ops import pixels
from mangastyle.shade.shader import Shader
from mangastyle.style.look import LookSettings
from mangastyle.style.preprocess import resize_style
from mangastyle.style.stylize import Stylizer
from mangastyle.synthetic.animation import Animation, animation
from mangastyle.synthetic.paintings import paint
from mangastyle.vgg.backbone import backbone
from mangastyle.video.coloring import ShotColoring
from mangastyle.video.painting import ShotPainting
from mangastyle.video.shot import Shot
from mangastyle.video.stages import Stage

# Seeds and motions. Backdrops are such that the line art has all that the colors have: without shapes that no line encloses.
CLIPS = {
    "validation": ((7000000000, "turn"), (7000000007, "walk"), (7000000009, "mixed"), (7000000012, "hair")),
    "test": (
        (8000000001, "turn"), (8000000011, "walk"), (8000000019, "mixed"), (8000000025, "hair"), (8000000027, "pan"), (8000000028, "zoom"),
    ),
}  # fmt: skip
RESULT, FRAMEWISE = "result", "frame by frame"
STYLE_EVERY = 6  # of so many frames one has its style measured


def clips(split: str, size: int, count: int) -> list[Animation]:
    """The drawn clips of a split: validation, to choose by, or test, to report.

    Parameters
    ----------
    split : {"validation", "test"}
    size : int
        Height and width in pixels.
    count : int
        Frames of each.

    Examples
    --------
    >>> len(clips("validation", 32, 2)), len(clips("test", 32, 2))
    (4, 6)
    """
    return [animation(seed, motion, size, count) for seed, motion in CLIPS[split]]


def colorer(precision: str = "auto") -> Callable[[Animation], Values]:
    """`measure_coloring` with the network that ships."""
    shader = Shader("regions", precision=precision)
    return lambda clip: measure_coloring(clip, shader)


def painter(size: tuple[int, int], precision: str = "auto") -> Callable[[Animation], Values]:
    """`measure_painting` of clips of a size, height and width in pixels, by method onepass with a drawn painting."""
    painting = paint("brush", 0)
    stylizer = Stylizer([painting], method="onepass", size=0, precision=precision)
    remaining = RemainingStyle(backbone("slim")).beside(resize_style(painting, *size, LookSettings()))
    return lambda clip: measure_painting(clip, stylizer, remaining)


def measure_coloring(clip: Animation, shader: Shader) -> Values:
    """Color a drawn clip's line art, with nothing given and with its first frame given in color, and frame by frame with the same.

    Parameters
    ----------
    clip : Animation
    shader : Shader
        One that colors by regions.

    Returns
    -------
    dict of str to float
        Warping errors, input, frame by frame and result, by gap, with true flow, in thousandths; share of region-frames of constant
        color, without and with shading; share of the area that has the right identity; frames in a second. `video_tables.GOALS` has the
        keys.
    """
    frames = list(clip)
    lines = [pixels.to_rgb(frame.line_art) for frame in frames]
    first = frames[0].rgb
    reference = shader.reference(first)
    shader(lines[0])  # compiles
    results, steady_speed = _run(ShotColoring(shader, line_art=True), lines)
    singles, single_speed = _timed(lambda line: shader(line, line_art=True), lines)
    flats, _ = _run(ShotColoring(shader, line_art=True, shading="none"), lines)
    single_flats = [shader(line, line_art=True, shading="none") for line in lines]
    given, _ = _run(ShotColoring(shader, colored={0: first}, line_art=True, shading="none"), lines)
    single_given = [shader(line, reference=reference, line_art=True, shading="none") for line in lines]
    errors = warp_errors([frame.rgb for frame in frames], {RESULT: results, FRAMEWISE: singles}, motion=clip.flow)
    parts = list(tracked_parts(frames))
    known = region_colors(first, frames[0].regions, frames[0].line_art)

    def constancy(pictures: Sequence[np.ndarray]) -> float:
        return color_constancy(region_colors(x, part, frame.line_art) for x, part, frame in zip(pictures, parts, frames))

    def recognized(pictures: Sequence[np.ndarray]) -> float:
        return identity((region_colors(x, frame.regions, frame.line_art, parts=True) for x, frame in zip(pictures, frames)), known)

    return {
        **_by_gap(errors), "input constancy": constancy([frame.flat for frame in frames]),
        "result constancy": constancy(flats), "frame by frame constancy": constancy(single_flats),
        "input shaded": constancy([frame.rgb for frame in frames]),
        "result shaded": constancy(results), "frame by frame shaded": constancy(singles),
        "result identity": recognized(given), "frame by frame identity": recognized(single_given),
        "result speed": steady_speed, "frame by frame speed": single_speed,
    }  # fmt: skip


def measure_painting(clip: Animation, stylizer: Stylizer, remaining: Callable[[np.ndarray], dict[str, float]]) -> Values:
    """Paint a drawn clip, and its frames one by one.

    Parameters
    ----------
    clip : Animation
    stylizer : Stylizer
        With `size` 0.
    remaining : callable
        Style error of a picture, see `mangastyle.evaluate.style_metrics.RemainingStyle.beside`.

    Returns
    -------
    dict of str to float
        Warping errors, input, frame by frame and result, by gap, in thousandths, with true flow as it is seen (`Animation.seen_flow`) and
        with flow that is estimated; by how much the style error fell; frames in a second. `video_tables.GOALS` has the keys.
    """
    frames = [frame.rgb for frame in clip]
    stylizer(frames[0])  # compiles
    results, steady_speed = _run(ShotPainting(stylizer), frames)
    singles, single_speed = _timed(stylizer, frames)
    made = {RESULT: results, FRAMEWISE: singles}
    seen, estimated = (_by_gap(warp_errors(frames, made, motion=motion)) for motion in (clip.seen_flow, None))
    chosen = slice(None, None, STYLE_EVERY)
    decrease = {name: style_decrease(frames[chosen], pictures[chosen], remaining) for name, pictures in made.items()}
    speeds = {"result speed": steady_speed, "frame by frame speed": single_speed}
    by_estimate = {f"{name} estimated": error for name, error in estimated.items()}
    return {**seen, **by_estimate, **{f"{name} style": fell for name, fell in decrease.items()}, **speeds}


def _run(stage: Stage, frames: Sequence[np.ndarray]) -> tuple[list[np.ndarray], float]:
    """A stage's results of a shot in memory, and frames in a second; what it compiles is compiled before."""
    stage.run(Shot.of(frames[:2]))
    shot, start = Shot.of(frames), time.perf_counter()
    stage.run(shot)
    return shot.results(), len(frames) / (time.perf_counter() - start)


def _timed(change: Callable[[np.ndarray], np.ndarray], frames: Iterable[np.ndarray]) -> tuple[list[np.ndarray], float]:
    """Results frame by frame, and frames in a second."""
    start = time.perf_counter()
    results = [change(frame) for frame in frames]
    return results, len(results) / (time.perf_counter() - start)


def _by_gap(errors: dict[str, dict[int, float]]) -> Values:
    return {f"{name} {gap}": error for name, of in errors.items() for gap, error in of.items()}
