"""TensorFlow and Keras for all modules: loaded by `startup`, and Keras' global settings set aside while our networks are built.

Modules write ``from mangastyle.engine import keras, tf``. Whichever is imported first, loading is quiet and Keras' backend is TensorFlow.
"""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path
from typing import Any

from mangastyle import startup
from mangastyle.errors import MangastyleError

startup.load_tensorflow()

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402

__all__ = ["default_settings", "keras", "path_for_tensorflow", "tf"]

_one_at_a_time = threading.RLock()  # most of Keras' settings are the process's, not the thread's
_config = keras.config
_SETTINGS: tuple[tuple[Any, Any, Any], ...] = (  # how each is read, how it is set, and our value
    (_config.dtype_policy, _config.set_dtype_policy, "float32"),
    (_config.floatx, _config.set_floatx, "float32"),
    (_config.epsilon, _config.set_epsilon, 1e-7),
    (_config.image_data_format, _config.set_image_data_format, "channels_last"),
)


class default_settings(contextlib.ContextDecorator):
    """Within it, as a decorator or a context, Keras' global settings are Keras' defaults; then they are the user's again.

    Whatever makes or traces layers and optimizers does so within it: what a user has set for other networks, by keras.json or by
    `keras.config`, decides nothing here.

    Examples
    --------
    >>> before = keras.config.image_data_format()
    >>> keras.config.set_image_data_format("channels_first")
    >>> with default_settings():
    ...     keras.config.image_data_format()
    'channels_last'
    >>> keras.config.image_data_format()
    'channels_first'
    >>> keras.config.set_image_data_format(before)
    """

    def _recreate_cm(self) -> default_settings:
        return default_settings()  # each call of a decorated function has its own

    def __enter__(self) -> default_settings:
        _one_at_a_time.acquire()
        self._before = [read() for read, _, _ in _SETTINGS]
        for _, write, value in _SETTINGS:
            write(value)
        return self

    def __exit__(self, *error: Any) -> None:
        for (_, write, _), value in zip(_SETTINGS, self._before):
            write(value)
        _one_at_a_time.release()


def path_for_tensorflow(path: str | Path) -> str:
    """A file's name as TensorFlow takes it: as UTF-8, whatever the locale's encoding is.

    Parameters
    ----------
    path : str or Path
        The name.

    Returns
    -------
    str
        The same file's name for TensorFlow.

    Raises
    ------
    MangastyleError
        If the name is not UTF-8.

    Examples
    --------
    >>> path_for_tensorflow(Path("out") / "model").replace(os.sep, "/")
    'out/model'
    """
    try:
        return os.fsencode(path).decode("utf-8")
    except UnicodeDecodeError:
        raise MangastyleError(f"{path}: TensorFlow takes names in UTF-8 alone; choose another `out`") from None
