"""`mangastyle reconstruct`: a picture found anew from VGG-19's features, once for each layer (Figs 10, 11)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mangastyle import startup
from mangastyle.cli.checks import find_backbone, named_files, refuse_inputs, refuse_streams
from mangastyle.cli.options import Backbone, Command, Compute, Decoding, option, save_config
from mangastyle.errors import MangastyleError, counted
from mangastyle.io import images
from mangastyle.ops import pixels
from mangastyle.paper.settings import ReconstructSettings, layer_sets
from mangastyle.progress import Bar
from mangastyle.vgg.spec import MIN_SIDE

EXAMPLES = (
    "mangastyle reconstruct picture.png --layers conv1_1 conv3_1 conv5_1",
    "mangastyle reconstruct painting.jpg --kind style --iterations 400",
)


@dataclass(frozen=True)
class Options(Decoding, Compute, Backbone, ReconstructSettings, Command):
    """Reconstruct a picture from VGG-19 features (Figs 10, 11).

    By optimization from white noise, once for each layer.
    """

    inputs: str = option("", "a picture", positional=True)
    out: str = option("", "folder for the pictures and a sheet of them; default: NAME-reconstructed beside the picture", metavar="FOLDER")


def command(options: Options) -> None:
    """Write KIND-LAYER.png for each layer, KIND-sheet.png of all, and config.json, into one folder."""
    if not options.inputs:
        raise MangastyleError("no input: name a picture, as in 'mangastyle reconstruct picture.png'")
    refuse_streams(options.inputs, options.out)
    options.check()
    source = Path(options.inputs)
    if source.is_dir():
        raise MangastyleError(f"{source}: is a folder; name one picture")
    out = Path(options.out) if options.out else source.with_name(f"{source.stem}-reconstructed")
    targets = [out / f"{options.kind}-{name}.png" for name in (*options.layers, "sheet")]
    refuse_inputs(targets, named_files(options))
    for target in targets:
        images.check_writable(target, options.force)
    picture = images.load(source, options.max_pixels, MIN_SIDE).rgb
    backbone_name = find_backbone(options.backbone, options.allow_download)

    startup.load_tensorflow()
    from mangastyle.kernels import precision
    from mangastyle.paper.reconstruct import contact_sheet, reconstruct
    from mangastyle.vgg.backbone import backbone

    network = backbone(backbone_name, policy=precision.resolve(options.precision))
    settings, made = vars(ReconstructSettings.of(options)), []
    for name, layers in zip(options.layers, layer_sets(options.layers, options.kind)):
        with Bar(total=options.iterations, desc=name, unit="step") as bar:
            made.append(
                reconstruct(
                    picture, **{**settings, "layers": layers}, backbone=network, seed=options.seed, max_pixels=options.max_pixels,
                    progress=lambda record, bar=bar: bar.update(record.iteration - bar.n),
                )
            )  # fmt: skip
        images.save(out / f"{options.kind}-{name}.png", made[-1], force=options.force)
    sheet = contact_sheet(pixels.resize(picture, *made[0].shape[:2]), made, options.layers, options.kind)
    target = images.save(out / f"{options.kind}-sheet.png", sheet, force=options.force)
    save_config(out, "reconstruct", options)
    print(f"{out}: {counted(len(made), 'picture')}, and all of them on {target}")
