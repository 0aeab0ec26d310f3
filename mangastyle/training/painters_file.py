"""Learning into a file of painters: each has a run folder until it is learned, so that what was interrupted goes on. No TensorFlow."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Callable, Mapping, NamedTuple, Sequence

from mangastyle.io import images
from mangastyle.io.files import read_json
from mangastyle.style.learned import painters
from mangastyle.style.learned.painters import Painter
from mangastyle.training.run_folder import CONFIG, RunFolder


class Lesson(NamedTuple):
    """The learning of one painting.

    Attributes
    ----------
    folder : Path
        Its run folder.
    config : dict
        What config.json in it is to hold.
    decisive : sequence of str
        Names in `config`: an interrupted learning goes on if these are as they were.

    Examples
    --------
    >>> Lesson(Path("no such folder"), {"seed": 0}, ["seed"]).can_resume
    False
    """

    folder: Path
    config: Mapping[str, Any]
    decisive: Sequence[str]

    @property
    def has_begun(self) -> bool:
        """Whether there is an interrupted learning in the folder, of whatever options."""
        return (self.folder / CONFIG).exists()

    @property
    def can_resume(self) -> bool:
        """Whether there is one of these options; `steps` may have been decided since."""
        stored = read_json(self.folder / CONFIG) if self.has_begun else {}
        names = [name for name in self.decisive if name != "steps"]
        return self.has_begun and isinstance(stored, dict) and all(stored.get(name) == self.config[name] for name in names)

    def learn(
        self, path: Path, train: Callable[[RunFolder], tuple[Painter, str]], before: Sequence[Painter] = (), *,
        resume: bool, force: bool, unfinished: bool = False, samples: Path | None = None, provenance: Mapping[str, Any],
    ) -> tuple[Painter, str]:  # fmt: skip
        """Learn, and write the painter into a file; what was interrupted stays in the run folder.

        Parameters
        ----------
        path : Path
            The file; one that exists is replaced.
        train : callable
            See `painter.train`, for a run folder.
        before : sequence of Painter
            What the file holds beside the new painter, before it.
        resume, force : bool
            As for `RunFolder`.
        unfinished : bool
            Whether a painter whose learning was interrupted is written, too.
        samples : Path, optional
            A picture file that gets the last samples, once all is learned.
        provenance : mapping
            As for `painters.write`.

        Returns
        -------
        painter : Painter
        stopped_by : str
            "" if it is learned, else the signal.

        Raises
        ------
        MangastyleError
            As `RunFolder`, `painter.train` and `painters.write` do.
        """
        learned, stopped_by = train(RunFolder(self.folder, resume, force, dict(self.config)))
        if unfinished or not stopped_by:
            painters.write(path, [*before, learned], provenance)
        if not stopped_by:
            if samples is not None:
                images.save(samples, images.load(sorted((self.folder / "samples").iterdir())[-1]).rgb, force=True)
            shutil.rmtree(self.folder, ignore_errors=True)
        return learned, stopped_by
