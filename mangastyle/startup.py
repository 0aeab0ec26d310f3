"""Loading TensorFlow: without its start-up remarks, and with the settings that it only reads while it loads."""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from pathlib import Path
from types import ModuleType

LEVEL = "3"  # TF_CPP_MIN_LOG_LEVEL: nothing but fatal errors

quiet = True  # the command line's --debug turns it off


def load_tensorflow() -> None:
    """Import TensorFlow quietly; whatever imports it afterwards is quiet too.

    Commands call it once all cheap checks are done.
    """
    enable_onednn()
    import_silently("tensorflow")


def enable_onednn() -> None:
    """Let TensorFlow, when it loads, compute by oneDNN if the processor has AVX2; by itself it does with AVX512 alone.

    Training then takes half the time and everything else less too, see benchmarks/onednn.py. TF_ENABLE_ONEDNN_OPTS=0 in the environment
    forbids it.
    """
    if "avx2" in processor_flags():
        os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


def processor_flags() -> set[str]:
    """What the processor can do, such as "avx2" and "avx512_bf16", by Linux' names; empty on other systems.

    Examples
    --------
    >>> "avx2" in processor_flags()  # doctest: +SKIP
    True
    """
    try:
        return set(Path("/proc/cpuinfo").read_text().split())
    except OSError:
        return set()


def import_silently(module: str) -> ModuleType:
    """Import a module without TensorFlow's start-up remarks.

    No setting stops all of them: some are written by C++ libraries before they have read any. So the process's stderr goes to a
    temporary file meanwhile, which is shown if the import fails. Nothing is hidden with `quiet` off, nor with TF_CPP_MIN_LOG_LEVEL
    set in the environment to anything but 3.

    Parameters
    ----------
    module : str
        The full name of the module.

    Returns
    -------
    module
        The module.

    Raises
    ------
    ImportError
        As an import statement does.

    Examples
    --------
    >>> import_silently("json").dumps([1])
    '[1]'
    """
    if not quiet or os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", LEVEL) != LEVEL:
        return importlib.import_module(module)
    sys.stderr.flush()
    with tempfile.TemporaryFile() as remarks:
        stderr = os.dup(2)
        os.dup2(remarks.fileno(), 2)
        try:
            return importlib.import_module(module)
        except BaseException:
            remarks.seek(0)
            os.write(stderr, remarks.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
