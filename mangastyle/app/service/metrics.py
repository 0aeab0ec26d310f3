"""What the service counts, in the text format of Prometheus, version 0.0.4."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from pathlib import Path
from typing import Any, Mapping, NamedTuple

MEDIA_TYPE = "text/plain; version=0.0.4"
BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0)  # upper bounds, in seconds
SERVED = 200
INFINITY = "+Inf"

Labels = tuple[tuple[str, Any], ...]


class Family(NamedTuple):
    """A metric: its name, its type, what it says, and its values by labels."""

    name: str
    kind: str
    help: str
    values: Mapping[Labels, float]

    def lines(self) -> list[str]:
        """Its lines.

        Examples
        --------
        >>> Family("queue", "gauge", "Requests that wait.", {(): 2, (("a", 'x"y'),): 0.5}).lines()
        ['# HELP queue Requests that wait.', '# TYPE queue gauge', 'queue 2', 'queue{a="x\\\\"y"} 0.5']
        """
        return [f"# HELP {self.name} {self.help}", f"# TYPE {self.name} {self.kind}", *(sample(self.name, *x) for x in self.values.items())]


class Histogram:
    """How many durations lie below each bound."""

    def __init__(self) -> None:
        self._counts = dict.fromkeys(BUCKETS, 0)
        self._sum, self._count = 0.0, 0

    def observe(self, seconds: float) -> None:
        """Count a duration."""
        for bound in BUCKETS:
            self._counts[bound] += seconds <= bound
        self._sum, self._count = self._sum + seconds, self._count + 1

    def lines(self, name: str, labels: Labels) -> list[str]:
        """Its lines, without those about the metric."""
        buckets = [(f"{bound:g}", count) for bound, count in self._counts.items()]
        return [
            *(sample(f"{name}_bucket", (*labels, ("le", bound)), count) for bound, count in [*buckets, (INFINITY, self._count)]),
            sample(f"{name}_sum", labels, self._sum),
            sample(f"{name}_count", labels, self._count),
        ]


class Metrics:
    """What is counted of requests. Calls come from one event loop.

    Parameters
    ----------
    addresses : sequence of str
        Others are counted together.

    Examples
    --------
    >>> metrics = Metrics(["/shade"])
    >>> metrics.answered("/shade", 200, 0.3)
    >>> [line for line in metrics.text([]).splitlines() if line.startswith("mangastyle_requests_total")]
    ['mangastyle_requests_total{address="/shade",status="200"} 1']
    """

    def __init__(self, addresses: list[str]) -> None:
        self._addresses = addresses
        self._requests: defaultdict[Labels, float] = defaultdict(float)
        self._megapixels: defaultdict[Labels, float] = defaultdict(float)
        self._seconds = {address: Histogram() for address in addresses}

    def answered(self, path: str, status: int, seconds: float) -> None:
        """Count a request; its duration, if it was served."""
        address = path if path in self._addresses else "other"
        self._requests[("address", address), ("status", status)] += 1
        if status == SERVED and address in self._seconds:
            self._seconds[address].observe(seconds)

    def worked(self, address: str, megapixels: float) -> None:
        """Count a picture that was done."""
        self._megapixels[(("address", address),)] += megapixels

    def text(self, others: list[Family]) -> str:
        """All metrics, with some that are known elsewhere."""
        seconds = "mangastyle_request_seconds"
        families = [
            Family("mangastyle_requests_total", "counter", "Requests by address and status.", self._requests),
            Family("mangastyle_megapixels_total", "counter", "Megapixels of the pictures that were done.", self._megapixels),
            *others,
            *process_families(),
        ]
        lines = [line for family in families for line in family.lines()]
        lines += Family(seconds, "histogram", "Seconds from a request to its answer, of those that were served.", {}).lines()
        lines += [line for address, one in self._seconds.items() for line in one.lines(seconds, (("address", address),))]
        return "\n".join(lines) + "\n"


def sample(name: str, labels: Labels, value: float) -> str:
    """One line."""
    texts = (str(text).replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n") for _, text in labels)
    inner = ",".join(f'{key}="{text}"' for (key, _), text in zip(labels, texts))
    return f"{name}{{{inner}}} {value:.12g}" if labels else f"{name} {value:.12g}"


def process_families() -> list[Family]:
    """The time and the memory of this process; the memory where the system tells it as Linux does."""
    found = [Family("process_cpu_seconds_total", "counter", "Seconds of processors that were used.", {(): time.process_time()})]
    if (resident := resident_bytes()) is not None:
        found.append(Family("process_resident_memory_bytes", "gauge", "Memory in use.", {(): resident}))
    return found


def resident_bytes() -> int | None:
    """The memory in use by this process, in bytes; None where the system does not tell."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return None
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
