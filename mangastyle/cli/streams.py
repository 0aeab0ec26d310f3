"""The standard streams of a command: closed ones, as a daemon has them, and ones whose disk is full, stop no work."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from typing import Any, Iterator

# Characters by which a terminal is controlled, or text turned around. File names may hold them.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
MOVES = re.compile("(\n|\r|\x1b\\[A)*")  # of progress bars


@contextlib.contextmanager
def standard_streams() -> Iterator[Output]:
    """The standard streams, made usable: yields stdout.

    Those that are closed become the null device. The others escape what they cannot encode (file names need not be valid text) and
    control characters, and a disk that is full under them costs only what would be printed.

    Examples
    --------
    >>> with standard_streams() as out:
    ...     print("a line")
    a line
    >>> out.finish() is None
    True
    """
    _open_missing()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):  # a notebook's streams cannot, and need not
            stream.reconfigure(errors="backslashreplace")  # type: ignore
    out, remarks = Output(sys.stdout), Remarks(sys.stderr)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(remarks):  # type: ignore
        yield out


def _open_missing() -> None:
    """No file that is opened later gets the number of a closed stream, and with it what is written there."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free, which is this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w", encoding="utf-8"))


class _Stream:
    """A stream that shows control characters escaped and delegates everything but its failures."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.failure: OSError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        shown = text if MOVES.fullmatch(text) else CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)
        with self._noted():
            self._stream.write(shown)
        return len(text)

    def flush(self) -> None:
        with self._noted():
            self._stream.flush()

    @contextlib.contextmanager
    def _noted(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.failure = self.failure or error
            self._meet(error)

    def _meet(self, error: OSError) -> None:
        pass


class Remarks(_Stream):
    """stderr: what cannot be written is lost."""


class Output(_Stream):
    """stdout: a failure is told at the end; only a pipe that nobody reads any more stops the work."""

    def _meet(self, error: OSError) -> None:
        if isinstance(error, BrokenPipeError):
            raise error

    def finish(self) -> OSError | None:
        """Write what is left, and return the first failure, if there was one; Python finds nothing more to write when it ends."""
        with contextlib.suppress(BrokenPipeError):
            self.flush()
        if self.failure:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
        return self.failure
