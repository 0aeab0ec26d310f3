"""Learning into a file of painters: what is written when, what goes on, what is removed; with learning that learns nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.style.learned import painters
from mangastyle.style.learned.painters import Painter
from mangastyle.style.onepass.settings import OnePassSpec
from mangastyle.training.painters_file import Lesson
from mangastyle.training.run_folder import RunFolder

CONFIG = {"command": "learn", "seed": 3, "steps": 0, "out": "p.h5"}


def painter(level: int) -> Painter:
    painting = np.full((40, 48, 3), level, np.uint8)
    return Painter(painters.digest(painting), painting, OnePassSpec(), {"kernel": np.full((2, 2), level, np.float32)})


@pytest.fixture
def lesson(tmp_path) -> Lesson:
    return Lesson(tmp_path / "p-0", CONFIG, ["seed", "steps"])


def train(run: RunFolder, stopped_by: str = "") -> tuple[Painter, str]:
    """A learning that leaves samples and its config in the run folder."""
    run.prepare()
    run.config["steps"] = 77  # decided meanwhile
    run.write_config()
    run.release()
    for step in (1, 2):
        images.save(run.path / "samples" / f"step-{step}.png", np.full((8, 8, 3), step, np.uint8), force=True)
    return painter(7), stopped_by


def learn(lesson: Lesson, path: Path, stopped_by: str = "", **given) -> tuple[Painter, str]:
    options = {"resume": False, "force": False, "provenance": {"seed": 3}, **given}
    return lesson.learn(path, lambda run: train(run, stopped_by), **options)


def test_what_is_learned_is_written_after_the_others_and_the_run_is_removed(lesson, tmp_path):
    own, stopped_by = learn(lesson, tmp_path / "p.h5", before=[painter(5)], samples=tmp_path / "p-0.png")
    assert stopped_by == "" and own.digest == painter(7).digest and CONFIG["steps"] == 0
    assert [other.digest for other in painters.read(tmp_path / "p.h5")] == [painter(5).digest, painter(7).digest]
    assert (images.load(tmp_path / "p-0.png").rgb == 2).all()  # the last samples
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p-0.png", "p.h5"]


@pytest.mark.parametrize("unfinished", [False, True])
def test_what_is_interrupted_stays_to_go_on(lesson, tmp_path, unfinished):
    assert not lesson.has_begun and not lesson.can_resume
    assert learn(lesson, tmp_path / "p.h5", "SIGTERM", unfinished=unfinished, samples=tmp_path / "p-0.png")[1] == "SIGTERM"
    assert (tmp_path / "p.h5").exists() is unfinished and not (tmp_path / "p-0.png").exists()
    assert lesson.has_begun and lesson.can_resume
    assert json.loads((lesson.folder / "config.json").read_text()) == {**CONFIG, "steps": 77}
    with pytest.raises(MangastyleError, match="`resume`"):
        learn(lesson, tmp_path / "p.h5")
    assert learn(lesson, tmp_path / "p.h5", resume=True)[1] == "" and not lesson.folder.exists()


def test_another_learning_does_not_go_on(lesson, tmp_path):
    learn(lesson, tmp_path / "p.h5", "Ctrl-C")
    assert lesson._replace(config={**CONFIG, "out": "q.h5"}).can_resume  # which decides nothing
    other = lesson._replace(config={**CONFIG, "seed": 4})
    assert other.has_begun and not other.can_resume
    (lesson.folder / "config.json").write_text("[]")
    assert not lesson.can_resume
