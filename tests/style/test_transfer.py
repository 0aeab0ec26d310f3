"""Style transfer end to end, mostly on a narrow VGG-19 of random weights so that it is quick."""

from __future__ import annotations

import dataclasses
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from mangastyle import images
from mangastyle.cli import main
from mangastyle.config import StyleConfig, settle
from mangastyle.errors import MangastyleError
from mangastyle.style import transfer, vgg

TINY = StyleConfig(size=0, iterations=6, precision="float32", backbone="random")


@pytest.fixture(scope="module")
def narrow() -> keras.Model:
    """VGG-19 with an eighth of the features in each layer."""
    generator, channels, weights = np.random.default_rng(0), 3, {}
    for name, shape in vgg.kernel_shapes().items():
        kernel = generator.normal(0, np.sqrt(2 / (9 * channels)), (3, 3, channels, shape[-1] // 8))
        weights[name] = (kernel, np.zeros(shape[-1] // 8))
        channels = shape[-1] // 8
    return vgg.network(weights)


def disc(height: int, width: int) -> np.ndarray:
    """A red disc on a light ground: the content."""
    y, x = np.mgrid[:height, :width]
    inside = (y - height / 2) ** 2 + (x - width / 2) ** 2 < (min(height, width) / 3) ** 2
    return np.where(inside[..., None], (200, 40, 60), (240, 230, 200)).astype(np.uint8)


def stripes(height: int = 48, width: int = 40, every: int = 6) -> np.ndarray:
    """Blue and yellow stripes: the painting."""
    y, x = np.mgrid[:height, :width]
    return np.where(((y + x) // every % 2)[..., None], (20, 50, 160), (250, 220, 60)).astype(np.uint8)


def records(painter: transfer.Painter, content: np.ndarray) -> list[transfer.Record]:
    found: list[transfer.Record] = []
    painter.paint(content, found.append)
    return found


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
@pytest.mark.parametrize("loss", ["mean", "sum"])
def test_the_loss_falls_by_much(narrow, optimizer, loss):
    options = dataclasses.replace(TINY, optimizer=optimizer, loss=loss, iterations=40, learning_rate=4.0)
    found = records(transfer.Painter([stripes()], options, narrow), disc(40, 36))
    assert found[-1].iteration == 40
    assert min(r.total for r in found) < 0.3 * found[0].total
    expected = options.content_weight * found[-1].content + options.style_weight * found[-1].style + options.tv_weight * found[-1].tv
    assert found[-1].total == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (33, 47), (65, 97)])
def test_exactly_the_size_of_the_content(narrow, height, width):
    painted = transfer.stylize(disc(height, width), [stripes()], TINY, narrow)
    assert painted.shape == (height, width, 3) and painted.dtype == np.uint8


def test_short_side(narrow):
    assert transfer.stylize(disc(64, 96), [stripes()], dataclasses.replace(TINY, size=34), narrow).shape == (34, 51, 3)


def test_same_seed_same_picture(narrow):
    options = dataclasses.replace(TINY, init="noise", iterations=2)
    first, second = (transfer.stylize(disc(32, 32), [stripes()], options, narrow) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    other = transfer.stylize(disc(32, 32), [stripes()], dataclasses.replace(options, seed=1), narrow)
    assert (first != other).any()


@pytest.mark.parametrize("init", ["content", "style", "noise"])
def test_where_the_search_starts(narrow, init):
    content, style = disc(32, 32), stripes(32, 32)
    options = dataclasses.replace(TINY, init=init, iterations=1)
    start = records(transfer.Painter([style], options, narrow), content)[0]
    if init == "noise":
        assert 60 < start.picture().std() < 90  # uniform in 0..255 has 73.6
    else:
        np.testing.assert_array_equal(start.picture(), content if init == "content" else style)
        assert getattr(start, init) == pytest.approx(0, abs=1e-6)


def test_several_paintings_count_equally(narrow):
    options = dataclasses.replace(TINY, style_size="content")
    content, a, b = disc(40, 40), stripes(), stripes(every=2)
    losses = {}
    for name, paintings in {"a": [a], "b": [b], "ab": [a, b], "ba": [b, a]}.items():
        painter = transfer.Painter(paintings, options, narrow)
        losses[name] = painter._style_targets(40, 40)["relu3_1"].numpy()
    np.testing.assert_allclose(losses["ab"], (losses["a"] + losses["b"]) / 2, rtol=1e-5)
    np.testing.assert_allclose(losses["ab"], losses["ba"], rtol=1e-6)
    assert transfer.stylize(content, [a, b], options, narrow).shape == content.shape


def test_pictures_of_one_size_share_graph_and_targets(narrow):
    painter = transfer.Painter([stripes()], dataclasses.replace(TINY, iterations=1), narrow)
    painter.paint(disc(32, 40))
    graph, targets = painter.loss_and_gradient, painter.style_targets
    painter.paint(disc(32, 40)[::-1].copy())
    assert painter.loss_and_gradient is graph and painter.style_targets is targets
    assert graph.experimental_get_tracing_count() == 1
    painter.paint(disc(40, 32))
    assert painter.loss_and_gradient is not graph and painter.style_targets is not targets


def test_picture_moves_towards_the_colours_of_the_painting(narrow):
    options = dataclasses.replace(TINY, iterations=30, style_weight=1000.0)
    content, style = disc(48, 48), stripes()
    painted = transfer.stylize(content, [style], options, narrow)
    before = np.abs(content.mean((0, 1)) - style.mean((0, 1))).sum()
    after = np.abs(painted.mean((0, 1)) - style.mean((0, 1))).sum()
    assert after < before / 2


def test_paper_preset_is_the_letter_of_the_paper():
    paper = settle(StyleConfig, {"preset": "paper"})
    assert (paper.loss, paper.content_weight, paper.style_weight, paper.tv_weight) == ("sum", 0.001, 0.001, 0)
    assert (paper.iterations, paper.learning_rate, paper.style_size) == (1000, 1.0, "content")
    assert paper.content_layers == ("conv4_2",)
    assert paper.style_layers == ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")


def test_mistakes(narrow):
    content = disc(40, 40)
    for message, styles, changes in (
        ("no painting", [], {}),
        ("the painting.* is 20x40 pixels; the least is 32x32", [stripes(40, 20)], {}),
        ("did you mean 'relu4_2'", [stripes()], {"content_layers": ("rleu4_2",)}),
        ("--style-layers: name at least one", [stripes()], {"style_layers": ()}),
        ("--size: must be 0 or at least 32, not 16", [stripes()], {"size": 16}),
    ):
        with pytest.raises(MangastyleError, match=message):
            transfer.stylize(content, styles, dataclasses.replace(TINY, **changes), narrow)
    with pytest.raises(MangastyleError, match="the content is 40x31 pixels"):
        transfer.stylize(disc(31, 40), [stripes()], TINY, narrow)


@pytest.fixture
def narrow_command(monkeypatch, narrow):
    """The command line with the narrow network, for speed."""
    monkeypatch.setattr(vgg, "network", lambda *args, **kwargs: narrow)


def test_command_keeps_alpha_and_size(tmp_path, capsys):
    alpha = np.full((70, 90), 255, np.uint8)
    alpha[:20] = 0
    images.save(tmp_path / "girl.png", disc(70, 90), alpha)
    images.save(tmp_path / "art.png", stripes())
    argv = ["style", str(tmp_path / "girl.png"), "--style", str(tmp_path / "art.png"), "--backbone", "random"]
    assert main([*argv, "--preset", "tiny", "--iterations", "1"]) == 0
    painted = images.load(tmp_path / "girl-styled.png")
    assert painted.rgb.shape == (64, 82, 3) and painted.alpha.shape == (64, 82)
    assert painted.alpha[0, 0] == 0 and painted.alpha[-1, 0] == 255
    assert capsys.readouterr().out.strip() == str(tmp_path / "girl-styled.png")
    assert main([*argv, "--preset", "tiny"]) == 2  # there already
    assert "--force" in capsys.readouterr().err


def test_command_on_a_folder(tmp_path, narrow_command, capsys):
    images.save(tmp_path / "in" / "a.png", disc(40, 40))
    images.save(tmp_path / "in" / "deep" / "b.png", disc(36, 50))
    images.save(tmp_path / "in" / "small.png", disc(20, 20))
    images.save(tmp_path / "art.png", stripes())
    argv = ["style", str(tmp_path / "in"), "--style", str(tmp_path / "art.png"), "--out", str(tmp_path / "out")]
    assert main([*argv, "--backbone", "random", "--size", "0", "--iterations", "2", "--optimizer", "adam"]) == 2
    assert images.load(tmp_path / "out" / "a.png").rgb.shape == (40, 40, 3)
    assert images.load(tmp_path / "out" / "deep" / "b.png").rgb.shape == (36, 50, 3)
    assert json.loads((tmp_path / "out" / "config.json").read_text())["optimizer"] == "adam"
    assert "small.png: 20x20" in capsys.readouterr().err


def test_command_names_the_painting_it_cannot_read(tmp_path, narrow_command, capsys):
    images.save(tmp_path / "girl.png", disc(40, 40))
    assert main(["style", str(tmp_path / "girl.png")]) == 2
    assert "--style painting.jpg" in capsys.readouterr().err
    assert main(["style", str(tmp_path / "girl.png"), "--style", str(tmp_path / "none.jpg")]) == 2
    assert "none.jpg: cannot read" in capsys.readouterr().err


def test_interruption_keeps_one_picture_but_no_half_done_one_of_a_folder(tmp_path, narrow_command, monkeypatch):
    images.save(tmp_path / "in" / "girl.png", disc(40, 40))
    images.save(tmp_path / "art.png", stripes())

    def interrupt(bar, record):
        if record.iteration == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(transfer, "_show", interrupt)
    options = ["--style", str(tmp_path / "art.png"), "--backbone", "random", "--size", "0"]
    assert main(["style", str(tmp_path / "in" / "girl.png"), *options, "--out", str(tmp_path / "one.png")]) == 0
    assert (images.load(tmp_path / "one.png").rgb != disc(40, 40)).any()
    assert main(["style", str(tmp_path / "in"), *options, "--out", str(tmp_path / "out")]) == 130
    assert not (tmp_path / "out" / "girl.png").exists()


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_gradient_in_mixed_precision_is_near_the_exact_one(policy):
    # Noise: on flat areas edge filters give exactly 0, where rounding alone decides a ReLU's gradient.
    content, gradients = np.random.default_rng(0).integers(0, 256, (64, 64, 3)), []
    weights = {name: arrays for name, arrays in vgg.random_weights().items() if name < "conv3_2"}
    options = dataclasses.replace(TINY, content_layers=("relu3_1",), style_layers=("relu1_1", "relu2_1", "relu3_1"))
    for name in ("float32", policy):
        painter = transfer.Painter([stripes()], options, vgg.network(weights, policy=name))
        painter._prepare(64, 64)
        targets = {"relu3_1": painter.features(content[::-1][None].astype(np.float32))["relu3_1"]}
        picture = tf.constant(content, tf.float32)
        gradients.append(painter.loss_and_gradient(picture, targets, painter.style_targets)[1].numpy())
    exact, mixed = gradients
    assert np.linalg.norm(mixed - exact) < 0.1 * np.linalg.norm(exact)
