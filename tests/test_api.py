"""The public names: they load on first use, refuse what is no picture in one clear line, report, stop, and serve several threads."""

from __future__ import annotations

import ast
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable

import numpy as np
import pytest

import mangastyle
from mangastyle.errors import Cancelled, MangastyleError

PACKAGE = Path(mangastyle.__file__).parent
SMALL = {"size": 0, "backbone": "slim", "precision": "float32", "min_size": 0, "style_layers": ("relu1_1",), "content_layers": ("relu1_1",)}


def art(seed: int, height: int = 40, width: int = 48) -> np.ndarray:
    """A painting of colored squares, uint8 (height, width, 3)."""
    cells = np.random.default_rng(seed).integers(0, 256, (height // 8, width // 8, 3), np.uint8)
    return np.kron(cells, np.ones((8, 8, 1), np.uint8))


@pytest.mark.parametrize("name", mangastyle.__all__)
def test_every_public_name_loads(name):
    assert getattr(mangastyle, name) is getattr(mangastyle, name)
    assert name in dir(mangastyle)


def test_public_names_are_what_they_say():
    from mangastyle.evaluate import metrics
    from mangastyle.lineart.sketch import sketch

    assert mangastyle.metrics is metrics and mangastyle.sketch is sketch
    assert mangastyle.draw(1, 16).shape == (16, 16, 3) and issubclass(mangastyle.Cancelled, mangastyle.MangastyleError)
    with pytest.raises(AttributeError, match="no attribute 'sketsch'"):
        _ = mangastyle.sketsch  # type: ignore


def test_the_stub_has_the_same_names_and_modules():
    tree = ast.parse((PACKAGE / "__init__.pyi").read_text(encoding="utf-8"))
    stub = {alias.asname: f"{node.module}" for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    public = {name: place.partition(":")[0] for name, place in mangastyle._PUBLIC.items()}
    assert stub == {**public, "metrics": "mangastyle.evaluate", "video": "mangastyle"}
    assert (PACKAGE / "py.typed").is_file()


def test_import_loads_no_tensorflow(tmp_path):
    code = """
import sys, mangastyle
picture = mangastyle.draw(3, 64)
mangastyle.save("a.png", mangastyle.sketch(mangastyle.load(mangastyle.save("b.png", picture)).rgb))
mangastyle.paint(height=16, width=16), mangastyle.MangastyleError, mangastyle.Cancelled, dir(mangastyle)
print([name for name in ("tensorflow", "keras", "matplotlib", "skimage", "ot") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout == "[]\n", done.stderr


GOOD = art(0)
WRONG = {
    "float": (GOOD / np.float32(255), "float32 (40, 48, 3)"),
    "ints": (GOOD.astype(np.int64), "int64 (40, 48, 3)"),
    "alpha": (np.zeros((40, 48, 4), np.uint8), "uint8 (40, 48, 4)"),
    "batch": (GOOD[None], "uint8 (1, 40, 48, 3)"),
    "flat": (GOOD.ravel(), "uint8 (5760,)"),
    "empty": (np.zeros((0, 48, 3), np.uint8), "uint8 (0, 48, 3)"),
    "list": (GOOD.tolist(), "list"),
    "none": (None, "NoneType"),
}
TAKES: dict[str, tuple[Callable[..., Any], str]] = {  # each function that takes a picture, and the name of that argument
    "sketch": (lambda x, shader, pipeline: mangastyle.sketch(x), "picture"),
    "is_line_art": (lambda x, shader, pipeline: mangastyle.is_line_art(x), "picture"),
    "save": (lambda x, shader, pipeline: mangastyle.save("never.png", x), "rgb"),
    "Hint": (lambda x, shader, pipeline: mangastyle.Hint(x), "rgb"),
    "Shader": (lambda x, shader, pipeline: shader(x), "picture"),
    "simulated_hint": (lambda x, shader, pipeline: shader.simulated_hint(x), "picture"),
    "stylize": (lambda x, shader, pipeline: mangastyle.stylize(GOOD, [x], backbone="slim"), "styles"),
    "Stylizer": (lambda x, shader, pipeline: pipeline.stylizer(x), "content"),
    "Stylizer's paintings": (lambda x, shader, pipeline: mangastyle.Stylizer([GOOD, x], method="onepass"), "styles"),
    "run": (lambda x, shader, pipeline: mangastyle.run(x), "picture"),
    "Pipeline": (lambda x, shader, pipeline: pipeline(x), "picture"),
    "Pipeline's paintings": (lambda x, shader, pipeline: mangastyle.Pipeline([x]), "styles"),
    "metrics": (lambda x, shader, pipeline: mangastyle.metrics.ssim(GOOD, x), "original"),
}


@pytest.fixture(scope="module")
def shader(loud_weights) -> mangastyle.Shader:
    return mangastyle.Shader(loud_weights, precision="float32")


@pytest.fixture(scope="module")
def pipeline(loud_weights) -> mangastyle.Pipeline:
    return mangastyle.Pipeline([GOOD], weights=loud_weights, size=0, precision="float32")


@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("name", TAKES)
def test_no_picture_is_an_error_that_says_what_is_wanted_and_what_came(name, kind, shader, pipeline, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    call, argument = TAKES[name]
    value, came = WRONG[kind]
    with pytest.raises(MangastyleError) as error:
        call(value, shader, pipeline)
    message = str(error.value)
    assert message.startswith(f"`{argument}`: must be ") and "uint8 (h, w, 3)" in message and message.endswith(f"not {came}")
    assert "\n" not in message and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mangastyle.stylize(GOOD, []), "`styles`"),
        (lambda: mangastyle.stylize(GOOD, [GOOD], method="one-pass"), "(did you mean 'onepass'?)"),
        (lambda: mangastyle.stylize(GOOD, [GOOD], strenght=0.5), "(did you mean 'strength'?)"),
        (lambda: mangastyle.stylize(GOOD, [GOOD], strength=1.5), "`strength`: must be at most 1, not 1.5"),
        (lambda: mangastyle.stylize(GOOD, [GOOD], method="onepass", iterations=3), "`iterations`"),
        (lambda: mangastyle.Stylizer([GOOD], masks=[GOOD, GOOD]), "`masks`"),
        (lambda: mangastyle.stylize(GOOD, [GOOD], masks=[GOOD[:32]], method="onepass"), "resize the mask to 48x40"),
        (lambda: mangastyle.stylize(GOOD[:20], [GOOD]), "`content`: must be at least 32 pixels"),
        (lambda: mangastyle.Stylizer([GOOD], precision="float64", backbone="slim"), "`precision`"),
        (lambda: mangastyle.stylize(GOOD, [GOOD], backbone="gone.h5"), "gone.h5"),
        (lambda: mangastyle.Pipeline(hint="atuo"), "`hint`: 'atuo'"),
        (lambda: mangastyle.Pipeline(strenght=1), "(did you mean 'strength'?)"),
        (lambda: mangastyle.Shader("gone.h5"), "gone.h5: no such weights file"),
        (lambda: mangastyle.Hint(GOOD, np.ones((3, 3))), "`mask`: must be"),
        (lambda: mangastyle.sketch(GOOD, block=4), "`block`: must be an odd number"),
        (lambda: mangastyle.load("gone.png"), "gone.png: no such file"),
        (lambda: mangastyle.draw(0, 3), "`size`: must be a whole number from 8 to 4096, not 3"),
        (lambda: mangastyle.paint("bruhs"), "unknown painter 'bruhs' (did you mean 'brush'?)"),
        (lambda: mangastyle.metrics.psnr(GOOD, GOOD[:9]), "only pictures of one size compare"),
    ],
)
def test_wrong_arguments_are_named(call, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MangastyleError) as error:
        call()
    assert message in str(error.value) and "--" not in str(error.value)


def in_threads(work: Callable[[np.ndarray], np.ndarray], pictures: list[np.ndarray]) -> list[np.ndarray]:
    """The same work for all pictures at once, in as many threads, which begin together."""
    start = threading.Barrier(len(pictures))

    def begin(picture: np.ndarray) -> np.ndarray:
        start.wait()
        return work(picture)

    with ThreadPoolExecutor(len(pictures)) as pool:
        return list(pool.map(begin, pictures))


@pytest.mark.slow
def test_threads_may_share_a_shader(shader, loud_weights):
    pictures = [art(1), art(2, 64, 40), art(3)]
    expected = [shader(picture) for picture in pictures]
    shared = mangastyle.Shader(loud_weights, precision="float32")  # nothing of it is traced yet
    for found, wanted in zip(in_threads(shared, pictures), expected):
        assert np.array_equal(found, wanted)


@pytest.mark.parametrize("method", ["onepass", "optimize"])
def test_threads_may_share_a_stylizer(method):
    settings: dict = {"size": 0, "precision": "float32"} if method == "onepass" else {**SMALL, "iterations": 2}
    pictures = [art(1), art(2, 64, 40), art(3)]
    alone = mangastyle.Stylizer([art(9)], method=method, **settings)
    expected = [alone(picture) for picture in pictures]
    shared = mangastyle.Stylizer([art(9)], method=method, **settings)
    for found, wanted in zip(in_threads(shared, pictures), expected):
        assert np.abs(found.astype(int) - wanted).max() <= 1  # sums in another order


@pytest.mark.parametrize("method", ["onepass", "optimize"])
def test_progress_is_called_after_every_step(method):
    settings: dict = {"size": 0, "precision": "float32"} if method == "onepass" else {**SMALL, "iterations": 3, "optimizer": "adam"}
    records: list = []
    mangastyle.stylize(GOOD, [art(9)], method=method, progress=records.append, **settings)
    assert records[-1].iteration == records[-1].iterations == (1 if method == "onepass" else 3)
    assert [record.iteration for record in records] == sorted({record.iteration for record in records})


@pytest.mark.slow
def test_progress_names_the_stage(pipeline):
    records: list = []
    pipeline(GOOD, progress=records.append)
    assert {record.stage for record in records} >= {"stylized"}


def test_another_thread_can_cancel_an_optimization():
    stylizer = mangastyle.Stylizer([art(9)], **SMALL, iterations=10**6, optimizer="adam")
    cancel, painting = threading.Event(), threading.Event()
    caught: list[Cancelled] = []

    def work() -> None:
        try:
            stylizer(GOOD, cancel=cancel, progress=lambda record: painting.set())
        except Cancelled as error:
            caught.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert painting.wait(120)
    cancel.set()
    thread.join(120)
    assert not thread.is_alive() and caught[0].result is not None
    assert caught[0].result.shape == GOOD.shape and caught[0].result.dtype == np.uint8


@pytest.mark.parametrize("name", ["Shader", "Stylizer, onepass", "Stylizer, optimize", "Pipeline"])
def test_nothing_is_done_when_it_was_cancelled_before(name, shader, pipeline):
    cancel = threading.Event()
    cancel.set()
    calls = {
        "Shader": lambda: shader(GOOD, cancel=cancel),
        "Stylizer, onepass": lambda: pipeline.stylizer(GOOD, cancel=cancel),
        "Stylizer, optimize": lambda: mangastyle.Stylizer([GOOD], **SMALL)(GOOD, cancel=cancel),
        "Pipeline": lambda: pipeline(GOOD, cancel=cancel),
    }
    with pytest.raises(Cancelled) as error:
        calls[name]()
    assert error.value.result is None
