"""Loading what loads TensorFlow, without its start-up remarks."""

from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType


def load(module: str) -> ModuleType:
    """Import a module without TensorFlow's start-up remarks.

    No setting stops all of them: some are written by its C++ libraries before they have read any. So stderr itself
    points nowhere meanwhile. An import that fails still raises, with its reason.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # for the remarks that come later
    sys.stderr.flush()
    stderr, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        return importlib.import_module(module)
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nowhere)
