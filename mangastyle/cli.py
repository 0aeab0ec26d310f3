"""The command line: one subcommand a stage, its flags made from the dataclasses in `config`."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import sys
from typing import Any

from mangastyle import __version__, config, quiet
from mangastyle.errors import MangastyleError

# command: (its options, the module with its function `command(options)`, an example)
COMMANDS: dict[str, tuple[type, str, str]] = {
    "fetch": (config.FetchConfig, "mangastyle.data.crawl", "mangastyle fetch --tags '1girl solo' --count 200 --out pictures"),
    "draw": (config.DrawConfig, "mangastyle.data.draw", "mangastyle draw --count 48 --size 256 --sheet --out drawn"),
    "sketch": (config.SketchConfig, "mangastyle.shade.sketch", "mangastyle sketch picture.png --out sketch.png"),
    "train": (config.TrainConfig, "mangastyle.train", "mangastyle train --data pictures/ --minutes 60 --out runs/mine"),
    "shade": (config.ShadeConfig, "mangastyle.shade.infer", "mangastyle shade lineart.png --hint strokes.png --out shaded.png"),
    "style": (config.StyleConfig, "mangastyle.style.command", "mangastyle style picture.png --style painting.jpg --out styled.png"),
    "reconstruct": (config.ReconstructConfig, "mangastyle.style.reconstruct", "mangastyle reconstruct picture.png --layers conv1_1 conv3_1 conv5_1 --kind content"),
    "run": (config.RunConfig, "mangastyle.pipeline", "mangastyle run picture.png --style painting.jpg --out out"),
    "evaluate": (config.EvaluateConfig, "mangastyle.evaluate.command", "mangastyle evaluate --data faces.zip --count 100 --out evaluation"),
    "figures": (config.FiguresConfig, "mangastyle.figures.command", "mangastyle figures --only 15-19 --out figures"),
    "distill": (config.DistillConfig, "mangastyle.style.distill", "mangastyle distill --teacher vgg19.h5 --data pictures/ --paintings paintings/ --out runs/slim"),
    "teach": (config.TeachConfig, "mangastyle.style.teach", "mangastyle teach --data pictures/ --paintings paintings/ --out runs/onepass"),
    "weights": (config.WeightsConfig, "mangastyle.weights", "mangastyle weights get vgg19"),
    "export": (config.ExportConfig, "mangastyle.shade.export", "mangastyle export --out shade-savedmodel"),
}  # fmt: skip


def parser() -> argparse.ArgumentParser:
    """The whole command line; flags not given are absent from the result (see `config.settle`)."""
    top = argparse.ArgumentParser(prog="mangastyle", description="Manga pictures to line art, line art to shaded colour, colour to a painter's style.")
    top.add_argument("--version", action="version", version=f"mangastyle {__version__}")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (cls, _, example) in COMMANDS.items():
        about = (cls.__doc__ or "").split("\n")[0]
        sub = commands.add_parser(
            name, help=about, description=about, argument_default=argparse.SUPPRESS,
            formatter_class=argparse.RawDescriptionHelpFormatter, epilog=_epilog(cls, example),
        )  # fmt: skip
        for f in dataclasses.fields(cls):
            _add(sub, f)
        sub.add_argument("--config", metavar="FILE", help="JSON file of options, such as the config.json of an earlier result")
        sub.add_argument("--debug", action="store_true", help="show the full traceback of an error")
    return top


def _add(sub: argparse.ArgumentParser, f: dataclasses.Field) -> None:
    kind, many = config.field_type(f)
    default = " ".join(map(str, f.default)) if many else f.default
    text = f.metadata["help"].replace("%", "%%")
    if f.metadata["positional"]:
        sub.add_argument(f.name, nargs="?", metavar=f.name.upper(), help=text)
        return
    flag = "--" + f.name.replace("_", "-")
    if kind is bool:
        sub.add_argument(flag, action=argparse.BooleanOptionalAction, help=f"{text} (default: {'on' if default else 'off'})")
        return
    choices = f.metadata["choices"] or None
    shown = f" (default: {default})" if default not in ("", ()) else ""
    metavar = None if choices else {str: "TEXT", int: "N", float: "X"}[kind]
    sub.add_argument(flag, type=kind, nargs="+" if many else None, choices=choices, metavar=metavar, help=text + shown)


def _epilog(cls: type, example: str) -> str:
    lines = ["presets:"]
    for name, values in config.presets(cls).items():
        settings = " ".join(f"{key}={' '.join(map(str, v)) if isinstance(v, tuple) else v}" for key, v in values.items())
        lines.append(f"  {name}: {settings or 'the defaults above'}")
    return "\n".join([*lines, "", "example:", f"  {example}"])


def _parse(argv: list[str] | None) -> dict[str, Any]:
    """The flags given; an unknown one exits with argparse's usage message and the nearest known name."""
    top = parser()
    found, unknown = top.parse_known_args(argv)
    if unknown:
        flags = [f"--{f.name.replace('_', '-')}" for f in dataclasses.fields(COMMANDS[found.command][0])]
        top.error(f"unrecognized arguments: {' '.join(unknown)}{config.near(unknown[0], flags)}")
    return vars(found)


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code: 0 done, 2 a user's mistake, 130 interrupted."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):  # a notebook's streams cannot, and need not
            stream.reconfigure(errors="backslashreplace")  # file names need not be valid text
    given = _parse(argv)
    cls, module, _ = COMMANDS[given.pop("command")]
    debug, file = given.pop("debug", False), given.pop("config", None)
    if given.get("resume") and not file:  # a resumed training keeps its options
        file = os.path.join(given.get("out", cls.out), "config.json")
    try:
        options = config.settle(cls, given, file)
        quiet.load(module).command(options)
        return 0
    except BrokenPipeError:  # e.g. `mangastyle train --describe | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (MangastyleError, OSError) as error:  # OSError: what a disk may refuse anywhere, such as a name too long
        if debug:
            raise
        print("mangastyle:", " ".join(str(error).splitlines()), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        if debug:
            raise
        print("mangastyle: interrupted; what was finished is kept", file=sys.stderr)
        return 130
