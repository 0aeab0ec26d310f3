"""How often something may happen."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Callable


class Rate:
    """At most so many times in each second.

    Examples
    --------
    >>> now = [0.0]
    >>> rate = Rate(2, lambda: now[0])
    >>> [rate.allows() for _ in range(3)]
    [True, True, False]
    >>> now[0] = 1.5
    >>> rate.allows()
    True
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._times: deque[float] = deque(maxlen=most)

    def allows(self) -> bool:
        """Whether it may happen now; if so, it counts."""
        with self._lock:
            now = self._clock()
            if len(self._times) == self._times.maxlen and now - self._times[0] < 1:
                return False
            self._times.append(now)
            return True
