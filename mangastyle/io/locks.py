"""Folders that one process at a time works in."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Iterator

from mangastyle.errors import MangastyleError

try:
    import fcntl
except ImportError:  # Windows: nobody is kept out
    fcntl = None


@contextlib.contextmanager
def only_process(folder: str | Path) -> Iterator[None]:
    """Keep other processes that ask likewise out of a folder, meanwhile. The lock ends with the process, however that ends.

    Parameters
    ----------
    folder : str or Path
        The folder, which must exist. Where it cannot be locked, such as on some network file systems, nobody is kept out.

    Raises
    ------
    MangastyleError
        If another process is in there.

    Examples
    --------
    >>> with only_process("."):
    ...     pass
    """
    with contextlib.ExitStack() as stack:
        if fcntl:
            handle = os.open(folder, os.O_RDONLY)
            stack.callback(os.close, handle)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise MangastyleError(f"{folder}: another process is at work in this folder; wait for it, or name another `out`") from error
            except OSError:
                pass
        yield
