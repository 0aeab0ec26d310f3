"""`mangastyle app` itself, in a process of its own, for tests that kill it."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

TOKEN = "a-secret-of-the-tests"
PATIENCE = 60.0  # seconds in which it must have started


class RealServer:
    """The server on a data folder; it keeps its port and its token when it is started again."""

    def __init__(self, data: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.data, self.origin = data, f"http://127.0.0.1:{self.port}/"
        self.address = f"{self.origin}#token={TOKEN}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = ["--no-browser", "--port", str(self.port), "--token", TOKEN, "--data", str(self.data)]
        self._process = subprocess.Popen([sys.executable, "-m", "mangastyle", "app", *options], stdout=subprocess.DEVNULL)
        end = time.monotonic() + PATIENCE
        while self._process.poll() is None and time.monotonic() < end:
            with socket.socket() as knock:
                if not knock.connect_ex(("127.0.0.1", self.port)):
                    return
            time.sleep(0.05)
        raise AssertionError(f"the server did not start; exit code {self._process.poll()}")

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process:
            self._process.kill()
            self._process.wait()
