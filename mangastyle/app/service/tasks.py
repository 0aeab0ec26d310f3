"""What a request asks for: checked by headers and settings before it waits, decoded and done when it is its turn."""

from __future__ import annotations

import io
from typing import Any, Callable, NamedTuple

import numpy as np

from mangastyle.app.gallery import identify
from mangastyle.app.service import forms, settings
from mangastyle.app.service.forms import HINT, PICTURE, REFERENCE, STYLE, Sent
from mangastyle.app.service.line import Cancel
from mangastyle.app.service.networks import Networks
from mangastyle.app.service.settings import Chosen, Commands
from mangastyle.errors import MangastyleError, near, shown
from mangastyle.io import images, json_text
from mangastyle.io.decoding import reader
from mangastyle.io.images import Picture
from mangastyle.lineart.detect import alpha_of_coloring, is_line_art
from mangastyle.ops import pixels
from mangastyle.settings import to_json
from mangastyle.shade.hints import Hint, palette
from mangastyle.shade.spec import ShadeSettings
from mangastyle.style.settings import METHODS, choose_method, method_settings
from mangastyle.synthetic.characters import MAX_SIZE
from mangastyle.vgg.spec import MIN_SIDE

HINTS = ("own", "none", "simulated")  # by name
SEARCHED = 2048**2  # pixels, the most that is painted by methods that search: about 1 KB of memory each, 2 with the full VGG-19
LEAST_SIDE = {"shade": images.MIN_SIDE, "style": MIN_SIDE, "run": MIN_SIDE}  # of the picture, by address


class Task(NamedTuple):
    """A request that was checked.

    Attributes
    ----------
    address : {"shade", "style", "run"}
    files : dict of str to list of bytes
    chosen : Chosen
    method : str
        That paints; empty for "shade".
    look : dict
        Settings of the method.
    max_pixels : int
        Limit of each picture.
    megapixels : float
        Of the picture.
    """

    address: str
    files: dict[str, list[bytes]]
    chosen: Chosen
    method: str
    look: dict[str, Any]
    max_pixels: int
    megapixels: float


def prepare(address: str, sent: Sent, commands: Commands, max_pixels: int) -> Task:
    """Check all that can be known before pictures are decoded.

    Parameters
    ----------
    address : {"shade", "style", "run"}
    sent : Sent
    commands : mapping of str to type
        As for `settings.choose`.
    max_pixels : int
        The most that a picture may have.

    Returns
    -------
    Task

    Raises
    ------
    MangastyleError
        For settings that do not suit, what is no picture, and pictures that are too large or too small.
    """
    chosen = settings.choose(address, sent.texts, commands)
    method, look = _method(address, chosen, len(sent.files.get(STYLE, ())) or 1)
    _check_colors(address, sent, chosen)
    for name, files in sent.files.items():
        least = {PICTURE: LEAST_SIDE[address], STYLE: MIN_SIDE}.get(name, images.MIN_SIDE)
        for data in files:
            if name != HINT or not forms.is_strokes(data):
                reader.read_size(io.BytesIO(data), name, max_pixels, least)
    height, width = reader.read_size(io.BytesIO(sent.files[PICTURE][0]), PICTURE, max_pixels, LEAST_SIDE[address])
    if method:
        size = chosen.options.size if address == "run" else method_settings(method, look).size
        _check_work(method, look, *_painted_size(height, width, size, address), max_pixels)
    return Task(address, sent.files, chosen, method, look, max_pixels, height * width / 1e6)


def perform(networks: Networks, task: Task, cancel: Cancel) -> dict[str, Picture]:
    """Do what a request asks for; called in the thread that computes.

    Parameters
    ----------
    networks : Networks
    task : Task
    cancel : Cancel

    Returns
    -------
    dict of str to Picture
        The results by name.

    Raises
    ------
    MangastyleError
        For pictures that are damaged, and a hint that does not suit.
    Cancelled
        If it is to stop.
    """
    picture = images.decode(task.files[PICTURE][0], PICTURE, task.max_pixels, LEAST_SIDE[task.address])
    try:
        return WORK[task.address](networks, task, picture, cancel)
    except MemoryError as error:
        raise MangastyleError("not enough memory for this size; send a smaller picture") from error


def _shade(networks: Networks, task: Task, picture: Picture, cancel: Cancel) -> dict[str, Picture]:
    """As `mangastyle shade` does."""
    options, shader, line_art = task.chosen.options, networks.shader, is_line_art(picture.rgb)
    references = task.files.get(REFERENCE, [])
    hint = None
    if HINT in task.files:
        hint = _read_hint(task, picture.rgb.shape)
    elif options.palette:
        hint = shader.palette_hint(picture.rgb, palette(*options.palette), options.work_size, line_art)
    elif options.hint == "simulated":
        if line_art:
            raise MangastyleError("the picture is line art, so there are no colors to take a hint from; give `hint` a file or none")
        hint = shader.simulated_hint(picture.rgb, options.hint_recipe, options.seed, options.work_size)
    elif options.hint == "own" and not (line_art or references):
        hint = Hint(picture.rgb)
    reference = networks.reference(tuple(map(identify, references)), lambda: _decode_all(task, REFERENCE)) if references else None
    how = to_json(ShadeSettings.of(options))
    shaded = shader(picture.rgb, hint, reference=reference, line_art=line_art, cancel=cancel, **how)
    return {"shaded": Picture(shaded, alpha_of_coloring(picture))}


def _style(networks: Networks, task: Task, picture: Picture, cancel: Cancel) -> dict[str, Picture]:
    """As `mangastyle style` does."""
    rgb, alpha = picture
    painted = _stylizer(networks, task, (rgb.shape[0], rgb.shape[1]))(rgb, None, cancel)
    return {"stylized": Picture(painted, None if alpha is None else pixels.resize(alpha, *painted.shape[:2]))}


def _run(networks: Networks, task: Task, picture: Picture, cancel: Cancel) -> dict[str, Picture]:
    """As `mangastyle run` does."""
    options, (height, width) = task.chosen.options, picture.rgb.shape[:2]
    hint: Any = _read_hint(task, picture.rgb.shape) if HINT in task.files else options.hint
    stylizer = _stylizer(networks, task, _painted_size(height, width, options.size, task.address))
    pipeline: Any = networks.pipeline(stylizer, stylizer.implementation.styles, hint, options.size, options.seed)
    stages = pipeline(picture.rgb, cancel=cancel)
    alpha = alpha_of_coloring(picture)
    if alpha is not None:
        alpha = pixels.resize(alpha, *stages.picture.shape[:2])
    wanted = settings.STAGES if task.chosen.form.stage == settings.ALL else (task.chosen.form.stage,)
    return {name: Picture(stages.pictures[name], alpha) for name in wanted}


WORK: dict[str, Callable[[Networks, Task, Picture, Cancel], dict[str, Picture]]] = {"shade": _shade, "style": _style, "run": _run}


def _method(address: str, chosen: Chosen, paintings: int) -> tuple[str, dict[str, Any]]:
    """The method that paints, and its settings; `MangastyleError` for settings of another method, or at odds."""
    if address == "shade":
        return "", {}
    options, given = chosen.options, set(chosen.given)
    own = {"method", "seed", HINT} | ({"size"} if address == "run" else set())  # what is not the method's
    method = choose_method(options.method, given - own)
    look = {name: getattr(options, name) for name in given - own}
    if address == "run":
        if options.size and not MIN_SIDE <= options.size <= MAX_SIZE:
            raise MangastyleError(f"`size`: must be 0, or from {MIN_SIDE} to {MAX_SIZE}, not {options.size}")
        look = {"strength": options.strength, **look, "size": 0}
    method_settings(method, look).check(paintings)
    return method, look


def _painted_size(height: int, width: int, size: int, address: str) -> tuple[int, int]:
    """Height and width at which a picture is painted; /run enlarges none."""
    if not size or address == "run" and size >= min(height, width):
        return height, width
    return pixels.fit_short_side(height, width, size) if address == "run" else pixels.fit_enlarged(height, width, size)


def _check_work(method: str, look: dict[str, Any], height: int, width: int, max_pixels: int) -> None:
    """`MangastyleError` for what would take more memory than the limits of pictures are meant to."""
    found, limit = method_settings(method, look), min(max_pixels, SEARCHED) if METHODS[method].rank else max_pixels
    scale = max(getattr(found, "oversample", 1.0), 1.0) * max(found.style_scale, 1.0)  # of the picture, and of the painting beside it
    needed = height * width * scale**2
    if needed > limit:
        raise MangastyleError(
            f"`size`: method {method} would paint {needed / 1e6:.3g} megapixels, over this server's limit of {limit / 1e6:.3g}; make it "
            "smaller, or `style_scale` or `oversample`, or choose another `method`"
        )


def _check_colors(address: str, sent: Sent, chosen: Chosen) -> None:
    """`MangastyleError` for a hint and a palette that are none, or contradict each other."""
    options = chosen.options
    if HINT in chosen.given and options.hint not in HINTS:
        known = ", ".join(HINTS)
        raise MangastyleError(f"`hint`: {shown(options.hint)}{near(options.hint, HINTS)} is none of {known}; or send strokes, or a file")
    if address == "shade" and options.palette:
        if HINT in sent.files or REFERENCE in sent.files or options.hint == "simulated":
            raise MangastyleError("`hint`, `palette` and `reference`: a palette decides all colors; leave out the others")
        palette(*options.palette)


def _stylizer(networks: Networks, task: Task, shape: tuple[int, int]) -> Any:
    """The stylizer of a request, for a picture of this height and width."""
    files = task.files.get(STYLE, [])
    if not files:
        return networks.stylizer(shape, "", lambda: [networks.own_painting], task.method, task.chosen.options.seed, task.look)
    key = tuple(map(identify, files))
    return networks.stylizer(shape, key, lambda: _decode_all(task, STYLE), task.method, task.chosen.options.seed, task.look)


def _decode_all(task: Task, field: str) -> list[np.ndarray]:
    """The pictures of a field, uint8 (h, w, 3) each."""
    least = MIN_SIDE if field == STYLE else images.MIN_SIDE
    return [images.decode(data, field, task.max_pixels, least).rgb for data in task.files[field]]


def _read_hint(task: Task, shape: tuple[int, ...]) -> Hint:
    """The hint of a file, for a picture of a shape (h, w, 3)."""
    data = task.files[HINT][0]
    if forms.is_strokes(data):
        return Hint.from_json(json_text.parse(data, HINT), shape)
    picture = images.decode(data, HINT, task.max_pixels)
    if picture.rgb.shape != shape:
        came, wanted = (f"{x[1]}x{x[0]}" for x in (picture.rgb.shape, shape))
        raise MangastyleError(f"the hint is {came} but the picture is {wanted}; paint it on a copy of the picture's size")
    return Hint.from_picture(picture)
