"""Loading TensorFlow: without its start-up remarks, and with the settings that it and Keras only read while they load."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import re
import subprocess
import sys
import tempfile
import threading
import warnings
from pathlib import Path
from types import ModuleType
from typing import BinaryIO, Iterator

from mangastyle.errors import MangastyleError

LEVEL = "3"  # TF_CPP_MIN_LOG_LEVEL: nothing but fatal errors
BACKEND = "tensorflow"  # of Keras
# How lines of TensorFlow's begin.
REMARK = re.compile(rb"WARNING: All log messages before absl|[IWE]\d{4} \d\d:\d\d:|\d{4}(-\d\d){2} [\d:.]+: [IWE] |To enable the fol")
MEMORY = 3e9  # bytes of address space that TensorFlow needs
TRY_XLA = "import tensorflow as tf; tf.function(lambda: tf.zeros(()) + 1, jit_compile=True)()"  # a program

quiet = True  # the command line's --debug turns it off
_one_at_a_time = threading.RLock()


def load_tensorflow() -> None:
    """Import TensorFlow, and Keras with it as its backend, quietly and whatever the user's settings of Keras are.

    Modules get both from `mangastyle.engine`, which calls this. Commands call it themselves, once all cheap checks are done. What the
    user's own program has loaded already stays as it is.

    Raises
    ------
    MangastyleError
        If the user's program has loaded Keras with another backend, or if a setting keeps Keras or TensorFlow from working.
    """
    if "tensorflow" not in sys.modules:
        enable_onednn()
        _refuse_deadly_settings()
        _refuse_deadly_limits()
    try:
        import_silently("tensorflow")
        keras = import_silently("keras")
    except (AssertionError, AttributeError, OSError, TypeError, ValueError) as error:  # what Keras raises for its file of settings
        names = "".join(f", {name}" for name in sorted(os.environ) if name.startswith("KERAS_"))
        reason = " ".join(str(error).split()) or "a value is none of Keras' own"
        raise MangastyleError(f"{keras_home() / 'keras.json'}{names}: Keras cannot load with this ({reason}); mend or remove it") from error
    if (backend := keras.config.backend()) != BACKEND:
        cure = f"set KERAS_BACKEND={BACKEND} in the environment, or load mangastyle's networks before Keras"
        raise MangastyleError(f"Keras is loaded with the backend {backend!r}, and mangastyle needs {BACKEND!r}; {cure}")


def _refuse_deadly_settings() -> None:
    """`MangastyleError` for settings over which TensorFlow would end the process."""
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        if not re.fullmatch(r"\s*[0-9]{0,4}\s*", value := os.environ.get(name, "")):
            raise MangastyleError(f"{name}: must be a whole number from 0 to 9999, not {value!r}; mend or unset it")
    for name in ("TF_DETERMINISTIC_OPS", "TF_CUDNN_DETERMINISTIC"):
        if (value := os.environ.get(name, "0")).lower() not in ("0", "1", "false", "true"):
            raise MangastyleError(f"{name}: must be 0 or 1, not {value!r}; mend or unset it")
    if flags := [name for name in ("TF_XLA_FLAGS", "XLA_FLAGS") if os.environ.get(name)]:  # which only XLA itself can check
        tried = subprocess.run([sys.executable, "-c", TRY_XLA], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
        if tried.returncode:
            reason = re.search("Unknown flag.*", tried.stderr)
            raise MangastyleError(f"{', '.join(flags)}: TensorFlow ends with this ({reason[0] if reason else 'no reason given'}); unset it")


def _refuse_deadly_limits() -> None:
    """`MangastyleError` for limits of the process under which TensorFlow would end it."""
    refuse_low_memory(MEMORY, "TensorFlow")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    end, started = threading.Event(), []
    try:
        for _ in range(2 * cores + 4):  # about as many as TensorFlow will
            started.append(threading.Thread(target=end.wait, daemon=True))
            started[-1].start()
    except RuntimeError:
        started.pop()
        raise MangastyleError(
            "TensorFlow could not start its threads; raise the limit of processes (ulimit -u, or a container's)"
        ) from None
    finally:
        end.set()
        for thread in started:
            thread.join()


def refuse_low_memory(needed: float, what: str) -> None:
    """Check the process's limit of memory, before libraries meet it, which would end the process or say nothing of the limit.

    Parameters
    ----------
    needed : float
        Bytes of address space.
    what : str
        What needs them.

    Raises
    ------
    MangastyleError
        If the limit is lower.

    Examples
    --------
    >>> refuse_low_memory(0, "nothing")
    """
    with contextlib.suppress(ImportError):  # Windows
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit != resource.RLIM_INFINITY and limit < needed:
            allowed = f"this process may take {limit / 1e9:.1f} GB of memory (ulimit -v)"
            raise MangastyleError(f"{allowed}, and {what} needs {needed / 1e9:.1f}; raise the limit")


def keras_home() -> Path:
    """Keras' own folder: KERAS_HOME, or ~/.keras if that is not set; "~" stays where nobody knows the user's home.

    Examples
    --------
    >>> keras_home().name == (".keras" if "KERAS_HOME" not in os.environ else keras_home().name)
    True
    """
    return Path(os.path.expanduser(os.environ.get("KERAS_HOME") or "~/.keras"))


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
        return set(Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split())
    except OSError:
        return set()


def import_silently(module: str) -> ModuleType:
    """Import a package that may load TensorFlow or Matplotlib, without their remarks.

    Keras, if it comes along, computes by TensorFlow; Matplotlib, which Keras loads, does without a backend that does not exist.

    No setting stops all remarks: some are written by C++ libraries before they have read any. So the process's stderr goes to a
    temporary file meanwhile, which is shown if the import fails.
    Nothing is hidden with `quiet` off, nor with TF_CPP_MIN_LOG_LEVEL set in the environment to anything but 3.

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
    if module in sys.modules:
        return importlib.import_module(module)  # which waits if another thread is still at it
    with _one_at_a_time:
        if not os.environ.get("TF_CPP_MIN_LOG_LEVEL", "").isdigit():
            os.environ["TF_CPP_MIN_LOG_LEVEL"] = LEVEL
        hidden = quiet and os.environ["TF_CPP_MIN_LOG_LEVEL"] == LEVEL
        aside = _stderr_aside() if hidden else contextlib.nullcontext()
        with warnings.catch_warnings(), _environment("KERAS_BACKEND", BACKEND), _matplotlib_without_remarks(), aside:
            warnings.simplefilter("ignore" if hidden else "default")  # other packages' warnings are no errors, even with -W error
            return importlib.import_module(module)


@contextlib.contextmanager
def _environment(name: str, value: str | None) -> Iterator[None]:
    """An environment variable has another value, or none, for a while."""
    before = os.environ.pop(name, None)
    if value is not None:
        os.environ[name] = value
    try:
        yield
    finally:
        os.environ.pop(name, None)
        if before is not None:
            os.environ[name] = before


@contextlib.contextmanager
def _matplotlib_without_remarks() -> Iterator[None]:
    """Matplotlib, if it loads, says nothing of folders and settings, and a wrong MPLBACKEND is as none."""
    logger, wanted, loaded = logging.getLogger("matplotlib"), os.environ.get("MPLBACKEND"), "matplotlib" in sys.modules
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with _environment("MPLBACKEND", None):
            yield
        if wanted and not loaded and "matplotlib" in sys.modules:
            with contextlib.suppress(ValueError):
                sys.modules["matplotlib"].rcParams["backend"] = wanted
    finally:
        logger.setLevel(level)


@contextlib.contextmanager
def _stderr_aside() -> Iterator[None]:
    """What is written to stderr, by C libraries too, is shown only if it may say why an import fails.

    Where other threads run, which may write there too, all but TensorFlow's own lines are shown.
    """
    try:
        stderr = os.dup(2)
    except OSError:  # it is closed: nobody would see the remarks
        yield
        return
    try:
        if sys.stderr:
            sys.stderr.flush()
        with _temporary_file() as remarks:
            os.dup2(remarks.fileno(), 2)
            try:
                yield
            except ImportError:
                remarks.seek(0)
                os.write(stderr, remarks.read())
                raise
            finally:
                os.dup2(stderr, 2)
            if threading.active_count() > 1:
                remarks.seek(0)
                os.write(stderr, b"".join(line for line in remarks if not REMARK.match(line)))
    finally:
        os.close(stderr)


def _temporary_file() -> BinaryIO:
    try:
        return tempfile.TemporaryFile()
    except OSError:  # no folder for temporary files: what is written is lost
        return open(os.devnull, "w+b")
