"""The tables of RESULTS.md and all of results/README.md, from results/*.json.

    python benchmarks/results.py
    python benchmarks/results.py --check

The first writes both; the second only says whether they are as results/*.json have them. In RESULTS.md a table lies between the markers
`<!-- results: NAME -->` and `<!-- end -->`, and has of results/NAME.json the rows that are shown; results/README.md has every row, and each
entry's command. A file of results/ is one table:

    {
     "title": "Style transfer",            the heading of the section that the table is in
     "entries": [
      {
       "name": "methods",                 unique in the file; the table's last column
       "command": "python benchmarks/methods.py --weights vgg19.h5",   a benchmark, or a command of mangastyle
       "commit": "5d1262d",               of the code that was measured; with + behind it: and changes that are no commit
       "date": "2026-11-26",
       "machine": {"processor": "AMD EPYC", "cores": 2, "bfloat16": true},    null: not recorded
       "versions": {"python": "3.11", "tensorflow": "2.21"},                  null: not recorded
       "data": "the pictures, in words",
       "seed": null,
       "note": "what a reader of the numbers must know",
       "rows": [
        {
         "measure": "style error left by `polish`",   unique in the entry
         "unit": "× slim `optimize`'s",    "" for none
         "ours": 1.11,                      a number, or words
         "target": 1.15,                    null: none
         "better": "lower",                 or "higher", or null where neither is
         "reference": {"`onepass`": 2.18},  others' numbers, by whose they are; null: none
         "paper": null,                     a number, or words such as "70 to 90"
         "shown": "`polish`"                what RESULTS.md calls it; "": it is in results/README.md only
        }
       ]
      }
     ]
    }

Benchmarks write their entry themselves with `--json results/NAME.json` (`recording.py`): command, commit, date, machine, versions and
what was measured, and leave targets and the paper's numbers as they are. Entries of commands of mangastyle are written by hand. A new
table needs its file, and in RESULTS.md a section of its title with the two markers.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

from recording import ROW

TOP = Path(__file__).resolve().parents[1]
FOLDER, PAGE = TOP / "results", TOP / "RESULTS.md"
INDEX = FOLDER / "README.md"
ABOUT = """# Every number, and how it was measured

All entries of this folder's files, written by `python benchmarks/results.py`; [RESULTS.md](../RESULTS.md) shows the rows that count most.
"""
HEAD = "| measure | target | peer or reference | paper | ours | source |\n|---|---:|---:|---:|---:|---|"
INDEX_HEAD = "| measure | target | peer or reference | paper | ours |\n|---|---:|---:|---:|---:|"
MARKED = re.compile(r"(<!-- results: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
SIGNS = {"lower": "≤ ", "higher": "≥ ", None: ""}
ENTRY = {"name", "command", "commit", "date", "machine", "versions", "data", "seed", "note", "rows"}
FORMS = {"commit": r"[0-9a-f]{7,40}\+?", "date": r"\d{4}-\d\d-\d\d", "command": r"(python benchmarks/\w+\.py|mangastyle [\w-]+)( .*)?"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if RESULTS.md is not as results/ has it")
    options = parser.parse_args()
    text = PAGE.read_text(encoding="utf-8")
    wrong = [error for path in sorted(FOLDER.glob("*.json")) for error in errors(path)] + unshown(text)
    if wrong:
        raise SystemExit("\n".join(wrong))
    pages = {PAGE: render(text), INDEX: index()}
    stale = [path for path, found in pages.items() if not path.exists() or path.read_text(encoding="utf-8") != found]
    if options.check and stale:
        names = " and ".join(path.relative_to(TOP).as_posix() for path in stale)
        raise SystemExit(f"{names}: not as results/*.json have it; run  python benchmarks/results.py")
    for path in stale:
        path.write_text(pages[path], encoding="utf-8")


def load(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def errors(path: Path) -> list[str]:
    """What is wrong with a file of results/, a line each."""
    found, names = [], set()
    for entry in load(path)["entries"]:
        where = f"{path.name}, {entry.get('name')}"
        found += [f"{where}: has the fields {sorted(entry)}, not {sorted(ENTRY)}"] * (set(entry) != ENTRY)
        found += [f"{where}: is there twice"] * (entry.get("name") in names)
        names.add(entry.get("name"))
        for field, form in FORMS.items():
            found += [f"{where}: {field} is {entry.get(field)!r}"] * (not re.fullmatch(form, str(entry.get(field))))
        for row in entry.get("rows", ()):
            told = f"{where}, {row.get('measure')}"
            found += [f"{told}: has the fields {sorted(row)}, not {sorted(ROW)}"] * (row.keys() != ROW.keys())
            found += [f"{told}: a target needs better, lower or higher"] * (row.get("target") is not None and not row.get("better"))
            found += [f"{told}: better is {row.get('better')!r}"] * (row.get("better") not in SIGNS)
        measures = [row.get("measure") for row in entry.get("rows", ())]
        found += [f"{where}: a measure is there twice"] * (len(set(measures)) < len(measures))
    return found


def unshown(text: str) -> list[str]:
    """Files of results/ that the page has no section for, and sections without a file."""
    titles = {path.stem: load(path)["title"] for path in sorted(FOLDER.glob("*.json"))}
    headings = {match[2]: re.findall(r"^## (.*)$", text[: match.start()], re.MULTILINE)[-1:] for match in MARKED.finditer(text)}
    found = [f"results/{name}.json: RESULTS.md has no section for it" for name in titles if name not in headings]
    found += [f"RESULTS.md: there is no results/{name}.json" for name in headings if name not in titles]
    wrong = [name for name in titles if name in headings and headings[name] != [titles[name]]]
    return found + [f"results/{name}.json: its table is in the section {headings[name]}, not in {titles[name]!r}" for name in wrong]


def render(text: str) -> str:
    """The text of RESULTS.md with all of its tables made anew."""
    return MARKED.sub(lambda match: f"{match[1]}{table(FOLDER / f'{match[2]}.json')}\n{match[3]}", text)


def table(path: Path) -> str:
    """The rows that are shown."""
    entries = load(path)["entries"]
    return "\n".join([HEAD, *(line(row, entry["name"], path) for entry in entries for row in entry["rows"] if row["shown"])])


def index() -> str:
    """The text of results/README.md."""
    parts = [ABOUT]
    for path in sorted(FOLDER.glob("*.json")):
        content = load(path)
        parts.append(f"## {content['title']}\n\n[{path.name}]({path.name})\n")
        for entry in content["entries"]:
            facts = [entry["data"], with_seed(entry["seed"]), f"commit {entry['commit']}", entry["date"], on(entry), entry["note"]]
            parts.append(f"### {heading(path, entry['name'])}\n\n`{entry['command']}`\n\n{'; '.join(filter(None, facts))}.\n")
            rows = [cells(row, row["measure"]) for row in entry["rows"]]
            parts.append("\n".join([INDEX_HEAD, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n")
    return "\n".join(parts)


def with_seed(seed: int | None) -> str:
    return "" if seed is None else f"seed {seed}"


def on(entry: dict[str, Any]) -> str:
    """Machine and versions in words, as far as they were recorded."""
    machine, found = entry["machine"], []
    if machine:
        kind = "with AVX512-BF16" if machine["bfloat16"] else "without AVX512-BF16"
        found.append(f"{machine['cores']} cores{' of ' + machine['processor'] if machine['processor'] else ''} {kind}")
    return ", ".join(found + [f"{name} {version}" for name, version in (entry["versions"] or {}).items()])


def heading(path: Path, name: str) -> str:
    """The heading of an entry in results/README.md."""
    return f"{path.stem}: {name}"


def anchor(text: str) -> str:
    """What GitHub and the site call the place of a heading."""
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


def line(row: dict[str, Any], name: str, path: Path) -> str:
    """A row of a table of RESULTS.md."""
    source = f"[{name}](results/README.md#{anchor(heading(path, name))})"
    return f"| {' | '.join([*cells(row, row['shown']), source])} |"


def cells(row: dict[str, Any], title: str) -> list[str]:
    """Measure, target, others' numbers, the paper's and ours: a target that is met is bold, one that is not is called missed."""
    ours, target = number(row["ours"]), ""
    if row["target"] is not None:
        target = SIGNS[row["better"]] + number(row["target"])
        met = row["ours"] <= row["target"] if row["better"] == "lower" else row["ours"] >= row["target"]
        ours = f"**{ours}**" if met else f"{ours}, missed"
    others = ", ".join(f"{number(value)} ({name})" for name, value in (row["reference"] or {}).items())
    return [title + (f" ({row['unit']})" if row["unit"] else ""), target, others, number(row["paper"]), ours]


def number(value: float | str | None) -> str:
    """Three digits, or one behind the point; thousands apart; no zeros behind the point."""
    if value is None or isinstance(value, str):
        return value or ""
    digits = f"{value:.3g}" if abs(value) < 100 else f"{value:,.1f}"
    return re.sub(r"\.?0+$", "", digits) if "." in digits and "e" not in digits else digits


if __name__ == "__main__":
    main()
