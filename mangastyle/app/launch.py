"""Starting the server: a free port, the address with its token, the browser; and its end at a signal."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import secrets
import socket
import threading
import webbrowser
from pathlib import Path
from typing import Callable

import uvicorn

from mangastyle.app import protocol
from mangastyle.app.models import Models
from mangastyle.app.security import is_loopback
from mangastyle.app.server import create_app
from mangastyle.app.storage import Disk, data_folder
from mangastyle.app.studio import Studio
from mangastyle.errors import MangastyleError
from mangastyle.io.files import missing

TRIES = 50  # ports, from the first
TAKEN = (errno.EADDRINUSE, errno.EACCES)  # of one port; anything else is of the host
LEAST_TOKEN = 8  # characters
CONNECTIONS = 128  # at once
KEEP = 10.0  # gigabytes of drawings
LAST_SECONDS = 1  # for answers under way, when the server ends


def bind(host: str, port: int) -> socket.socket:
    """A socket at a port, or, for port 0, at the protocol's or the next free one.

    Raises
    ------
    MangastyleError
        If the port is taken, or the host is none of this machine's.
    """
    for number in [port] if port else range(protocol.PORT, protocol.PORT + TRIES):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        found = socket.socket(family, socket.SOCK_STREAM)
        try:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind((host.strip("[]"), number))
            found.listen(CONNECTIONS)  # only now it is known whether another server has it
            return found
        except (OSError, UnicodeError) as error:  # the second of a name that can be none of a host
            found.close()
            reason = getattr(error, "strerror", None) or error
            if getattr(error, "errno", None) not in TAKEN:
                break
    if port:
        raise MangastyleError(f"`port`: {port} cannot be used at {host} ({reason}); give another one, or none")
    raise MangastyleError(f"`host`: no port from {protocol.PORT} on can be used at {host} ({reason})")


def choose_token(host: str, token: str) -> str:
    """The token given, or a new one; `MangastyleError` if one must be given and is not, or if it is too short.

    Examples
    --------
    >>> len(choose_token("127.0.0.1", "")) >= 32
    True
    >>> choose_token("0.0.0.0", "")
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: `token`: 0.0.0.0 can be reached from other machines; give a secret of your own
    """
    if token and (len(token) < LEAST_TOKEN or not token.isascii() or not token.isprintable() or " " in token):
        raise MangastyleError(f"`token`: must have at least {LEAST_TOKEN} letters, digits or signs, without spaces")
    if not token and not is_loopback(host):
        raise MangastyleError(f"`token`: {host} can be reached from other machines; give a secret of your own")
    return token or secrets.token_urlsafe(32)


class Server(uvicorn.Server):
    """A server that says when it has begun, and ends its streams as soon as it is told to end."""

    def __init__(self, config: uvicorn.Config, begun: Callable[[], None], ending: Callable[[], None]) -> None:
        super().__init__(config)
        self._begun, self._ending = begun, ending

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            self._begun()

    async def on_tick(self, counter: int) -> bool:
        if ended := await super().on_tick(counter):
            self._ending()
        return ended


def serve(
    inputs: str = "", *, host: str = "127.0.0.1", port: int = 0, token: str = "", browser: bool = True, data: str = "",
    paintings: str = "", precision: str = "auto", keep: float = KEEP,
) -> None:  # fmt: skip
    """Serve the studio until a signal ends it.

    Parameters
    ----------
    inputs : str
        A picture to open, or a folder of pictures.
    host, port : str, int
        Where; port 0 is the protocol's or the next free one.
    token : str
        What requests must bring; made up if it is empty.
    browser : bool
        Whether the page is opened.
    data : str
        Folder for what is drawn; by default the user's data folder.
    paintings : str
        A folder of paintings for the gallery.
    precision : str
        As for `mangastyle.Shader`.
    keep : float
        Gigabytes of drawings that are kept: beyond that, those that nobody has opened for longest are removed now; 0 keeps all.

    Raises
    ------
    MangastyleError
        For a port that is taken, a missing token, and inputs that cannot be read.
    """
    token = choose_token(host, token)
    for path, name in ((inputs, "inputs"), (paintings, "paintings")):
        if path and not Path(path).exists():
            raise missing(path, "file or folder") if name == "inputs" else MangastyleError(f"`{name}`: there is no folder {path}")
    folder = Path(inputs) if inputs and Path(inputs).is_dir() else None
    studio = Studio(Disk(data_folder(data)), Models(precision=precision), folder, Path(paintings) if paintings else None)
    studio.sessions.clear_leftovers()
    if keep and (removed := studio.sessions.make_room(1e9 * keep)):
        print(f"mangastyle app: more than {keep:g} GB of drawings; removed the {removed} oldest", flush=True)
    if inputs and not folder:
        studio.open_picture(Path(inputs))
    with contextlib.closing(bind(host, port)) as listening:
        number = listening.getsockname()[1]
        shown = f"[{host}]" if ":" in host and not host.startswith("[") else host
        page, code = f"http://{shown}:{number}/", secrets.token_urlsafe(32)

        def begun() -> None:
            print(f"mangastyle app: {page}#token={token}", flush=True)
            if browser:  # whose command line others can read
                threading.Thread(target=webbrowser.open, args=[f"{page}#code={code}"], daemon=True).start()

        app = create_app(studio, host, number, token, code=code if browser else "")
        config = uvicorn.Config(
            app, http="h11", ws="none", lifespan="on", log_level="warning", access_log=False, server_header=False,
            limit_concurrency=CONNECTIONS, timeout_graceful_shutdown=LAST_SECONDS,
        )  # fmt: skip
        server = Server(config, begun, studio.sessions.end_streams)
        asyncio.run(server.serve(sockets=[listening]))
