"""`mangastyle export`: what is in the folder, what is never replaced, and that nothing is left of a failure."""

from __future__ import annotations

import os

import numpy as np
import pytest
import tensorflow as tf

from mangastyle.cli.main import main
from mangastyle.errors import MangastyleError
from mangastyle.export import savedmodel
from mangastyle.shade.shader import Shader


@pytest.fixture(scope="module")
def exported(loud_weights, tmp_path_factory):
    folder = tmp_path_factory.mktemp("export")
    assert main(["export", "--weights", str(loud_weights), "--out", str(folder / "saved")]) == 0
    return folder / "saved"


def test_the_folder_holds_the_model_and_its_options(exported, loud_weights):
    assert {"saved_model.pb", "variables", "config.json"} <= set(os.listdir(exported))
    assert os.listdir(exported.parent) == ["saved"]  # no temporary folder is left
    line, hint = np.full((1, 24, 20, 1), 255, np.uint8), np.full((1, 24, 20, 3), 90, np.uint8)
    model = tf.saved_model.load(str(exported))
    found = model.shade_with_hint(line, hint)[0].numpy()
    expected = Shader(loud_weights, precision="float32").network_pass(line[0, ..., 0], hint[0])
    assert np.abs(found.astype(int) - expected).max() <= 1


def test_existing_results_are_refused_and_replaced_only_when_asked(exported, loud_weights, capsys):
    before = (exported / "config.json").stat().st_mtime_ns
    assert main(["export", "--weights", str(loud_weights), "--out", str(exported)]) == 2
    assert "--force" in capsys.readouterr().err
    assert (exported / "config.json").stat().st_mtime_ns == before
    assert main(["export", "--weights", str(loud_weights), "--out", str(exported), "--force"]) == 0
    assert (exported / "config.json").stat().st_mtime_ns > before


def test_a_link_stays_and_what_it_names_is_replaced(exported, loud_weights, tmp_path):
    (tmp_path / "link").symlink_to(exported)
    before = (exported / "config.json").stat().st_mtime_ns
    assert main(["export", "--weights", str(loud_weights), "--out", str(tmp_path / "link"), "--force"]) == 0
    assert (tmp_path / "link").is_symlink() and (exported / "config.json").stat().st_mtime_ns > before


def test_force_never_removes_a_folder_that_is_no_savedmodel(loud_weights, tmp_path, capsys):
    (tmp_path / "precious.txt").write_text("keep")
    for out in (tmp_path, tmp_path / "precious.txt"):
        assert main(["export", "--weights", str(loud_weights), "--out", str(out), "--force"]) == 2
        assert "no SavedModel" in capsys.readouterr().err
    assert (tmp_path / "precious.txt").read_text() == "keep"


def test_a_failure_leaves_nothing(loud_weights, tmp_path, monkeypatch, capsys):
    def failing(*_):
        raise MangastyleError("differs")

    monkeypatch.setattr(savedmodel, "check_shade", failing)
    assert main(["export", "--weights", str(loud_weights), "--out", str(tmp_path / "saved")]) == 2
    assert "differs" in capsys.readouterr().err and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("flags", [["--weights", "gone.h5"], ["--model", "full", "--onepass-weights", "gone.h5"]])
def test_missing_weights_are_one_line(tmp_path, capsys, flags):
    assert main(["export", *flags, "--out", str(tmp_path / "saved")]) == 2
    shown = capsys.readouterr().err
    assert "gone.h5: no such weights file" in shown and shown.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_full_model_is_written_too(loud_weights, onepass_weights, tmp_path, capsys):
    flags = ["--model", "full", "--weights", str(loud_weights), "--onepass-weights", onepass_weights]
    assert main(["export", *flags, "--out", str(tmp_path / "saved")]) == 0
    assert "equal to the stages one by one within" in capsys.readouterr().out and (tmp_path / "saved" / "saved_model.pb").exists()
