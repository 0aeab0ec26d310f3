"""The command `mangastyle evaluate`: every measure of the paper, on pictures that no network was trained on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from mangastyle import files, images, precision, weights
from mangastyle.config import EvaluateConfig, save_config
from mangastyle.errors import MangastyleError
from mangastyle.evaluate import report
from mangastyle.evaluate.hues import Hues
from mangastyle.evaluate.metrics import METRICS
from mangastyle.evaluate.perceptual import Perceptual
from mangastyle.evaluate.sources import Pairs, Shaded, Source
from mangastyle.style import vgg

HINT = "hint"  # in place of a weights file: the hint itself is judged
BATCH = 50  # examples at once: memory does not grow with their number


def command(options: EvaluateConfig) -> None:
    """Measure every network of `options.weights`, or the pairs, and write what was found into `options.out`."""
    out = Path(options.out)
    files.refuse_existing(out / "summary.json", options.force)
    files.refuse_unwritable(out / "summary.json")
    if options.pairs and (len(options.pairs) != 2 or options.weights):
        raise MangastyleError("--pairs takes two folders, generated pictures and originals, and no --weights")
    paths = {} if options.pairs else _by_name([None if name == HINT else weights.find(name) for name in options.weights or ("",)])
    backbone = vgg.backbone(options.backbone, policy=precision.resolve(options.precision))
    perceptual = Perceptual(backbone)
    summaries, hues = {}, {}
    for name in paths or ("pairs",):
        source = Shaded(paths[name], options) if paths else Pairs(options)
        folder = out / name if len(paths) > 1 else out
        names, values, of_set = measure(source, perceptual, name)
        summaries[name], hues[name] = report.summary(values), of_set
        report.write_csv(folder / "metrics.csv", names, values)
        with files.atomic(folder / "histograms.png") as temporary:
            report.histograms(values).savefig(temporary, dpi=110)
        images.save(folder / "sheet.png", report.sheet(source, values), force=True)
        if options.worst:
            images.save(folder / "worst.png", report.worst(source, values, options.worst), force=True)
    table = f"{report.table(summaries)}\n\n{report.hue_table(hues)}"
    with files.atomic(out / "table.md") as temporary:
        temporary.write_text(table + "\n", encoding="utf-8")
    save_config(out, "evaluate", options)
    told = {name: {**summary, "hues": hues[name]} for name, summary in summaries.items()}
    files.write_json(out / "summary.json", told if len(paths) > 1 else next(iter(told.values())))
    print(table)
    print(f"\n{out}: {len(source)} pictures; perceptual distance by the {backbone.name} VGG-19")


def _by_name(paths: list[Path | None]) -> dict[str, Path | None]:
    """Weights files under names that tell them apart: the file's, or with that of its folder; none of them is the hint."""
    stems = [path.stem if path else HINT for path in paths]
    named = {
        stem if stems.count(stem) == 1 or not path else f"{path.resolve().parent.name}-{stem}": path for stem, path in zip(stems, paths)
    }
    if len(named) < len(paths):
        raise MangastyleError("--weights: the same network twice, or two of one name in folders of one name; name each once")
    return named


def measure(source: Source, perceptual: Perceptual, name: str = "") -> tuple[list[str], report.Values, dict[str, Any]]:
    """The names of all examples, every measure of each, and the hues of them all."""
    names: list[str] = []
    hues = Hues()
    values: dict[str, list[float]] = {key: [] for key in (report.PERCEPTUAL, *METRICS)}
    with tqdm(total=len(source), desc=name, unit="picture", disable=None) as bar:
        for start in range(0, len(source), BATCH):
            examples = source(list(range(start, min(start + BATCH, len(source)))))
            values[report.PERCEPTUAL] += _perceptual(perceptual, [e.generated for e in examples], [e.original for e in examples])
            for example in examples:
                names.append(example.name)
                hues.add(example.generated, example.original)
                for key, metric in METRICS.items():
                    values[key].append(metric.function(example.generated, example.original))
                bar.update()
    return names, {key: np.array(found) for key, found in values.items()}, hues.summary()


def _perceptual(perceptual: Perceptual, generated: list[np.ndarray], originals: list[np.ndarray]) -> list[float]:
    """One batch where all are of one size; NaN for pictures too small for VGG-19."""
    if len({x.shape for x in originals}) == 1 and min(originals[0].shape[:2]) >= vgg.MIN_SIDE:
        return perceptual(np.stack(generated), np.stack(originals)).tolist()
    return [
        float(perceptual(a[None], b[None])[0]) if min(a.shape[:2]) >= vgg.MIN_SIDE else float("nan") for a, b in zip(generated, originals)
    ]
