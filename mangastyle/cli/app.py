"""`mangastyle app`: the studio in the browser, on one's own machine; or, with --serve, a service for other programs."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
from dataclasses import dataclass

from mangastyle.cli.options import Command, Compute, option
from mangastyle.errors import MangastyleError
from mangastyle.settings import Settings

EXAMPLE = "mangastyle app lineart.png"
NEEDED = ("starlette", "uvicorn")
NEEDED_TO_SERVE = (*NEEDED, "python_multipart", "prometheus_client")
TOKEN = "MANGASTYLE_TOKEN"  # variable of the environment


@dataclass(frozen=True)
class Serving(Settings):
    """Service for other programs, with --serve."""

    serve: bool = option(False, "no page, but /shade, /style and /run over HTTP for other programs, see docs/serving.md")
    queue: int = option(16, "requests that may wait; further ones get status 429", least=0)
    time_limit: float = option(300.0, "seconds that a request may be computed", least=0.1)
    max_megapixels: float = option(16.0, "refuse larger pictures before decoding them", least=0.001)


@dataclass(frozen=True)
class Options(Serving, Compute, Command):
    """Open the studio in the browser: color, shade and paint by hand, on this machine alone."""

    inputs: str = option("", "a picture to open, or a folder of pictures for the film strip", positional=True, free=True)
    port: int = option(0, "where the page is served; 0: 8745, or the next one that is free", least=0, most=65535)
    host: str = option("127.0.0.1", "address to listen at; one that other machines can reach needs --token")
    token: str = option(
        "", f"secret that the page must bring; by default that in the environment variable {TOKEN}, or a new one with each start"
    )
    browser: bool = option(True, "open the page in the browser; --no-browser only prints its address")
    data: str = option("", "folder for what is drawn, which is saved all the time; default: the user's data folder")
    paintings: str = option("", "folder of paintings for the gallery, beside our own")


def command(options: Options) -> None:
    """Serve until Ctrl-C. `MangastyleError` if its packages are missing, or an option is wrong."""
    needed = NEEDED_TO_SERVE if options.serve else NEEDED
    if missing := [name for name in needed if importlib.util.find_spec(name) is None]:
        raise MangastyleError(f"this needs {' and '.join(missing)}; install what is missing: pip install {' '.join(missing)}")
    _refuse_foreign(options)
    token = options.token or os.environ.get(TOKEN, "")
    if options.serve:
        _serve(options, token)
        return
    from mangastyle.app.launch import serve

    serve(
        options.inputs, host=options.host, port=options.port, token=token, browser=options.browser, data=options.data,
        paintings=options.paintings, precision=options.precision,
    )  # fmt: skip


def _serve(options: Options, token: str) -> None:
    from mangastyle.app.service.launch import serve
    from mangastyle.cli import run, shade, style

    serve(
        {"shade": shade.Options, "style": style.Options, "run": run.Options}, host=options.host, port=options.port, token=token,
        queue=options.queue, time_limit=options.time_limit, max_pixels=int(options.max_megapixels * 1e6), precision=options.precision,
    )  # fmt: skip


def _refuse_foreign(options: Options) -> None:
    """Refuse options of the studio with --serve, and options of the service without."""
    given = {f.name for f in dataclasses.fields(options) if getattr(options, f.name) != f.default}
    own = {f.name for f in dataclasses.fields(Serving)}
    studio = ("inputs", "browser", "data", "paintings")
    if wrong := [name for name in studio if name in given and options.serve]:
        raise MangastyleError(f"`{wrong[0]}`: is for the studio, and with `serve` there is none; leave it out")
    if wrong := [name for name in sorted(own & given) if not options.serve]:
        raise MangastyleError(f"`{wrong[0]}`: is for `serve`; leave it out, or give that")
