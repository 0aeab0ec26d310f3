"""All 23 figures from one command, with networks so small that it takes seconds; and what they show."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

from mangastyle.cli.figures import chosen
from mangastyle.cli.main import main
from mangastyle.errors import MangastyleError
from mangastyle.io import images, weights
from mangastyle.paper.figures import FIGURES, FigureContext, draw, measures
from mangastyle.paper.settings import QUICK
from mangastyle.shade import networks
from mangastyle.shade.spec import DiscriminatorSpec, ShadeSpec
from mangastyle.style.optimize.stylizer import OptimizeStylizer


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> dict[str, str]:
    """Weights files of a generator, of one as in the paper and of a baseline, never trained."""
    folder, found = tmp_path_factory.mktemp("small"), {}
    for name, arguments in (("weights", {}), ("paper", {"upsample": "transpose"}), ("baseline", {"network": "baseline"})):
        spec = ShadeSpec(width=4, levels=2, size=32, **arguments)
        discriminator = vars(DiscriminatorSpec(width=4, levels=2, size=32, condition_on_line=False))
        provenance = {"discriminator": discriminator, "pixel_loss": "l2", "pixel_weight": 50.0}
        weights.save_model(folder / f"{name}.h5", "shade", spec, networks.build(spec), provenance)
        found[name] = str(folder / f"{name}.h5")
    return found


@pytest.fixture(scope="module")
def quick(small, narrow, tmp_path_factory) -> FigureContext:
    """A context of small networks, shared by tests."""
    context = FigureContext(
        quick=True, weights=small["weights"], paper_weights=small["paper"], baseline_weights=small["baseline"],
        data=("drawn:12",), precision="float32", cache=str(tmp_path_factory.mktemp("cache")),
    )  # fmt: skip
    context.backbone = narrow
    return context


@pytest.fixture
def flags(small, narrow, monkeypatch, tmp_path) -> list[str]:
    """Options of a quick run."""
    monkeypatch.setattr(importlib.import_module("mangastyle.vgg.backbone"), "network", lambda *args, **kwargs: narrow)
    return [
        "--quick", *(x for name, path in small.items() for x in (f"--{name}", path)),
        "--backbone", "random", "--data", "drawn:12", "--cache", str(tmp_path / "cache"), "--precision", "float32",
        "--out", str(tmp_path / "figures"),
    ]  # fmt: skip


def texts(figure: Any) -> str:
    return "\n".join(text.get_text() for axes in figure.axes for text in axes.texts)


@pytest.mark.slow
def test_all_of_them(flags, tmp_path, capsys):
    assert main(["figures", *flags]) == 0
    found = sorted((tmp_path / "figures").glob("*.png"))
    assert [path.name for path in found] == [f"figure-{number:02d}.png" for number in range(1, 24)]
    for path in found:
        picture = images.load(path).rgb
        assert picture.std() > 5 and min(picture.shape[:2]) > 200, path
    assert "23 figures drawn" in capsys.readouterr().out

    # those that are there are kept, unless told otherwise
    before = found[0].stat().st_mtime_ns
    found[1].unlink()
    assert main(["figures", *flags, "--only", "1,2"]) == 0
    assert found[0].stat().st_mtime_ns == before and found[1].exists()
    assert "1 figure drawn, 1 already there" in capsys.readouterr().out
    assert main(["figures", *flags, "--only", "1", "--force"]) == 0
    assert found[0].stat().st_mtime_ns > before


def test_every_figure_has_its_number_and_title(quick):
    for number in (1, 3, 6, 8, 13, 14):
        assert draw(number, quick).get_suptitle() == f"Figure {number}. {FIGURES[number].title}"


@pytest.mark.parametrize("only, numbers", [("3", [3]), ("1-3, 2,23", [1, 2, 3, 23]), ("15-19", [15, 16, 17, 18, 19])])
def test_choice_of_figures(only, numbers):
    assert chosen(only) == numbers


@pytest.mark.parametrize("only", ["0", "25", "3-1", "1-30", "", "x", "1,,2", "-3"])
def test_bad_choice_is_one_clear_line(only, tmp_path, capsys):
    assert main(["figures", f"--only={only}", "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and error.startswith("mangastyle: --only")
    assert not (tmp_path / "out").exists()


def test_mistakes_are_found_before_tensorflow_loads(flags, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("mangastyle.startup.load_tensorflow", lambda: pytest.fail("it loaded TensorFlow"))
    images.save(tmp_path / "a" / "x.png", np.zeros((40, 40, 3), np.uint8))
    images.save(tmp_path / "b" / "x.png", np.zeros((40, 40, 3), np.uint8))
    for extra, message in (
        (["--only", "14", "--style", str(tmp_path / "a" / "x.png"), str(tmp_path / "b" / "x.png")], "two paintings of one name"),
        (["--only", "14", "--style", str(tmp_path / "none.png")], "none.png"),
        (["--only", "10", "--picture", str(tmp_path / "none.png")], "none.png"),
        (["--only", "2", "--baseline", str(tmp_path / "none.h5")], "none.h5: no such weights file"),
        (["--only", "2", "--data", str(tmp_path / "none.zip")], "none.zip: no such"),
        (["--only", "9", "--backbone", str(tmp_path / "none.h5")], "none.h5: no such weights file"),
    ):
        assert main(["figures", *flags, *extra]) == 2
        error = capsys.readouterr().err
        assert message in error and error.count("\n") == 1
        assert not list((tmp_path / "figures").glob("*.png"))


def test_the_discriminator_is_that_of_the_weights_file(quick):
    assert quick.discriminator_spec == DiscriminatorSpec(width=4, levels=2, size=32, condition_on_line=False)
    shown = texts(draw(3, quick))
    assert "given hint\n" in f"{shown}\n" and "50 × L2 loss" in shown
    assert "line" not in texts(draw(8, quick))


def test_a_weights_file_of_unknown_origin_has_the_usual_discriminator(small, tmp_path):
    spec = ShadeSpec(width=4, levels=2, size=32)
    weights.save_model(tmp_path / "own.h5", "shade", spec, networks.build(spec))
    context = FigureContext(quick=True, weights=str(tmp_path / "own.h5"))
    assert context.discriminator_spec == DiscriminatorSpec(width=4, levels=2, size=32)


def test_histograms_count_every_picture_once(quick):
    panel = draw(19, quick).axes[0]
    drawn = [patch for patch in panel.patches if hasattr(patch, "get_xy") and np.ndim(patch.get_xy()) == 2]
    assert len(drawn) == len(measures.SERIES)
    values = quick.measures(*measures.SERIES[0][:2])["euclidean_difference"]
    expected, edges = np.histogram(values, np.arange(0, 66, 6))
    outline = drawn[0].get_xy()
    tops = [max(y for x, y in outline if left < x <= right) for left, right in zip(edges, edges[1:])]
    np.testing.assert_array_equal(tops, [max(expected[i : i + 2]) for i in range(len(expected))])
    assert any(f"median {np.median(values):.3g}" in text.get_text() for text in panel.get_legend().get_texts())


@pytest.mark.slow
def test_loss_curves_are_those_of_the_pictures_shown(quick):
    for number, optimizer in ((22, "lbfgs"), (23, "adam")):
        losses = quick.painted("brush", optimizer)[1]
        total = next(line for line in draw(number, quick).axes[0].lines if line.get_label() == "total, weighted")
        np.testing.assert_allclose(total.get_ydata(), [row.total for row in losses.rows])
    assert not np.array_equal(quick.painted("brush", "lbfgs")[0], quick.painted("brush", "adam")[0])


@pytest.mark.slow
def test_results_are_shared_whatever_the_call(quick):
    assert quick.painted("brush") is quick.painted("brush", optimizer="lbfgs", seed=0)
    assert quick.source("default", "none") is quick.source("default", hint="none")


def test_starts_differ_and_paintings_are_made_once(quick, monkeypatch):
    draw(11, quick)
    monkeypatch.setattr(OptimizeStylizer, "__call__", lambda *args, **kwargs: pytest.fail("painted twice"))
    draw(11, quick)
    draw(12, quick)
    draw(22, quick)
    noises = [quick.painted("brush", init="noise", seed=seed)[0] for seed in range(4)]
    assert len({picture.tobytes() for picture in noises}) == 4


def test_the_search_is_one_scale_by_gram_matrices(quick):
    search = quick.search
    assert (search.min_size, search.distance, search.size, search.loss) == (0, "gram", 0, "mean")


def test_quick_by_environment(monkeypatch):
    monkeypatch.delenv(QUICK, raising=False)
    slow = FigureContext()
    monkeypatch.setenv(QUICK, "1")
    fast = FigureContext()
    assert fast.side < slow.side and fast.iterations < slow.iterations and fast.count < slow.count == 100
    assert FigureContext(quick=False).side == slow.side


def test_own_picture_is_brought_to_the_side():
    context = FigureContext(picture=np.full((300, 600, 3), 90, np.uint8), quick=True)
    assert context.picture.shape == (context.side, 2 * context.side, 3)


def test_progress_of_longer_computations(small, tmp_path):
    records = []
    context = FigureContext(quick=True, weights=small["weights"], data=("drawn:12",), cache=str(tmp_path), progress=records.append)
    context._metrics = {}
    context.measures("default", "none")
    assert records[-1] == ("default, hint none", context.count, context.count)


def test_mistakes():
    with pytest.raises(MangastyleError, match="1 to 24"):
        chosen("25")
    with pytest.raises(MangastyleError, match="`picture`: must be uint8"):
        FigureContext(picture=np.zeros((64, 64)))
    with pytest.raises(MangastyleError, match="`count`: must be at least 2"):
        FigureContext(count=1)


def test_figure_4_shows_both_generators(quick):
    axes = np.reshape(draw(4, quick).axes, (4, -1))
    for row, network in ((2, "paper"), (3, "default")):
        for panel, example in zip(axes[row], quick.examples(network, "none")):
            np.testing.assert_array_equal(panel.images[0].get_array(), example.generated)
    assert not np.array_equal(axes[2, 0].images[0].get_array(), axes[3, 0].images[0].get_array())
