"""`mangastyle app`: the studio in the browser, on one's own machine."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass

from mangastyle.cli.options import Command, Compute, option
from mangastyle.errors import MangastyleError

EXAMPLE = "mangastyle app lineart.png"
NEEDED = ("starlette", "uvicorn")


@dataclass(frozen=True)
class Options(Compute, Command):
    """Open the studio in the browser: color, shade and paint by hand, on this machine alone."""

    inputs: str = option("", "a picture to open, or a folder of pictures for the film strip", positional=True, free=True)
    port: int = option(0, "where the page is served; 0: 8745, or the next one that is free", least=0, most=65535)
    host: str = option("127.0.0.1", "address to listen at; one that other machines can reach needs --token")
    token: str = option("", "secret that the page must bring; by default a new one with each start")
    browser: bool = option(True, "open the page in the browser; --no-browser only prints its address")
    data: str = option("", "folder for what is drawn, which is saved all the time; default: the user's data folder")
    paintings: str = option("", "folder of paintings for the gallery, beside our own")


def command(options: Options) -> None:
    """Serve the studio until Ctrl-C. `MangastyleError` if its packages are missing, or an option is wrong."""
    if missing := [name for name in NEEDED if importlib.util.find_spec(name) is None]:
        raise MangastyleError(f"the studio needs {' and '.join(missing)}; install what it needs by pip install 'mangastyle[app]'")
    from mangastyle.app.launch import serve

    serve(
        options.inputs, host=options.host, port=options.port, token=options.token, browser=options.browser, data=options.data,
        paintings=options.paintings, precision=options.precision,
    )  # fmt: skip
