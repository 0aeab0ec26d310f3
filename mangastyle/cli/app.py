"""`mangastyle app`: the studio in the browser, on one's own machine; or, with --serve, a service for other programs."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
from dataclasses import dataclass

from mangastyle.cli.options import Command, Compute, option
from mangastyle.errors import MangastyleError
from mangastyle.settings import Settings

EXAMPLES = ("mangastyle app lineart.png", "mangastyle app --serve --port 8000")
NEEDED = ("starlette", "uvicorn")
NEEDED_TO_SERVE = (*NEEDED, "python_multipart", "prometheus_client")
TOKEN = "MANGASTYLE_TOKEN"  # variable of the environment


@dataclass(frozen=True)
class Serving(Settings):
    """Service for other programs, with --serve."""

    serve: bool = option(False, "serve /shade, /style and /run over HTTP for other programs, without the studio")
    queue: int = option(16, "largest number of waiting requests; further ones get status 429", least=0, common=False)
    time_limit: float = option(300.0, "longest computation of a request, in seconds", least=0.1, common=False)
    max_megapixels: float = option(16.0, "largest picture that is read, in megapixels", least=0.001, common=False)


@dataclass(frozen=True)
class Options(Serving, Compute, Command):
    """Open the studio in the browser, on this machine alone.

    It colors, shades and paints by hand. With --serve it is a service for other programs instead.
    """

    inputs: str = option("", "picture to open, or folder of pictures for the film strip", positional=True, free=True)
    port: int = option(0, "port of the page; 0: 8745, or the next free one", least=0, most=65535)
    host: str = option("127.0.0.1", "address to listen at; one that other machines can reach needs --token", metavar="ADDRESS")
    token: str = option(
        "", f"secret that requests must contain; default: that in the environment variable {TOKEN}, or a new one at each start",
        metavar="SECRET",
    )  # fmt: skip
    browser: bool = option(True, "open the page in the browser; --no-browser prints its address only")
    data: str = option("", "folder for drawings, which are saved continuously; default: the user's data folder", metavar="FOLDER")
    keep: float = option(
        10.0,
        "gigabytes of drawings that are kept: the oldest beyond that are removed at the start, none of the last week; 0 keeps all",
        least=0,
    )
    paintings: str = option("", "folder of paintings for the gallery, beside those that ship", metavar="FOLDER")


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
        paintings=options.paintings, precision=options.precision, keep=options.keep,
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
    studio = ("inputs", "browser", "data", "keep", "paintings")
    if wrong := [name for name in studio if name in given and options.serve]:
        raise MangastyleError(f"`{wrong[0]}`: is for the studio, and with `serve` there is none; leave it out")
    if wrong := [name for name in sorted(own & given) if not options.serve]:
        raise MangastyleError(f"`{wrong[0]}`: is for `serve`; leave it out, or give that")
