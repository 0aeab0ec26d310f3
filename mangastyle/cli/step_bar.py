"""A bar for the steps of one picture or task after the other."""

from __future__ import annotations

from typing import Any

from mangastyle.progress import Bar

PATIENCE = 1.0  # seconds: what is done by then needs no bar


class StepBar:
    """A progress bar for each task that reports steps, one at a time; it goes when the task is done.

    Examples
    --------
    >>> with StepBar() as bar:
    ...     for step in range(3):
    ...         bar.show("shade", step + 1, 3)
    >>> bar.bar.n
    3
    """

    def __init__(self) -> None:
        self.task, self.bar = "", Bar(disable=True)

    def __enter__(self) -> StepBar:
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def show(self, task: str, done: int, total: int) -> None:
        """So many steps of a task are done."""
        if task != self.task or done < self.bar.n:
            self.bar.close()
            self.task, self.bar = task, Bar(total=total, desc=task, unit="step", leave=False, delay=PATIENCE)
        self.bar.update(done - self.bar.n)

    def listener(self, task: str) -> Any:
        """A function of records with the fields iteration and iterations, as `progress` of a library's call."""
        return lambda record: self.show(task, record.iteration, record.iterations)
