"""How long do commands take, start included, and how much memory? On pictures drawn for it and the shipped weights.

    python benchmarks/commands.py --out commands

Every command has a process of its own; all take turns, `import tensorflow` alone among them. Printed are the median of the seconds, the
same over the median of `import tensorflow`, and the greatest peak memory (not less than this program's own, which starts them). `run` on
a folder is also given in pictures a second, for the pictures after the first few.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import recording

from mangastyle.io import images
from mangastyle.io.files import write_json
from mangastyle.ops import pixels
from mangastyle.synthetic import characters

MANGASTYLE = [sys.executable, "-m", "mangastyle"]
IMPORT = "import tensorflow"
PAINTING = (384, 480)
LINE_ARTS = {"1024x1400": (1400, 1024), "2000x3000": (3000, 2000)}  # height, width
FOLDERS = (4, 28)  # pictures in the folders of `run`
SIDE = 512  # of theirs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="turns of each command")
    parser.add_argument("--quick", action="store_true", help="small pictures and one turn, to see that everything runs")
    parser.add_argument("--out", default="commands", help="folder for commands.json")
    recording.add_option(parser)
    options = parser.parse_args()
    rows = {}
    with tempfile.TemporaryDirectory() as scratch:
        commands = prepare(Path(scratch), options.quick)
        for _ in range(1 if options.quick else options.repeats):
            for name, command in commands.items():
                seconds, peak = measure(command)
                rows.setdefault(name, []).append({"seconds": seconds, "GiB": peak})
                print(f"{name}: {seconds:.2f} s, {peak:.2f} GiB", flush=True)
    seconds = {name: float(np.median([turn["seconds"] for turn in turns])) for name, turns in rows.items()}
    print("\n| | seconds | over `import tensorflow` | peak memory |\n|---|---:|---:|---:|")
    for name, turns in rows.items():
        print(f"| {name} | {seconds[name]:.2f} | {seconds[name] / seconds[IMPORT]:.2f} | {max(turn['GiB'] for turn in turns):.2f} GiB |")
    few, many = (seconds[folder_name(count)] for count in FOLDERS)
    rate = (FOLDERS[1] - FOLDERS[0]) / (many - few)
    print(f"\n`mangastyle run` on a folder: {rate:.2f} pictures of {SIDE} px a second, after the first {FOLDERS[0]}")
    write_json(Path(options.out) / "commands.json", {"options": vars(options), "rows": rows, "pictures a second": rate})
    recorded = [recording.row(f"`mangastyle run` on a folder, {SIDE} px", rate, unit="pictures/s")]
    for name, turns in rows.items():
        recorded.append(recording.row(name, seconds[name], unit="s"))
        recorded.append(recording.row(f"{name}: peak memory", max(turn["GiB"] for turn in turns), unit="GiB"))
    recording.record(options.json, recorded, data="drawn pictures")


def folder_name(count: int) -> str:
    return f"run, a folder of {count} at {SIDE} px"


def prepare(scratch: Path, quick: bool) -> dict[str, list[str]]:
    """Draw the pictures into `scratch`; commands by what they do."""
    scale = 8 if quick else 1

    def to(name: str) -> list[str]:
        return ["--force", "--out", str(scratch / name)]

    painting = draw(scratch / "painting.png", 1, *PAINTING)
    commands = {
        IMPORT: [sys.executable, "-c", IMPORT],
        "--help": [*MANGASTYLE, "--help"],
        "run, the main command": [*MANGASTYLE, "run", *to("out")],
    }
    for side in (256, 1024):
        picture = draw(scratch / f"picture-{side}.png", 2, side // min(scale, 4), side // min(scale, 4))
        commands[f"style --method onepass, {side} px"] = [
            *MANGASTYLE, "style", picture, "--style", painting, "--method", "onepass", "--size", "0", *to("stylized.png"),
        ]  # fmt: skip
    for name, (height, width) in LINE_ARTS.items():
        line = draw(scratch / f"line-{name}.png", 3, height // scale, width // scale, line=True)
        commands[f"shade, line art of {name}"] = [*MANGASTYLE, "shade", line, *to("shaded.png")]
    for count in FOLDERS:
        folder = scratch / f"pictures-{count}"
        for seed in range(count):
            draw(folder / f"{seed:03d}.png", seed, SIDE // scale, SIDE // scale)
        commands[folder_name(count)] = [*MANGASTYLE, "run", str(folder), "--style", painting, *to(f"out-{count}")]
    return commands


def draw(path: Path, seed: int, height: int, width: int, line: bool = False) -> str:
    """Save a drawn character, or its line art, of that size: its path."""
    drawn = characters.character(seed, min(max(height, width), characters.MAX_SIZE))
    picture = np.repeat(drawn.line[..., None], 3, -1) if line else drawn.rgb
    images.save(path, pixels.resize(picture, height, width), force=True)
    return str(path)


def measure(command: list[str]) -> tuple[float, float]:
    """Seconds and peak memory in GiB of a command, which must succeed."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)}: exit code {os.waitstatus_to_exitcode(status)}\n{errors.decode()}")
    return time.monotonic() - began, usage.ru_maxrss / 2**20


if __name__ == "__main__":
    main()
