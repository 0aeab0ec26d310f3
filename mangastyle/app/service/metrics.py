"""What the service counts, for Prometheus."""

from __future__ import annotations

import platform
from typing import Callable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector
from prometheus_client.exposition import choose_encoder

from mangastyle import __version__

BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0)  # upper bounds, in seconds
SERVED = 200


class Metrics:
    """What is counted of requests.

    Parameters
    ----------
    addresses : sequence of str
        Others are counted together.

    Examples
    --------
    >>> metrics = Metrics(["/shade"])
    >>> metrics.answered("/shade", 200, 0.3)
    >>> [line for line in metrics.text("")[0].splitlines() if line.startswith("mangastyle_requests_total")]
    ['mangastyle_requests_total{address="/shade",status="200"} 1.0']
    """

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses, self._registry = addresses, CollectorRegistry()
        to = {"registry": self._registry, "namespace": "mangastyle"}
        self._requests = Counter("requests", "Requests by address and status.", ["address", "status"], **to)
        self._megapixels = Counter("megapixels", "Megapixels of the pictures that were done.", ["address"], **to)
        self._seconds = Histogram(
            "request_seconds", "Seconds from a request to its answer, of those that were served.", ["address"], buckets=BUCKETS, **to
        )
        Info("build", "Versions of mangastyle and of Python.", **to).info({"version": __version__, "python": platform.python_version()})
        ProcessCollector(registry=self._registry)

    def answered(self, path: str, status: int, seconds: float) -> None:
        """Count a request; its duration, if it was served."""
        address = path if path in self._addresses else "other"
        self._requests.labels(address, status).inc()
        if status == SERVED and path in self._addresses:
            self._seconds.labels(address).observe(seconds)

    def worked(self, address: str, megapixels: float) -> None:
        """Count a picture that was done."""
        self._megapixels.labels(address).inc(megapixels)

    def watch(self, name: str, help: str, value: Callable[[], float]) -> None:
        """Tell a value with the metrics, as it is then."""
        Gauge(name, help, namespace="mangastyle", registry=self._registry).set_function(value)

    def watch_state(self, name: str, help: str, states: Sequence[str], state: Callable[[], str]) -> None:
        """Tell with the metrics in which of several states something is: 1 for it, 0 for the others."""
        gauge = Gauge(name, help, ["state"], namespace="mangastyle", registry=self._registry)
        for one in states:
            gauge.labels(one).set_function(lambda one=one: float(state() == one))

    def text(self, accept: str) -> tuple[str, str]:
        """All metrics, and their media type: in the format that the header `accept` asks for."""
        encode, media_type = choose_encoder(accept)
        return encode(self._registry).decode(), media_type
