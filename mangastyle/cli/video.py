"""`mangastyle video`: a clip to line art, to color, to a painter's style, with colors and strokes that hold from frame to frame."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from mangastyle import __version__, startup
from mangastyle.cli import frame_files
from mangastyle.cli.checks import find_backbone, named_files, refuse_inputs, refuse_streams
from mangastyle.cli.options import Command, Compute, Decoding, like, option
from mangastyle.cli.paintings import painters_file, placeholders, read_paintings, teacher
from mangastyle.errors import MangastyleError, counted
from mangastyle.io.files import refuse_existing, sha256
from mangastyle.progress import Bar
from mangastyle.settings import share, to_json
from mangastyle.shade.files import find_network
from mangastyle.shade.spec import ShadeSettings
from mangastyle.style.settings import METHODS, refuse_foreign
from mangastyle.training.settings import PainterSettings
from mangastyle.video.clip import Clip
from mangastyle.video.clips import open_clip
from mangastyle.video.frame import Frame
from mangastyle.video.shots import read_shots, write_shots
from mangastyle.video.store import Store
from mangastyle.video.writer import Writer
from mangastyle.video.writers import check_result, open_writer

if TYPE_CHECKING:
    from mangastyle.video.processing import Progress
    from mangastyle.video.stages import Stage

EXAMPLES = (
    "mangastyle video clip.mp4 --reference 0=colored.png --out colored.webm",
    "mangastyle video clip.mp4 --stages shade style --style painting.jpg",
)
STAGES = {"sketch": "sketch", "shade": "shaded", "style": "stylized"}  # and what is added to the name of a result
AUTO = "auto"
PREVIEW = 10  # of how many frames the preview shows one
WORK = ".work"  # added to the result's name, gives that of the work folder


@dataclass(frozen=True)
class Options(Decoding, Compute, Command):
    """Color and paint a clip; colors and brush strokes hold from frame to frame."""

    inputs: str = option("", "clip (mp4, webm, mov, avi, mkv, GIF, APNG, WebP), or a folder of frames", positional=True, free=True)
    stages: tuple[str, ...] = option(
        (), "what is made: sketch, shade, style, or several of them; default: shade, and style if --style is given",
        metavar="STAGE", words=tuple(STAGES),
    )  # fmt: skip
    hint: tuple[str, ...] = option(
        (), "strokes, as for mangastyle shade: 15=strokes.png for frame 15; they hold for the whole shot", metavar="FILE"
    )
    reference: tuple[str, ...] = option(
        (), "colored frames: 0=colored.png for frame 0; without a number: a colored picture of the same characters", metavar="FILE"
    )
    style: tuple[str, ...] = option((), "painting; several are blended", metavar="FILE")
    method: str = option("onepass", "method, as for mangastyle style", tuple(METHODS))
    strength: float = share(0.5, "0 keeps the colored frames, 1 keeps only the painting's style", common=True)
    size: int = option(0, "short side; 0 = the clip's own", least=0)
    start: float = option(0.0, "time of the first frame, in seconds", least=0)
    end: float = option(0.0, "time before which to end, in seconds; 0 = the clip's end", least=0)
    every: int = option(1, "use every Nth frame alone", least=1, common=False)
    preview: bool = option(False, f"first make NAME-preview of every {PREVIEW}th frame", free=True, common=False)
    keep_audio: bool = option(False, "keep the sound (needs ffmpeg)", free=True)
    shots: str = option(
        AUTO, "auto: find the shots; or a text file with the first frame of each: read, or written if it is missing, to be edited",
        metavar="FILE", words=(AUTO,), common=False,
    )  # fmt: skip
    weights: str = option(
        "regions", "network that colors regions: a file from training, or the one that ships", metavar="FILE", words=("regions",),
        common=False,
    )  # fmt: skip
    ink: float = like(ShadeSettings, "ink")
    shading: str = like(ShadeSettings, "shading")
    light: str = like(ShadeSettings, "light")
    variant: int = like(ShadeSettings, "variant")
    gap: float = like(ShadeSettings, "gap")
    backbone: str = option("auto", "with --method optimize: the VGG-19, as for mangastyle style", metavar="FILE", common=False)
    out: str = option(
        "", ".webm, .webp, .gif, .apng, a folder of PNG files (NAME/); with ffmpeg .mp4, .mov, .mkv; default: NAME-shaded.webm or so",
        free=True, metavar="FILE",
    )  # fmt: skip


def command(options: Options) -> None:
    """Make the clip. What an interrupted run has made is kept beside the result, and used by the same command."""
    if not options.inputs:
        raise MangastyleError("no clip: name one, as in mangastyle video clip.mp4")
    refuse_streams(options.inputs, options.out)
    options = dataclasses.replace(options, stages=_stages(options))
    clip = open_clip(Path(options.inputs), max_pixels=options.max_pixels)
    out = _result(options)
    refuse_inputs([Path(out)], _read_files(options))
    shots = None if options.shots == AUTO else Path(options.shots)
    firsts = read_shots(shots) if shots and shots.exists() else None
    if options.end and options.end <= options.start:
        raise MangastyleError(f"`end`: must be after `start` {options.start:g}, not {options.end:g}")
    span = Span(clip.number_at(options.start) if options.start else 0, clip.number_at(options.end) if options.end else clip.count)
    if span.stop is not None and span.start >= span.stop:
        raise MangastyleError(f"{clip.path}: has no frame from {options.start:g} s on")
    make = _maker(options, clip, span)  # errors in files before TensorFlow loads
    if options.stages != ("sketch",):
        startup.load_tensorflow()
    stages = make()
    if options.preview:
        preview = _preview(out)
        if options.force or not Path(preview).exists():  # an interrupted run may have made it
            _run(options, clip, span, stages, preview, firsts, options.every * PREVIEW)
    found = _run(options, clip, span, stages, out, firsts, options.every)
    if shots and firsts is None:
        write_shots(shots, found)
        print(f"{shots}: {counted(len(found), 'shot')}, to be edited")


class Span(NamedTuple):
    """Numbers of the first frame, and of the one before which to end; None: the clip's end, where that is unknown."""

    start: int
    stop: int | None


def _run(
    options: Options, clip: Clip, span: Span, stages: list[Stage], out: str, firsts: list[int] | None, every: int
) -> list[tuple[int, float]]:  # fmt: skip
    """Make one clip; number and time of the first frame of each shot."""
    from mangastyle.video.processing import process_frames

    count = 0 if span.stop is None else len(range(span.start, span.stop, every))
    found: list[tuple[int, float]] = []

    def remember(first: Frame) -> None:
        found.append((first.number, first.time))

    with Store.opened(Path(Path(out).as_posix() + WORK), _about(options, every), options.force) as store:
        if store.begun:
            print(f"{store.folder}: goes on with what an earlier run has made")
        with contextlib.ExitStack() as stack:
            bar = stack.enter_context(Bar(total=count or None, desc=Path(out).name, unit="frame", leave=False))

            def show(record: Progress) -> None:
                bar.set_postfix({"shot": record.shot + 1, "stage": record.stage}, refresh=False)
                bar.update(int(record.iteration) - bar.n)

            frames = clip.frames(span.start, span.stop, every)
            writer: Writer | None = None
            for frame in process_frames(frames, stages, firsts, store, options.size, count, remember, show):
                if writer is None:
                    writer = open_writer(
                        out, (frame.rgb.shape[0], frame.rgb.shape[1]), rate=clip.rate / every, alpha=clip.has_alpha,
                        audio_from=clip if options.keep_audio else None, start=frame.time,
                        last=clip.last if every == 1 and not options.end else None,
                    )  # fmt: skip
                    stack.enter_context(writer)
                writer.write(frame.rgb, frame.alpha, frame.time)
            if writer is None:
                raise MangastyleError(f"{clip.path}: has no frame from {options.start:g} s on")
        store.remove()
    print(f"{out}: {counted(writer.count, 'frame')} in {counted(len(found), 'shot')}")
    return found


def _stages(options: Options) -> tuple[str, ...]:
    """The stages by name, in their order."""
    names = [name for given in options.stages for name in given.split(",") if name]
    for name in names:
        if name not in STAGES:
            raise MangastyleError(f"`stages`: {name!r} is none of {', '.join(STAGES)}")
    chosen = tuple(name for name in STAGES if name in names) if names else ("shade", *(["style"] if options.style else []))
    if "style" in chosen and not options.style:
        raise MangastyleError("no painting: name one, as in `style` painting.jpg")
    if options.style and "style" not in chosen:
        raise MangastyleError("`style`: is for the stage style; add it to `stages`, or leave the painting out")
    if (options.hint or options.reference) and "shade" not in chosen:
        raise MangastyleError("`hint` and `reference`: are for the stage shade; add it to `stages`, or leave them out")
    return chosen


def _result(options: Options) -> str:
    """The result's name, which may be written; one that ends in / is a folder's."""
    source = Path(options.inputs).resolve()
    default = source.parent / f"{source.stem if source.is_file() else source.name}-{STAGES[options.stages[-1]]}.webm"
    out = options.out or str(default)
    refuse_existing(Path(out), options.force)
    check_result(out, options.keep_audio)
    return out


def _preview(out: str) -> str:
    """The name of the preview of a result.

    Examples
    --------
    >>> _preview("clips/a.webm"), _preview("frames/")
    ('clips/a-preview.webm', 'frames-preview/')
    """
    path = Path(out)
    return str(path.with_name(f"{path.stem}-preview{path.suffix}")) + ("/" if out.endswith("/") else "")


def _maker(options: Options, clip: Clip, span: Span) -> Callable[[], list[Stage]]:
    """What makes the stages, once TensorFlow has loaded. All files that they need are read now."""
    size = (clip.height, clip.width)
    hints = frame_files.read_hints(options.hint, span.start, size, options.max_pixels)
    colored, pictures = frame_files.read_colored(options.reference, size, options.max_pixels)
    for number in (*hints, *colored):
        if number < span.start or span.stop is not None and number >= span.stop:
            raise MangastyleError(f"`hint` and `reference`: frame {number} is not among those that are made, {span.start} to {span.stop}")
        if (number - span.start) % options.every:
            raise MangastyleError(f"`hint` and `reference`: frame {number} is left out by `every` {options.every}; give another frame")
    if "shade" in options.stages and find_network(options.weights)[1] != "regions":
        raise MangastyleError("`weights`: a U-Net colors each frame anew; give the weights of a network that colors regions")
    for name in options.style:
        if Path(name).is_dir():
            raise MangastyleError(f"{name}: is a folder; `style` takes paintings")
    paintings = read_paintings(options.style, options.inputs, options.max_pixels)
    style: dict[str, Any] = {}
    if learned := painters_file(options.style, options.method):
        style["painters"] = learned
    if options.backbone != Options.backbone:
        refuse_foreign(options.method, ["backbone"])
    if "style" in options.stages:
        METHODS[options.method].settings.of(style).check_files()
        if "backbone" in METHODS[options.method].inputs:
            style["backbone"] = find_backbone(options.backbone)

    def make() -> list[Stage]:
        from mangastyle.video.stages import make_stages

        shade = {name: getattr(options, name) for name in ("ink", "shading", "light", "variant", "gap")}
        stages = make_stages(
            options.stages, styles=placeholders(paintings), method=options.method, strength=options.strength, hints=hints, colored=colored,
            references=pictures, weights=options.weights, precision=options.precision, seed=options.seed, shade=shade,
            style={"max_pixels": options.max_pixels, **style},
        )  # fmt: skip
        if "style" in options.stages and options.method == "learned":
            painter: Any = stages[-1]
            painter.stylizer.implementation.teacher = teacher(options, PainterSettings.minutes)
        return stages

    return make


def _read_files(options: Options) -> list[str]:
    """All files that are read."""
    return [*named_files(options), *frame_files.files(options.hint), *frame_files.files(options.reference)]


def _about(options: Options, every: int) -> dict[str, Any]:
    """What decides the frames: options, and what the files that they name hold."""
    free = {f.name for f in dataclasses.fields(options) if f.metadata.get("free")}
    chosen = {name: value for name, value in to_json(options).items() if name not in free}
    contents = {name: sha256(name) for name in _read_files(options) if Path(name).is_file()}
    return {"mangastyle": __version__, "clip": _digest(Path(options.inputs)), "every": every, "options": chosen, "files": contents}


def _digest(path: Path) -> str:
    """SHA-256 of a clip: of its file, or of all files of its folder."""
    if path.is_file():
        return sha256(path)
    return hashlib.sha256("".join(f"{own.name} {sha256(own)}\n" for own in sorted(path.iterdir()) if own.is_file()).encode()).hexdigest()
