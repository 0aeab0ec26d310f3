"""All 23 figures from one command, with networks so small that it takes seconds; and what they show."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mangastyle import images, weights
from mangastyle.cli import main
from mangastyle.config import FiguresConfig, StyleConfig, TrainConfig
from mangastyle.errors import MangastyleError
from mangastyle.figures import FIGURES, Studio, draw, measures, studio
from mangastyle.figures.command import chosen
from mangastyle.shade import networks
from mangastyle.style import vgg


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> dict[str, Path]:
    """Weights files of a generator, of one as in the paper and of a baseline, never trained."""
    folder, found = tmp_path_factory.mktemp("small"), {}
    for name, settings in (("gan", {}), ("paper", {"upsample": "transpose"}), ("baseline", {"model": "baseline"})):
        config = TrainConfig(width=4, levels=2, size=32, **settings)
        found[name] = folder / f"{name}.h5"
        weights.save(found[name], networks.build(config)[0], config)
    return found


@pytest.fixture
def flags(small, narrow, monkeypatch, tmp_path) -> list[str]:
    """Options of a quick run."""
    monkeypatch.setattr(vgg, "network", lambda *args, **kwargs: narrow)
    monkeypatch.setenv("MANGASTYLE_CACHE", str(tmp_path / "cache"))
    return [
        "--fast", "--weights", str(small["gan"]), "--paper", str(small["paper"]), "--baseline", str(small["baseline"]),
        "--backbone", "random", "--data", "drawn:12", "--precision", "float32", "--out", str(tmp_path / "figures"),
    ]  # fmt: skip


@pytest.fixture
def quick(small, flags) -> Studio:
    return Studio(FiguresConfig(
        fast=True, weights=str(small["gan"]), paper=str(small["paper"]), baseline=str(small["baseline"]), backbone="random",
        data=("drawn:12",), precision="float32",
    ))  # fmt: skip


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
    assert "1 figures drawn, 1 were there already" in capsys.readouterr().out
    assert main(["figures", *flags, "--only", "1", "--force"]) == 0
    assert found[0].stat().st_mtime_ns > before


def test_every_figure_says_its_number(quick):
    for number in (1, 3, 6, 8, 13, 14):
        assert draw(number, quick).get_suptitle() == f"Figure {number}. {FIGURES[number].title}"


@pytest.mark.parametrize("only, numbers", [("3", [3]), ("1-3, 2,23", [1, 2, 3, 23]), ("15-19", [15, 16, 17, 18, 19])])
def test_choice_of_figures(only, numbers):
    assert chosen(only) == numbers


@pytest.mark.parametrize("only", ["0", "24", "3-1", "1-30", "", "x", "1,,2", "-3"])
def test_bad_choice_is_one_clear_line(only, tmp_path, capsys):
    assert main(["figures", f"--only={only}", "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and error.startswith("mangastyle: --only")
    assert not (tmp_path / "out").exists()


def test_missing_picture_weights_and_names_twice(flags, tmp_path, capsys):
    images.save(tmp_path / "a" / "x.png", np.zeros((40, 40, 3), np.uint8))
    images.save(tmp_path / "b" / "x.png", np.zeros((40, 40, 3), np.uint8))
    for extra, word in (
        (["--only", "14", "--style", str(tmp_path / "a" / "x.png"), str(tmp_path / "b" / "x.png")], "two paintings of one name"),
        (["--only", "14", "--style", str(tmp_path / "none.png")], "none.png"),
        (["--only", "2", "--baseline", str(tmp_path / "none.h5")], "none.h5: no such weights file"),
    ):
        assert main(["figures", *flags, *extra]) == 2
        error = capsys.readouterr().err
        assert word in error and error.count("\n") == 1
        assert not list((tmp_path / "figures").glob("*.png"))


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


def test_loss_curves_are_those_of_the_pictures_shown(quick):
    for number, optimizer in ((22, "lbfgs"), (23, "adam")):
        losses = quick.painted("brush", optimizer)[1]
        total = next(line for line in draw(number, quick).axes[0].lines if line.get_label() == "total, weighted")
        np.testing.assert_allclose(total.get_ydata(), [row.total for row in losses.rows])
    assert not np.array_equal(quick.painted("brush", "lbfgs")[0], quick.painted("brush", "adam")[0])


def test_starts_differ_and_paintings_are_made_once(quick, monkeypatch):
    draw(11, quick)
    monkeypatch.setattr(studio.Painter, "paint", lambda *args: pytest.fail("painted twice"))
    draw(11, quick)
    draw(12, quick)
    draw(22, quick)
    noises = [quick.painted("brush", init="noise", seed=seed)[0] for seed in range(4)]
    assert len({picture.tobytes() for picture in noises}) == 4


def test_fast_by_environment(monkeypatch):
    monkeypatch.delenv(studio.FAST, raising=False)
    slow = Studio()
    monkeypatch.setenv(studio.FAST, "1")
    fast = Studio()
    assert fast.side < slow.side and fast.iterations < slow.iterations and fast.count < slow.count == FiguresConfig.count


def test_own_picture_is_brought_to_the_side(tmp_path, small):
    images.save(tmp_path / "wide.png", np.full((300, 600, 3), 90, np.uint8))
    assert Studio(FiguresConfig(picture=str(tmp_path / "wide.png"), fast=True)).picture.shape == (96, 192, 3)


def test_the_search_is_one_scale_by_gram_matrices(quick):
    search = quick.search
    assert (search.min_size, search.distance, search.size) == (0, "gram", 0)
    assert isinstance(search, StyleConfig)


def test_bad_number():
    with pytest.raises(MangastyleError, match="1 to 23"):
        chosen("24")


def test_figure_4_shows_both_generators(quick):
    axes = np.reshape(draw(4, quick).axes, (4, -1))
    for row, network in ((2, "paper"), (3, "gan")):
        for panel, example in zip(axes[row], quick.examples(network, "none")):
            np.testing.assert_array_equal(panel.images[0].get_array(), example.generated)
    assert not np.array_equal(axes[2, 0].images[0].get_array(), axes[3, 0].images[0].get_array())
