"""--shard: shares that are disjoint, complete and even; and the examples of docs/cluster.md."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from mangastyle.cli.main import load, main
from mangastyle.cli.options import flag
from mangastyle.cli.shards import share_of
from mangastyle.errors import MangastyleError
from mangastyle.io import images

GUIDE = (Path(__file__).parents[2] / "docs" / "cluster.md").read_text(encoding="utf-8")
WITH_FOLDERS = ("sketch", "shade", "style", "run")


@pytest.mark.parametrize("count", [1, 2, 3, 7, 12])
def test_shares_are_disjoint_complete_and_even(count):
    pictures = list(range(10))
    shares = [pictures[share_of(f"{number}/{count}").rows] for number in range(1, count + 1)]
    assert sorted(sum(shares, [])) == pictures
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize(
    "shard", ["0/4", "5/4", "1/0", "4", "a/b", "1/4/2", "-1/4", "1/-4", "1.5/4", " 1/4", "1/4\n", "/4", "1/", "¼", "٣/٤"]
)
def test_what_is_no_share(tmp_path, picture, capsys, shard):
    with pytest.raises(MangastyleError, match=r"write I/N with I from 1 to N, as in 1/4 to 4/4"):
        share_of(shard)
    images.save(tmp_path / "in" / "a.png", picture)
    assert main(["sketch", str(tmp_path / "in"), f"--shard={shard}"]) == 2
    assert capsys.readouterr().err.startswith("mangastyle: --shard") and not (tmp_path / "in-sketch").exists()


def test_shards_share_a_folder(tmp_path, picture, capsys):
    for i in range(5):
        images.save(tmp_path / "in" / f"{i}.png", picture)
    out = tmp_path / "out"
    configs = set()
    for number, made in ((2, 2), (1, 3)):
        assert main(["sketch", str(tmp_path / "in"), "--out", str(out), "--shard", f"{number}/2"]) == 0
        done = f"{made} pictures written (shard {number}/2: {made} of 5 pictures)"
        assert capsys.readouterr().out == f"{out}: {done}\n"
        configs.add((out / "config.json").read_text())
    assert len(configs) == 1 and len(list(out.glob("*.png"))) == 5
    assert main(["sketch", str(tmp_path / "in"), "--out", str(out), "--shard", "6/7"]) == 0
    assert capsys.readouterr().out == f"{out}: 0 pictures written (shard 6/7: 0 of 5 pictures)\n"
    assert main(["sketch", "--config", str(out / "config.json")]) == 0  # all of them, not a share
    assert capsys.readouterr().out == f"{out}: 0 pictures written, 5 already there\n"
    assert main(["sketch", str(tmp_path / "in"), "--out", str(out), "--shard", "1/2", "--block", "9"]) == 2


def test_a_single_picture_has_no_shares(tmp_path, picture, capsys):
    images.save(tmp_path / "a.png", picture)
    assert main(["sketch", str(tmp_path / "a.png"), "--shard", "1/2"]) == 2
    assert "--shard: is a share of a folder" in capsys.readouterr().err
    assert main(["run", str(tmp_path / "a.png"), "--shard", "1/2", "--out", str(tmp_path / "out")]) == 2
    assert "--shard: is a share of a folder" in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_every_command_that_takes_a_folder_has_shares():
    for command in WITH_FOLDERS:
        assert "shard" in {field.name for field in dataclasses.fields(load(command).Options)}


def test_the_examples_of_the_guide_are_real():
    examples = re.findall(r"^\s*(?:parallel )?mangastyle (\w+)(.*(?:\n\s+--.*)*)", GUIDE, re.MULTILINE)
    assert [command for command, _ in examples] == ["shade", "style", "sketch"]
    for command, line in examples:
        known = {flag(field.name) for field in dataclasses.fields(load(command).Options)}
        given = set(re.findall(r"--[a-z][a-z-]*", line))
        assert {"--out", "--shard"} <= given <= known
    for index in ("SLURM_ARRAY_TASK_ID + 1))/$SLURM_ARRAY_TASK_COUNT", "JOB_COMPLETION_INDEX + 1))/8"):
        assert index in GUIDE
    assert re.search(r"completions: (\d+)", GUIDE)[1] == "8" and "completionMode: Indexed" in GUIDE
