"""`mangastyle evaluate`: every metric of the paper, on pictures that no network was trained on."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, ClassVar

from mangastyle import startup
from mangastyle.cli.checks import find_backbone, named_files, refuse_inputs
from mangastyle.cli.clip_measures import STAGES, measure
from mangastyle.cli.options import BACKBONES, NETWORKS, Cache, Command, Compute, Decoding, option, save_config
from mangastyle.data import archives
from mangastyle.errors import MangastyleError, counted
from mangastyle.evaluate.sources import PairedFolders
from mangastyle.io import files, images
from mangastyle.progress import Bar
from mangastyle.settings import share
from mangastyle.shade.files import find_network
from mangastyle.shade.spec import HINT_KINDS, OWN
from mangastyle.synthetic.characters import MAX_SIZE, MIN_SIZE

if TYPE_CHECKING:
    from mangastyle.evaluate.sources import Source

EXAMPLES = (
    "mangastyle evaluate --data faces.zip --count 100 --out evaluation",
    "mangastyle evaluate --video colored.webm --source clip.mp4 --out steadiness",
)
HINT = "hint"  # in place of a weights file: the hint itself counts as the generated picture
SPLITS = ("all", "train", "validation", "test")
ORDER_BY = "perceptual"  # the metric that orders the sheets


@dataclass(frozen=True)
class Options(Cache, Decoding, Compute, Command):
    """Measure coloring networks, or any generated pictures.

    Networks are measured on pictures that they were not trained on, generated pictures against their originals (Figs 15-19).
    """

    REVALUED: ClassVar = {"hint": {"default": "proportional"}, "weights": {(): ("shade",)}}

    weights: tuple[str, ...] = option(
        ("shade",), "networks to compare: weights files from training, or that ship; hint: the hint itself as the result",
        metavar="FILE", words=(*NETWORKS, HINT),
    )  # fmt: skip
    data: tuple[str, ...] = option(
        ("drawn:200",), "pictures that were not trained on: folders, .zip or .tar files, or drawn:N", metavar="PATH"
    )
    split: str = option(
        "all", "part of the data: all, or those that training held out for validation (to select by) or for test (to report)", SPLITS,
        common=False,
    )  # fmt: skip
    validation: float = share(0.02, "with --split: share of the pictures that the training held out for validation")
    test: float = share(0.02, "with --split: share of the pictures that the training held out for test")
    pairs: tuple[str, ...] = option(
        (), "instead of networks: folder of generated pictures, and folder of originals with the same names", metavar="FOLDER"
    )
    video: str = option("", "instead of networks: clip whose flicker is measured; drawn: drawn clips, colored and painted", metavar="PATH")
    source: str = option("", "with --video: the clip before it was changed", metavar="PATH")
    baseline: str = option("", "with --video: the clip changed frame by frame, to compare with", metavar="PATH")
    measured: tuple[str, ...] = option(STAGES, "with --video drawn: what is measured", STAGES, common=False)
    frames: int = option(48, "with --video drawn: frames of each clip", least=2, common=False)
    count: int = option(100, "number of pictures, chosen at random; 0 = all", least=0)
    hint: str = option(
        "proportional",
        "simulated hint in the network's input, as in training; strokes: ten strokes of color; own: the picture itself, for networks "
        "that color regions",
        (*HINT_KINDS, OWN),
    )
    size: int = option(0, "side of the squares that are compared; 0 = the input size of each network", least=0, common=False)
    worst: int = option(0, "also save the N pictures of largest perceptual distance, as worst.png", least=0, common=False)
    out: str = option("evaluation", "folder for summary.json, metrics.csv, table.md, histograms.png and sheet.png", metavar="FOLDER")
    backbone: str = option(
        "auto", "VGG-19 for the perceptual distance, as for mangastyle style", common=False, metavar="FILE", words=BACKBONES
    )


def command(options: Options) -> None:
    """Measure every network of `options.weights`, or the pairs, and write the results into `options.out`."""
    out = Path(options.out)
    refuse_inputs([out], named_files(options))
    files.refuse_existing(out / "summary.json", options.force)
    files.refuse_unwritable(out / "summary.json")
    if options.video:
        measure(options)
        save_config(out, "evaluate", options)
        return
    sources = _paired(options) if options.pairs else _shaded(options)
    backbone_name = find_backbone(options.backbone, remark=False)  # the last line says which

    startup.load_tensorflow()
    from mangastyle.evaluate import report, run
    from mangastyle.evaluate.set_metrics import SET_METRICS
    from mangastyle.kernels import precision
    from mangastyle.paper.metrics import ALL_METRICS
    from mangastyle.plotting import default_style
    from mangastyle.vgg.backbone import backbone

    network = backbone(backbone_name, policy=precision.resolve(options.precision))
    functions = run.load(ALL_METRICS, network)
    summaries, of_sets = {}, {}
    for name, make_source in sources.items():
        source, folder = make_source(), out / name if len(sources) > 1 else out
        with Bar(total=len(source), desc=name, unit="picture") as bar:
            measured = run.measure(source, functions, SET_METRICS, progress=lambda p, bar=bar: bar.update(p.done - bar.n))
        summaries[name], of_sets[name] = report.summary(measured.values), measured.of_set
        report.write_csv(folder / "metrics.csv", measured.names, measured.values)
        with files.atomic(folder / "histograms.png") as temporary, default_style():
            report.histograms(measured.values, ALL_METRICS).savefig(temporary, dpi=110)
        images.save(folder / "sheet.png", report.sheet(source, measured.values, ALL_METRICS, ORDER_BY), force=True)
        if options.worst:
            images.save(folder / "worst.png", report.worst(source, measured.values, ALL_METRICS, ORDER_BY, options.worst), force=True)
    tables = "\n\n".join([report.table(summaries, ALL_METRICS), *report.set_tables(of_sets)])
    with files.atomic(out / "table.md") as temporary:
        temporary.write_text(tables + "\n", encoding="utf-8", errors="backslashreplace")
    save_config(out, "evaluate", options)
    everything: dict[str, Any] = {name: {**summary, **of_sets[name]} for name, summary in summaries.items()}
    files.write_json(out / "summary.json", everything if len(sources) > 1 else next(iter(everything.values())))
    print(tables)
    print(f"\n{out}: {counted(len(source), 'picture')}; perceptual distance by the {network.name} VGG-19")


def _paired(options: Options) -> dict[str, Callable[[], Source]]:
    """The two folders of `pairs` as the only source."""
    if len(options.pairs) != 2 or options.weights != Options.weights:
        raise MangastyleError("`pairs` takes two folders, generated pictures and originals, and no `weights`")
    source = PairedFolders(*options.pairs, count=options.count, seed=options.seed, max_pixels=options.max_pixels)
    source([0])  # a first pair that cannot be compared is found before TensorFlow loads
    if source.unpaired:
        print(f"mangastyle: {counted(source.unpaired, 'picture')} without a partner of the same name left out", file=sys.stderr)
    return {"pairs": lambda: source}


def _shaded(options: Options) -> dict[str, Callable[[], Source]]:
    """By name, what makes the pictures colored by each of the networks."""
    found = [None if name == HINT else find_network(name) for name in options.weights]
    if options.hint == OWN and any(network is None or network[1] != "regions" for network in found):
        raise MangastyleError("`hint`: own is for networks that color regions")
    if options.size and not MIN_SIZE <= options.size <= MAX_SIZE:
        raise MangastyleError(f"`size`: must be 0, or from {MIN_SIZE} to {MAX_SIZE}, not {options.size}")
    paths = _by_name([network and network[0] for network in found])
    archives.check(options.data)

    def source(path: Path | None) -> Source:
        from mangastyle.evaluate.shaded_dataset import ShadedDataset

        return ShadedDataset(
            path, options.data, hint=options.hint, count=options.count, size=options.size, seed=options.seed,
            split=options.split, validation=options.validation, test=options.test,
            precision=options.precision, cache=options.cache, max_pixels=options.max_pixels,
        )  # fmt: skip

    return {name: lambda path=path: source(path) for name, path in paths.items()}


def _by_name(paths: list[Path | None]) -> dict[str, Path | None]:
    """Weights files by distinct names: the file's, preceded by its folder's where two files have one name; None is the hint."""
    stems = [path.stem if path else HINT for path in paths]
    named = {
        stem if stems.count(stem) == 1 or not path else f"{path.resolve().parent.name}-{stem}": path for stem, path in zip(stems, paths)
    }
    if len(named) < len(paths):
        raise MangastyleError("`weights`: the same network twice, or two of one name in folders of one name; name each once")
    return named
