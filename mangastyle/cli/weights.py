"""`mangastyle weights`: which trained networks are at hand, the download of VGG-19, and its table of layers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from mangastyle import startup
from mangastyle.cli.options import Command, option
from mangastyle.errors import MangastyleError
from mangastyle.io import registry
from mangastyle.vgg.spec import MIN_SIDE

EXAMPLES = ("mangastyle weights", "mangastyle weights get vgg19")
AGAIN = "install mangastyle again"


@dataclass(frozen=True)
class Options(Command):
    """List, check and download trained networks.

    Also prints the table of VGG-19's layers (Fig. 13).
    """

    action: str = option("list", "list (default), get (download) or describe", ("list", "get", "describe"), positional=True)
    network: str = option("vgg19", "network to get or describe; all others ship", ("vgg19",), positional=True)
    size: int = option(512, "with describe: side of the square input, in pixels", least=MIN_SIDE)


def command(options: Options) -> None:
    """`mangastyle weights`."""
    if options.action == "describe":
        startup.load_tensorflow()
        from mangastyle.vgg.network import table

        print("\n".join(table(options.size)))
    elif options.action == "get":
        _get(options.force)
    else:
        _list()


def _get(force: bool) -> None:
    path = registry.vgg19_cache()
    if path.is_file() and not force:
        if not registry.is_published_vgg19(path):
            raise MangastyleError(f"{path}: exists already, but is not the file that Keras publishes; `force` replaces it")
        print(f"{path}: exists already")
    else:
        print(f"{registry.download_vgg19()}: downloaded")


def _list() -> None:
    """One line a network: its name, its file, its state."""
    for name, file in registry.SHIPPED.items():
        path = registry.shipped_folder() / file
        print(f"{name:<11}  {path}  {_state(path, registry.matches_manifest, f'damaged, {AGAIN}', AGAIN)}")
    path = registry.vgg19_cache()
    print(f"{'vgg19':<11}  {path}  {_state(path, registry.is_published_vgg19, 'not the file that Keras publishes', registry.GET_VGG19)}")


def _state(path: Path, check: Callable[[Path], bool | None], wrong: str, cure: str) -> str:
    if not path.is_file():
        return f"missing: {cure}"
    verdict = {True: "sound", False: wrong, None: "not in the manifest"}[check(path)]
    return f"{path.stat().st_size / 1e6:.1f} MB, {verdict}"
