"""Signals that end a command: SIGTERM, and SIGHUP of a terminal that closes, clean up as Ctrl-C does."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from types import FrameType
from typing import Any, Iterator

AGAIN = 0.05  # seconds after which a signal whose exception was lost comes again


class Stopped(KeyboardInterrupt):
    """A signal has arrived; what is half done is removed on the way out.

    Parameters
    ----------
    number : int
        The signal's number.

    Attributes
    ----------
    number : int
        The parameter.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


@contextlib.contextmanager
def stopping() -> Iterator[None]:
    """Within it, Ctrl-C, SIGTERM and SIGHUP raise `Stopped`; what is ignored, as by nohup, or handled otherwise stays so.

    Examples
    --------
    >>> try:  # doctest itself would end with an interrupt
    ...     with stopping():
    ...         signal.raise_signal(signal.SIGTERM)
    ... except Stopped as signaled:
    ...     print(signaled)
    SIGTERM
    """
    if threading.current_thread() is not threading.main_thread():  # others cannot have handlers
        yield
        return
    arrived: set[int] = set()
    report = sys.unraisablehook

    def stop(number: int, frame: FrameType | None) -> None:
        if arrived and number != signal.SIGINT:
            return  # cleaning up is not interrupted, but by an impatient Ctrl-C
        arrived.add(number)
        raise Stopped(number)

    def come_again(lost: Any) -> None:
        """Where Python drops exceptions, as in the callbacks of an import, the signal comes again a moment later."""
        if not isinstance(lost.exc_value, Stopped):
            return report(lost)
        arrived.clear()
        threading.Timer(AGAIN, signal.raise_signal, [lost.exc_value.number]).start()

    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    defaults = (signal.SIG_DFL, signal.default_int_handler)
    before = {number: signal.signal(number, stop) for number in numbers if signal.getsignal(number) in defaults}
    sys.unraisablehook = come_again
    try:
        yield
    finally:
        sys.unraisablehook = report
        for number, handler in before.items():
            signal.signal(number, handler)
