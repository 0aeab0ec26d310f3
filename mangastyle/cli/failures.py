"""Failures of the machine, not of the program, in one line: the disk, the memory, its limits."""

from __future__ import annotations

import errno
import os
import re
import sys

from mangastyle.errors import MangastyleError

NO_MEMORY = "not enough memory for this size; choose a smaller `size`, or smaller pictures"
NO_THREAD = "cannot start another thread; raise the limit of processes (ulimit -u)"
# What TensorFlow reports of the disk has the system's words for one of these.
DISK = tuple(
    getattr(errno, name)
    for name in (
        "EACCES", "EDQUOT", "EFBIG", "EIO", "EISDIR", "EMFILE", "ENAMETOOLONG", "ENFILE", "ENOENT", "ENOSPC", "ENOTDIR", "EPERM",
        "EROFS", "ESTALE",
    )
    if hasattr(errno, name)
)  # fmt: skip


def in_one_line(error: Exception) -> str | None:
    """What the user is told of an exception.

    Parameters
    ----------
    error : Exception
        Anything that a command raised.

    Returns
    -------
    str or None
        One line, with arguments in backticks; None for a fault of the program.

    Examples
    --------
    >>> in_one_line(MemoryError()) == NO_MEMORY
    True
    >>> in_one_line(OSError(errno.ENOSPC, "No space left on device", "a.png"))
    'a.png: No space left on device'
    >>> in_one_line(ZeroDivisionError()) is None
    True
    """
    if isinstance(error, MangastyleError):
        return str(error)
    if isinstance(error, FileNotFoundError) and error.filename is None:  # of os.getcwd
        return "the working folder is no longer there; change to another one"
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)
    if isinstance(error, MemoryError) or _is_opencvs_memory(error):
        return NO_MEMORY
    if isinstance(error, RuntimeError) and "can't start new thread" in str(error):
        return NO_THREAD
    if isinstance(error, UnicodeError) and sys.getfilesystemencoding() != "utf-8":
        return f"this locale has no letters for a file's name ({error}); set PYTHONUTF8=1 in the environment"
    return _of_tensorflow(error)


def _is_opencvs_memory(error: Exception) -> bool:
    opencv = sys.modules.get("cv2")
    return opencv is not None and isinstance(error, opencv.error) and getattr(error, "code", 0) == opencv.Error.StsNoMem


def _of_tensorflow(error: Exception) -> str | None:
    tensorflow = sys.modules.get("tensorflow")  # not loaded for this alone
    errors = getattr(tensorflow, "errors", None)
    if errors is None or not isinstance(error, errors.OpError):
        return None
    message = getattr(error, "message", "")
    if any(os.strerror(number) in message for number in DISK):
        return re.sub(r"\{\{.*?\}\} | \[Op:\w+\]", "", message).replace("; ", ": ")
    return NO_MEMORY if isinstance(error, errors.ResourceExhaustedError) else None
