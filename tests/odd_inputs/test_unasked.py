"""Nothing unasked: arrays of other forms are refused or right, long strips are not enlarged to enormous pictures, within memory."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable

import numpy as np
import pytest
from PIL import Image

import mangastyle
from mangastyle.cli.main import main
from mangastyle.errors import MangastyleError
from mangastyle.evaluate import report
from mangastyle.evaluate.metrics import METRICS
from mangastyle.evaluate.sources import Example
from mangastyle.ops import pixels
from mangastyle.shade.hints import palette

RGB = np.kron(np.random.default_rng(0).integers(0, 256, (5, 6, 3), np.uint8), np.ones((8, 8, 1), np.uint8))  # (40, 48, 3)
WIDE = np.random.default_rng(1).integers(0, 256, (32, 3000, 3), np.uint8)


class Own(np.ndarray):
    """A subclass that others write."""


def read_only(array: np.ndarray) -> np.ndarray:
    array = array.copy()
    array.setflags(write=False)
    return array


def mapped(array: np.ndarray, folder: Path) -> np.ndarray:
    np.save(folder / "mapped.npy", array)
    return np.load(folder / "mapped.npy", mmap_mode="r")


# The same pixels in another place or order, which count like any others.
SAME: dict[str, Callable[[np.ndarray, Path], np.ndarray]] = {
    "read-only": lambda a, folder: read_only(a),
    "every second column": lambda a, folder: np.repeat(a, 2, 1)[:, ::2],
    "negative strides": lambda a, folder: np.ascontiguousarray(a[::-1, ::-1])[::-1, ::-1],
    "channels reversed": lambda a, folder: np.ascontiguousarray(a[..., ::-1])[..., ::-1],
    "by columns": lambda a, folder: np.asfortranarray(a),
    "mapped from a file": mapped,
    "a subclass": lambda a, folder: a.view(Own),
}
OTHER: dict[str, Any] = {  # what is no picture
    "float 0..1": (RGB / 255).astype(np.float32), "float64": RGB / 255, "float16": RGB.astype(np.float16), "bool": RGB > 100,
    "uint16": RGB.astype(np.uint16), "int8": RGB.astype(np.int8), "int64": RGB.astype(np.int64), "big-endian": RGB.astype(">u2"),
    "objects": RGB.astype(object), "text": RGB.astype(str), "complex": RGB.astype(complex), "one channel": RGB[..., :1],
    "two channels": RGB[..., :2], "alpha": np.dstack([RGB, RGB[..., :1]]), "batch": RGB[None], "flat": RGB.ravel(),
    "channels first": RGB.transpose(2, 0, 1), "a number": np.uint8(3), "no axis": np.array(3, np.uint8), "empty": RGB[:0],
    "list": RGB.tolist(),
    "masked": np.ma.masked_array(RGB, RGB > 200), "Pillow's": Image.fromarray(RGB), "nothing": None, "a name": "picture.png",
    "records": np.zeros((40, 48), [("level", "u1")]), "what load returns": mangastyle.load.__globals__["Picture"](RGB, None),
}  # fmt: skip


class Networks:
    """Networks so small that they load at once."""

    def __init__(self, weights: Path, onepass_weights: str) -> None:
        self.shader = mangastyle.Shader(weights, precision="float32")
        given: dict[str, Any] = {"onepass_weights": onepass_weights, "precision": "float32", "size": 0}
        self.stylizer = mangastyle.Stylizer(RGB, method="onepass", **given)
        self.pipeline = mangastyle.Pipeline(RGB, weights=weights, hint="none", **given)
        self.styles = lambda x: mangastyle.Stylizer([x], method="onepass", **given)(RGB)


@pytest.fixture(scope="module")
def networks(tiny_weights, onepass_weights) -> Networks:
    return Networks(tiny_weights, onepass_weights)


Call = Callable[[Any, Networks, Path], Any]
# Every public function of a color picture, and those of a gray one too; what comes back is compared.
COLOR: dict[str, Call] = {
    "simulated_hint": lambda x, n, folder: n.shader.simulated_hint(x).rgb,
    "Hint": lambda x, n, folder: mangastyle.Hint(x).rgb,
    "from_picture": lambda x, n, folder: mangastyle.Hint.from_picture(x).rgb,
    "shader's hint": lambda x, n, folder: n.shader(RGB, mangastyle.Hint(x)),
    "network_pass": lambda x, n, folder: n.shader.network_pass(RGB[..., 0], x),
    "palette": lambda x, n, folder: palette(x).colors,
    "stylizer": lambda x, n, folder: n.stylizer(x),
    "styles": lambda x, n, folder: n.styles(x),
    **{name: (lambda x, n, folder, metric=metric: metric.function(x, RGB[::-1])) for name, metric in METRICS.items()},  # type: ignore
}
GRAY: dict[str, Call] = {
    "sketch": lambda x, n, folder: mangastyle.sketch(x, size=16),
    "is_line_art": lambda x, n, folder: mangastyle.is_line_art(x),
    "shader": lambda x, n, folder: n.shader(x),
    "palette_hint": lambda x, n, folder: n.shader.palette_hint(x, palette("navy", "white")).rgb,
    "pipeline": lambda x, n, folder: n.pipeline(x).stylized,
    "save": lambda x, n, folder: mangastyle.load(mangastyle.save(folder / "saved.png", x, force=True)).rgb,
}


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in ("pipeline", "shader's hint") else name for name in (*COLOR, *GRAY)]
)
def test_the_same_pixels_give_the_same_in_whatever_order_they_lie(name, networks, tmp_path):
    call = {**COLOR, **GRAY}[name]
    expected = call(RGB, networks, tmp_path)
    for kind, make in SAME.items():
        np.testing.assert_array_equal(call(make(RGB, tmp_path), networks, tmp_path), expected, err_msg=kind)
    if name in GRAY:
        gray = np.ascontiguousarray(RGB[..., 0])
        expected = call(gray, networks, tmp_path)
        for kind, make in {**SAME, "a matrix": lambda a, folder: np.matrix(a)}.items():
            if kind != "channels reversed":
                np.testing.assert_array_equal(call(make(gray, tmp_path), networks, tmp_path), expected, err_msg=kind)


@pytest.mark.parametrize("name", [*COLOR, *GRAY])
def test_whatever_is_no_picture_is_refused_in_one_line(name, networks, tmp_path):
    import tensorflow as tf

    call = {**COLOR, **GRAY}[name]
    others = {**OTHER, "a tensor": tf.constant(RGB), **({} if name in GRAY else {"gray": RGB[..., 0]})}
    for kind, value in others.items():
        if (name, kind) == ("from_picture", "what load returns"):
            continue
        with pytest.raises(MangastyleError) as error:
            call(value, networks, tmp_path)
        message = str(error.value)
        assert "\n" not in message and (name == "palette" or "uint8 (h, w, 3)" in message), kind
    assert not list(tmp_path.glob("saved*"))


@pytest.mark.parametrize(
    "call",
    [
        lambda networks, folder: mangastyle.save(folder / "saved.png", RGB, RGB[:8, :, 0]),
        lambda networks, folder: mangastyle.save(folder / "saved.png", RGB, RGB[..., 0] / 255),
        lambda networks, folder: mangastyle.save(folder / "saved.png", RGB, RGB),
        lambda networks, folder: mangastyle.Hint(RGB, [[1, 2], [1]]),  # type: ignore
        lambda networks, folder: mangastyle.Hint.from_picture((RGB, None, 3)),  # type: ignore
        lambda networks, folder: networks.shader.network_pass(RGB[:8, :, 0], RGB),
        lambda networks, folder: networks.shader.simulated_hint(RGB, work_size=-3),
        lambda networks, folder: networks.shader.palette_hint(RGB, palette("navy"), work_size=2.5),
        lambda networks, folder: mangastyle.Pipeline(7),  # type: ignore
    ],
)
def test_other_arguments_of_other_forms_are_refused_in_one_line(call, networks, tmp_path):
    with pytest.raises(MangastyleError, match=r"\A`\w+`: [^\n]*\Z"):
        call(networks, tmp_path)
    assert not list(tmp_path.iterdir())


# Long and narrow pictures


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((200, 300), (512, 768)), ((300, 1200), (512, 2048)), ((2000, 9000), (512, 2304)), ((32, 3000), (106, 9938)),
        ((3000, 32), (9938, 106)), ((33, 30000), (34, 30909)), ((100, 30000), (100, 30000)),
    ],
)  # fmt: skip
def test_a_strip_is_not_enlarged_to_more_than_a_megapixel(shape, expected):
    assert pixels.fit_enlarged(*shape, 512) == expected
    assert np.prod(expected) <= 1.05 * max(4 * 512**2, np.prod(shape))


def test_a_strip_is_painted_at_a_moderate_size_with_a_word_about_it(tmp_path, monkeypatch, capfd, onepass_weights):
    monkeypatch.chdir(tmp_path)
    mangastyle.save("wide.png", WIDE)
    mangastyle.save("painting.png", RGB)
    given = ["wide.png", "--style", "painting.png", "--method", "onepass", "--onepass-weights", onepass_weights, "--precision", "float32"]
    assert main(["style", *given, "--out", "usual.png"]) == 0
    said = capfd.readouterr().err
    assert "3000x32 pixels" in said and "painted at 9938x106" in said and said.count("\n") == 1
    assert Image.open("usual.png").size == (9938, 106)
    assert main(["style", *given, "--size", "40", "--max-megapixels", "0.2", "--out", "asked.png"]) == 0
    assert Image.open("asked.png").size == (3000, 32) and "a larger size" in capfd.readouterr().err
    assert main(["style", *given, "--size", "9000", "--out", "huge.png"]) == 2  # 324 megapixels
    said = capfd.readouterr().err
    assert "--size" in said and "--max-megapixels" in said and said.count("\n") == 1


@pytest.mark.slow
def test_every_command_takes_every_shape_or_names_the_least(tmp_path, monkeypatch, capfd, tiny_weights, onepass_weights):
    monkeypatch.chdir(tmp_path)
    shapes = [(8, 8), (8, 500), (500, 8), (33, 33), (33, 800), (800, 33)]
    for number, shape in enumerate(shapes):
        mangastyle.save(f"p/{number}.png", np.resize(RGB, (*shape, 3)))
    mangastyle.save("q.png", RGB)
    style = ["--style", "q.png", "--onepass-weights", onepass_weights, "--precision", "float32"]
    shade = ["--weights", str(tiny_weights), "--precision", "float32"]
    for words, folder, name, least in (
        (["sketch", "p", "--size", "4"], "p-sketch", "{}.png", 8), (["shade", "p", *shade], "p-shaded", "{}.png", 8),
        (["style", "p", "--method", "onepass", "--size", "0", *style], "p-stylized", "{}.png", 32),
        (["run", "p", *style, "--weights", str(tiny_weights), "--out", "p-run"], "p-run", "{}-shaded.png", 32),
    ):  # fmt: skip
        small = [shape for shape in shapes if min(shape) < least]
        assert main(words) == (2 if small else 0)
        said = capfd.readouterr().err
        assert said.count(f"the least is {least}x{least}") == len(small), said
        for number, shape in enumerate(shapes):
            made = Path(folder, name.format(number))
            assert made.exists() == (shape not in small) and (shape in small or Image.open(made).size == shape[::-1])


def test_beside_a_tall_strip_the_painting_is_not_enlarged_to_its_height():
    from mangastyle.cli.run import contact_sheet
    from mangastyle.pipeline import Stages

    tall, painting = np.zeros((9000, 33, 3), np.uint8), np.zeros((300, 400, 3), np.uint8)
    sheet = contact_sheet(Stages({"picture": tall, "sketch": tall[..., 0], "style": painting, "stylized": tall}, "one pass"))
    assert 9000 < sheet.shape[0] < 9400 and sheet.shape[1] < 1800


@pytest.mark.parametrize("shape", [(8, 20000), (20000, 8), (2000, 3000), (64, 64)])
def test_pictures_on_the_sheet_of_an_evaluation_are_of_moderate_size(shape):
    picture = np.zeros((*shape, 3), np.uint8)
    assert max(report._line(Example("p", picture, picture), "1 of 1", "0").shape[:2]) < 2400


linux = pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory as Linux tells it")


def peak_memory(anew: bool = False) -> int:
    """The most memory that this process has had, in KB; since now, if it is counted anew."""
    if anew:
        Path("/proc/self/clear_refs").write_text("5")
    return int(re.findall(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[0])


LIMITED = """
import sys, numpy as np, mangastyle
height, width, weights, onepass = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
cells = np.random.default_rng(0).integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), np.uint8)
picture = cells.repeat(8, 0).repeat(8, 1)[:height, :width]
pipeline = mangastyle.Pipeline(mangastyle.paint(height=64, width=80), onepass_weights=onepass, size=0)
stages = pipeline(picture)
art = pipeline.shader(stages.sketch, mangastyle.Hint.from_points([(9, 9, "navy")], picture.shape))
assert stages.stylized.shape == art.shape == picture.shape
print(int(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))) // 1024)
"""


@pytest.mark.linux
@linux
@pytest.mark.slow
@pytest.mark.parametrize("size", [(33, 30000), (30000, 33), (100, 30000), (64, 64), (900, 9000)])
def test_memory_stays_bounded_however_long_a_picture_is(size, onepass_weights):
    words = [sys.executable, "-c", LIMITED, *map(str, size), "shade", onepass_weights]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 2560, f"{done.stdout} MiB"


@pytest.mark.linux
@linux
def test_no_operator_needs_the_square_of_a_side():
    """A picture of 30,000 columns is resized and blurred; a matrix of its columns alone would have 3.6 GB."""
    import tensorflow as tf

    from mangastyle.ops import blur, resample

    before = peak_memory(anew=True)
    wide = tf.zeros((8, 30000, 3))
    for height, width in ((8, 30000), (8, 29000), (9, 31000), (2, 400)):
        assert resample.resize(wide, height, width).shape == (height, width, 3)
    assert blur.gaussian_blur(wide, 6.0).shape == blur.small_box_blur(wide, 5).shape == wide.shape
    assert peak_memory() - before < 500_000
