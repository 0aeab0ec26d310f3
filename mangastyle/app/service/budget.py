"""How many bytes of bodies may be in memory together, whoever sends them."""

from __future__ import annotations

import contextlib
from typing import Callable, Iterator

from starlette.requests import Request

from mangastyle.app import protocol
from mangastyle.app.refusals import Refusal

MOST = 512 * 2**20


class Budget:
    """Bytes that requests hold. Calls come from one event loop.

    Parameters
    ----------
    retry_after : callable
        Seconds after which a refused request may come again.
    most : int
        Of all requests together.

    Examples
    --------
    >>> budget = Budget(lambda: 1, most=10)
    >>> with budget.holding(8):
    ...     budget.held
    8
    >>> with budget.holding(11):
    ...     pass
    Traceback (most recent call last):
    mangastyle.app.refusals.Refusal: too much is being sent at once; come back later
    """

    def __init__(self, retry_after: Callable[[], int], most: int = MOST) -> None:
        self.most, self.held, self._retry_after = most, 0, retry_after

    @contextlib.contextmanager
    def holding(self, size: int) -> Iterator[None]:
        """Within it, so many bytes are taken; `Refusal` 429 if there are not so many left."""
        if self.held + size > self.most:
            raise Refusal(429, "too much is being sent at once; come back later", {"Retry-After": str(self._retry_after())})
        self.held += size
        try:
            yield
        finally:
            self.held -= size


def declared_size(request: Request) -> int:
    """The size that a request says it has; the largest one that is read, if it says none."""
    given = request.headers.get("content-length", "")
    return min(int(given), protocol.MOST_PICTURE) if given.isdecimal() else protocol.MOST_PICTURE
