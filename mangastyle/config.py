"""Every option of every command, once: flags, defaults, help texts and presets all come from here.

Each command has one frozen dataclass. `settle` joins, weakest first: the dataclass defaults, the preset,
the JSON file given by --config, the flags given on the command line.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import math
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mangastyle.errors import MangastyleError
from mangastyle.files import read_json, write_json

PRECISIONS = ("auto", "float32", "mixed_bfloat16", "mixed_float16")


def option(
    default: Any, help: str, choices: tuple = (), least: float | None = None, most: float | None = None, positional: bool = False
) -> Any:  # fmt: skip
    """A dataclass field with what the command line needs to know about it."""
    return field(
        default=default,
        metadata={"help": help, "choices": choices, "least": least, "most": most, "positional": positional},
    )


@dataclass(frozen=True)
class Config:
    """What every command accepts."""

    preset: str = option("default", "a named set of options, see the end of this help")
    seed: int = option(0, "every random choice follows from it", least=0)
    force: bool = option(False, "overwrite results that exist already")

    def __post_init__(self) -> None:
        for f in dataclasses.fields(self):
            _check(f, getattr(self, f.name))


@dataclass(frozen=True)
class FetchConfig(Config):
    """Download pictures of manga characters from safebooru.org, politely, safe rating only."""

    tags: str = option("1girl solo", "space-separated tags to look for")
    count: int = option(20000, "how many pictures to have in the end", least=1)
    out: str = option("pictures", "folder for the pictures and manifest.jsonl; run again to resume")
    site: str = option("https://safebooru.org", "address of a site that speaks the Gelbooru 0.2 interface")
    rate: float = option(1.0, "requests per second at most", least=0.01)
    retries: int = option(6, "tries per request before a post is skipped, with growing pauses", least=1)
    timeout: float = option(30.0, "seconds to wait for an answer", least=0.1)
    dry_run: bool = option(False, "list what would be fetched, download nothing")


@dataclass(frozen=True)
class DrawConfig(Config):
    """Draw manga characters of our own: the embedded data set, with true line art and flat colours."""

    count: int = option(48, "how many characters", least=1)
    size: int = option(256, "side of each square picture, in pixels", least=16)
    out: str = option("drawn", "folder for the pictures")
    lines: bool = option(False, "also write each character's true line art, as NAME-line.png")
    flats: bool = option(False, "also write each character's flat colours, as NAME-flat.png")
    sheet: bool = option(False, "also write all characters on one picture, sheet.png")


@dataclass(frozen=True)
class SketchConfig(Config):
    """Turn pictures into line art by OpenCV's adaptive mean threshold (paper, section 4.1)."""

    inputs: str = option("", "a picture, or a folder of pictures", positional=True)
    out: str = option("", "output file or folder; default: NAME-sketch.png beside the picture, FOLDER-sketch")
    size: int = option(0, "work at this short side and return to full size; 0 = the picture's own size", least=0)
    block: int = option(0, "side of the mean's window, odd; 0 = grows with the picture from 9 at 256 px", least=0)
    c: float = option(2.0, "how much darker than its surroundings ink must be, in grey levels")
    despeckle: int = option(0, "remove ink specks of fewer pixels than this", least=0)
    max_megapixels: float = option(100.0, "refuse larger pictures before decoding them", least=0.001)


@dataclass(frozen=True)
class TrainConfig(Config):
    """Train a shading network: line art and colour hint in, shaded colour out (paper, section 4.2)."""

    data: tuple[str, ...] = option(("drawn:2000",), "folders, .zip or .tar files of pictures; drawn:N, our own drawn characters, or drawn:FROM-TO of them")
    out: str = option("runs/shade", "run folder: config, log, samples, checkpoints, weights")
    resume: bool = option(False, "go on from the last checkpoint in the run folder, exactly")
    describe: bool = option(False, "print the networks, layer by layer, and stop")
    init: str = option("", "start from the generator in this weights file")
    # data
    size: int = option(64, "side of the training pictures, in pixels", least=8)
    flip: bool = option(True, "mirror half of the pictures")
    closeups: float = option(0.2, "share of close-ups: crops at 1.3 to 4 times the size, from pictures that have the pixels", least=0)
    fine: float = option(0.6, "share of the pictures with thin, soft line art as hands draw it; the others have the paper's", least=0, most=1)
    hues: float = option(0.25, "share of the pictures with a hint whose hues are turned round, to teach trust in hints", least=0, most=1)
    hint: str = option("mixed", "hint to train with: paper, default, mixed or none", ("paper", "default", "mixed", "none"))
    no_hint: float = option(0.15, "share of the pictures that train without a hint", least=0)
    validation: float = option(0.02, "share of the pictures held out to choose the best weights", least=0)
    test: float = option(0.02, "share of the pictures never touched by training", least=0)
    # networks
    model: str = option("gan", "gan: U-Net and discriminator; baseline: the simple CNN of Fig. 2", ("gan", "baseline"))
    width: int = option(64, "features of the first level; each level doubles them", least=1)
    levels: int = option(4, "levels of the U-Net, each of stride 2", least=1)
    residual: int = option(1, "residual blocks at the lowest level (Fig. 7)", least=0)
    upsample: str = option("resize", "transpose: 5x5 transposed convolution; resize: enlarge, then convolve", ("transpose", "resize"))
    head: str = option("fc", "discriminator's verdict: fc, one for the picture; patch, one for each region", ("fc", "patch"))
    see_line: bool = option(True, "show the line art to the discriminator too")
    # loss
    distance: str = option("l1", "pixel distance beside the adversarial loss", ("l1", "l2"))
    distance_weight: float = option(100.0, "weight of the pixel distance", least=0)
    perceptual_weight: float = option(0.0, "weight of the perceptual distance, by the slim VGG-19 that ships", least=0)
    hintless: float = option(1.0, "share of both distances' weights for pictures without a hint: their colours nobody can know, and the mean of all is grey", least=0)
    hinted: float = option(1.0, "share of the adversarial weight for pictures with a hint: it tells their colours, and distances then say more", least=0)
    gan_weight: float = option(1.0, "weight of the adversarial loss in the generator; 0 = train without discriminator", least=0)
    # schedule
    epochs: float = option(0, "stop after this many passes over the data", least=0)
    steps: int = option(0, "stop after this many steps", least=0)
    minutes: float = option(0, "stop after this many minutes", least=0)
    batch: int = option(32, "pictures a step, over all devices together", least=1)
    learning_rate: float = option(2e-4, "Adam's step size", least=0)
    beta_1: float = option(0.5, "Adam's momentum", least=0)
    decay: str = option("linear", "learning rate over the last half of the run: constant, or linear to zero", ("constant", "linear"))
    ema: float = option(0.999, "momentum of the generator's averaged weights; 0 = no averaging", least=0)
    # running
    precision: str = option("auto", "arithmetic; auto = bfloat16 or float16 where the processor has it", PRECISIONS)
    strategy: str = option("none", "tf.distribute strategy", ("none", "mirrored", "multiworker"))
    checkpoint_every: int = option(500, "steps between checkpoints", least=1)
    keep: int = option(2, "checkpoints to keep", least=1)
    validate_every: int = option(500, "steps between validations", least=1)
    sample_every: int = option(500, "steps between sample sheets", least=1)
    cache: str = option("", "folder for decoded pictures; default: the user's cache folder")
    max_megapixels: float = option(100.0, "refuse larger pictures before decoding them", least=0.001)


@dataclass(frozen=True)
class ShadeConfig(Config):
    """Colour and shade line art with a trained network, at the picture's own size."""

    inputs: str = option("", "line art, a colour picture (sketched first), or a folder", positional=True)
    hint: str = option("none", "none; auto (simulated from the colour picture); a hint picture, strokes in a transparent PNG, points and lines in a JSON file")
    hint_kind: str = option("default", "the simulated hint of --hint auto", ("paper", "default"))
    palette: tuple[str, ...] = option((), "colours (#rrggbb) or a reference picture that set the colours instead of a hint")
    weights: str = option("", "weights file from training, or one that ships: shade, shade-paper, baseline; default: shade")
    out: str = option("", "output file or folder; default: NAME-shaded.png beside the picture, FOLDER-shaded")
    work_size: int = option(0, "short side at which the colours are laid out; 0 = as the weights were trained", least=0)
    refine: int = option(512, "short side up to which the network sharpens its colours, scale by scale", least=8)
    ink: float = option(0.7, "how strongly the line art is drawn over the colours, 0 to 1", least=0)
    precision: str = option("auto", "arithmetic; auto = bfloat16 or float16 where the processor has it", PRECISIONS)
    max_megapixels: float = option(100.0, "refuse larger pictures before decoding them", least=0.001)


@dataclass(frozen=True)
class ExportConfig(Config):
    """Write trained networks as a TensorFlow SavedModel, which needs TensorFlow alone: uint8 in and out, any size."""

    model: str = option("shade", "shade: one pass of the shading network; full: sketch, shading at any size and one-pass style in one graph", ("shade", "full"))
    weights: str = option("", "weights file from training, or one that ships: shade, shade-paper, baseline; default: shade")
    fast_weights: str = option("", "for --model full: weights file of the one-pass painter, from mangastyle teach; default: the shipped ones")
    out: str = option("", "folder for the SavedModel; default: shade-savedmodel or full-savedmodel")


@dataclass(frozen=True)
class StyleConfig(Config):
    """Paint a picture in the style of a painting by optimisation on VGG-19 features (paper, section 4.3)."""

    inputs: str = option("", "content: a picture, or a folder of pictures", positional=True)
    style: tuple[str, ...] = option((), "the painting; several are blended")
    style_weights: tuple[float, ...] = option((), "weight of each painting, in their order; default: all alike", least=0)
    mask: tuple[str, ...] = option((), "a mask for each painting, of the content's size: it paints where its mask is white")
    out: str = option("", "output file or folder; default: NAME-styled.png beside the picture, FOLDER-styled")
    fast: bool = option(False, "paint in one pass of a trained network: a fraction of a second instead of minutes")
    fast_weights: str = option("", "weights file of the one-pass painter, from mangastyle teach; default: the shipped ones")
    # look
    strength: float = option(0.5, "0 keeps the picture, 1 knows only the painting; it means the same at every size", least=0, most=1)
    size: int = option(512, "short side to work at and return; 0 = the content's own size", least=0)
    style_scale: float = option(1.0, "size of the brush strokes: the painting is shown to VGG-19 this much larger or smaller", least=0.05, most=10)
    style_size: str = option("own", "own: in its own shape, reduced to as many pixels as the content; content: stretched to the content's size, as the paper does", ("own", "content"))
    keep_colors: bool = option(False, "keep the content's colours: only its lightness is painted")
    match_colors: bool = option(False, "give the painting the content's colours (mean and covariance) before it is copied")
    init: str = option("content", "start from content, style or noise (Fig. 11), or from the picture in this file")
    # optimisation
    optimizer: str = option("lbfgs", "lbfgs (SciPy) or adam", ("lbfgs", "adam"))
    iterations: int = option(25, "iterations at the final size; a scale of half its side gets twice as many", least=1)
    min_size: int = option(128, "short side of the coarsest scale; 0 = paint at the final size alone", least=0)
    oversample: float = option(1.0, "paint this many times as large and reduce the result: strokes are finer and calmer", least=1, most=8)
    scale_step: float = option(2.0, "how much larger each scale is than the one before", least=1.05)
    learning_rate: float = option(2.5, "Adam's step size, in grey levels of 255", least=0)
    averaging: float = option(0.0, "momentum of the average of Adam's pictures, which is calmer than any of them; 0 = the best one", least=0, most=0.9999)
    # loss
    loss: str = option("mean", "sum: the paper's equations to the letter; mean: the same relative to the target, free of the picture's size", ("sum", "mean"))
    content_weight: float = option(1.0, "alpha of equation 7 at strength 0.5", least=0)
    style_weight: float = option(5.0, "beta of equation 7 at strength 0.5", least=0)
    tv_weight: float = option(4.0, "weight of the total variation, which calms speckle", least=0)
    content_layers: tuple[str, ...] = option(("relu4_2",), "VGG-19 layers whose features keep the content")
    style_layers: tuple[str, ...] = option(("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"), "VGG-19 layers whose statistics carry the style")
    style_layer_weights: tuple[float, ...] = option((), "weight of each of them (w of equation 5); default: all alike", least=0)
    distance: str = option("wasserstein", "of styles: wasserstein, between features' means and covariances, which copies strokes and colours more wholly; gram, equation 4", ("wasserstein", "gram"))
    # network
    backbone: str = option("auto", "auto = the full VGG-19 if at hand, else the slim one that ships; full; slim; random; or an HDF5 weights file")
    pooling: str = option("average", "average, as the paper has it, or max, as VGG-19 was trained", ("average", "max"))
    allow_download: bool = option(False, "let Keras download the VGG-19 weights (80 MB) if they are not at hand")
    precision: str = option("auto", "arithmetic; auto = bfloat16 or float16 where the processor has it", PRECISIONS)
    winograd: bool = option(True, "on processors, do large convolutions with a quarter of the products: faster; in float32 gradients stay within 0.02 %, in bfloat16 they are off by 5 % instead of 4 %")
    # records
    save_every: int = option(0, "also save the picture every so many iterations, as NAME-0050.png; 0 = never", least=0)
    log: bool = option(False, "also write every iteration's losses and seconds, as NAME.csv")
    plot: bool = option(False, "also draw the losses against iterations and seconds, as NAME-losses.png (Figs 22, 23)")
    compare: bool = option(False, "run both optimisers and print the paper's table of final losses and seconds")
    max_megapixels: float = option(100.0, "refuse larger pictures before decoding them", least=0.001)


@dataclass(frozen=True)
class ReconstructConfig(Config):
    """Show what VGG-19's layers know of a picture: paint one anew, from white noise, that they cannot tell from it (Figs 10, 11)."""

    inputs: str = option("", "a picture", positional=True)
    layers: tuple[str, ...] = option(("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"), "VGG-19 layers, shallow to deep")
    kind: str = option("content", "content: a picture from each layer's features; style: from the statistics of each layer and those before it", ("content", "style"))
    out: str = option("", "folder for the pictures and the sheet of them; default: NAME-reconstructed beside the picture")
    size: int = option(256, "short side to work at; 0 = the picture's own size", least=0)
    optimizer: str = option("lbfgs", "lbfgs (SciPy) or adam", ("lbfgs", "adam"))
    iterations: int = option(200, "iterations for each picture", least=1)
    tv_weight: float = option(0.5, "weight of the total variation, which calms speckle", least=0)
    backbone: str = option("auto", "as for mangastyle style")
    allow_download: bool = option(False, "let Keras download the VGG-19 weights (80 MB) if they are not at hand")
    precision: str = option("auto", "arithmetic; auto = bfloat16 or float16 where the processor has it", PRECISIONS)
    max_megapixels: float = option(100.0, "refuse larger pictures before decoding them", least=0.001)


@dataclass(frozen=True)
class DistillConfig(Config):
    """Train the slim VGG-19 that ships with mangastyle, taught by the full one."""

    teacher: str = option("full", "the full VGG-19: full, or an HDF5 weights file, as for mangastyle style")
    data: tuple[str, ...] = option(("drawn:600",), "pictures to paint: folders, .zip or .tar files, or drawn:N")
    paintings: tuple[str, ...] = option((), "paintings, likewise; default: the same as --data")
    out: str = option("runs/slim", "run folder: config, log, checkpoints, slim.h5")
    resume: bool = option(False, "go on from the last checkpoint in the run folder")
    widths: tuple[int, ...] = option((16, 48, 96, 192, 192), "channels of the five blocks; the full VGG-19 has 64 128 256 512 512", least=1)
    crop: int = option(160, "side of the training crops, in pixels", least=32)
    batch: int = option(6, "crops a step", least=1)
    painted: int = option(3, "pictures being painted with the slim network, which learns from them too", least=1)
    life: int = option(60, "steps for which each of them is painted", least=1)
    steps: int = option(8000, "stop after this many steps", least=1)
    learning_rate: float = option(2e-3, "Lamb's step size at its highest, as a share of each weight array's norm", least=0)
    gram_weight: float = option(0.5, "weight of the Gram matrices' errors beside the features'", least=0)
    precision: str = option("auto", "arithmetic; auto = bfloat16 or float16 where the processor has it", PRECISIONS)
    checkpoint_every: int = option(250, "steps between checkpoints", least=1)
    cache: str = option("", "folder for decoded pictures; default: the user's cache folder")
    max_megapixels: float = option(100.0, "refuse larger pictures before decoding them", least=0.001)


@dataclass(frozen=True)
class TeachConfig(Config):
    """Train the one-pass painter of `mangastyle style --fast`: any content, any painting, any strength."""

    data: tuple[str, ...] = option(("drawn:600",), "pictures to paint: folders, .zip or .tar files, or drawn:N")
    paintings: tuple[str, ...] = option((), "paintings, likewise; default: the same as --data")
    out: str = option("runs/onepass", "run folder: config, log, samples, checkpoints, last.h5")
    resume: bool = option(False, "go on from the last checkpoint in the run folder")
    init: str = option("", "start from the decoder in this weights file")
    crop: int = option(192, "side of the training crops, in pixels", least=64)
    batch: int = option(3, "crops a step", least=1)
    steps: int = option(20000, "stop after this many steps", least=1)
    learning_rate: float = option(1e-3, "Adam's step size at its highest", least=0)
    precision: str = option("auto", "arithmetic; auto = bfloat16 or float16 where the processor has it", PRECISIONS)
    checkpoint_every: int = option(250, "steps between checkpoints and sample sheets", least=1)
    cache: str = option("", "folder for decoded pictures; default: the user's cache folder")
    max_megapixels: float = option(100.0, "refuse larger pictures before decoding them", least=0.001)


@dataclass(frozen=True)
class RunConfig(Config):
    """The whole way: picture, sketch, hint, shaded colour, painter's style, and a sheet of all of them."""

    inputs: str = option("", "a picture, or a folder of pictures; default: a drawn character that ships with mangastyle", positional=True)
    style: tuple[str, ...] = option((), "the painting; several are blended; default: one that mangastyle paints itself")
    hint: str = option("auto", "auto, none, or a hint file, as for mangastyle shade")
    weights: str = option("", "weights file from training, or one that ships: shade, shade-paper, baseline; default: shade")
    fast_weights: str = option("", "weights file of the one-pass painter, from mangastyle teach; default: the shipped ones")
    strength: float = option(0.5, "0 keeps the shaded picture, 1 knows only the painting", least=0, most=1)
    quality: bool = option(False, "paint the style by optimisation, as mangastyle style does, instead of in one pass: minutes instead of a second")
    iterations: int = option(25, "with --quality: iterations of the optimiser, as for mangastyle style", least=1)
    backbone: str = option("auto", "with --quality: as for mangastyle style")
    allow_download: bool = option(False, "with --quality: let Keras download the VGG-19 weights (80 MB) if they are not at hand")
    size: int = option(384, "short side of the pictures made; 0 = the picture's own size", least=0)
    out: str = option("out", "folder for the results")
    precision: str = option("auto", "arithmetic; auto = bfloat16 or float16 where the processor has it", PRECISIONS)
    max_megapixels: float = option(100.0, "refuse larger pictures before decoding them", least=0.001)


@dataclass(frozen=True)
class WeightsConfig(Config):
    """Say which trained networks are at hand and sound, fetch VGG-19, or describe it layer by layer (Fig. 13)."""

    action: str = option("list", "list (default), get or describe", ("list", "get", "describe"), positional=True)
    network: str = option("vgg19", "what to get or describe; only vgg19 does not ship", ("vgg19",), positional=True)
    size: int = option(512, "side of the square picture that describe shows the layers for", least=32)


@dataclass(frozen=True)
class EvaluateConfig(Config):
    """Measure shading networks on pictures they never saw, or any generated pictures beside their originals (Figs 15-19)."""

    weights: tuple[str, ...] = option((), "weights files from training, or as for mangastyle shade, put side by side if several; hint: the hint itself as the picture; default: shade")
    data: tuple[str, ...] = option(("drawn:200",), "pictures that were not trained on: folders, .zip or .tar files, or drawn:N")
    pairs: tuple[str, ...] = option((), "judge these instead: a folder of generated pictures, and one of originals with the same names")
    count: int = option(100, "how many pictures, chosen at random; 0 = all", least=0)
    hint: str = option("default", "what the network is given beside the line art, as in training; strokes: ten dabs of colour", ("default", "paper", "mixed", "strokes", "none"))
    size: int = option(0, "side of the squares that are judged; 0 = the size each network was trained at", least=0)
    worst: int = option(0, "also show so many of the worst pictures, by perceptual distance, in worst.png", least=0)
    out: str = option("evaluation", "folder for summary.json, metrics.csv, table.md, histograms.png and sheet.png")
    backbone: str = option("auto", "VGG-19 for the perceptual distance, as for mangastyle style")
    precision: str = option("auto", "arithmetic; auto = bfloat16 or float16 where the processor has it", PRECISIONS)
    cache: str = option("", "folder for decoded pictures; default: the user's cache folder")
    max_megapixels: float = option(100.0, "refuse larger pictures before decoding them", least=0.001)


@dataclass(frozen=True)
class FiguresConfig(Config):
    """Draw the figures of the paper, 1 to 23, from real computation with the networks at hand."""

    only: str = option("1-23", "which figures: numbers and ranges, as in 1,4,15-19")
    fast: bool = option(False, "small pictures and few iterations: shows in a minute that everything works")
    out: str = option("figures", "folder for figure-01.png to figure-23.png and config.json; figures that are there are kept")
    picture: str = option("", "the picture that is painted; default: a drawn character")
    style: tuple[str, ...] = option((), "the paintings; default: those of mangastyle's own painters")
    data: tuple[str, ...] = option(("drawn:200",), "pictures that are shaded and measured: folders, .zip or .tar files, or drawn:N")
    count: int = option(100, "how many of them are measured, chosen at random", least=2)
    weights: str = option("", "weights file of the generator; default: the shipped ones")
    paper: str = option("", "weights file of the generator trained as in the paper, for 4, 5 and 15-19; default: the shipped ones")
    baseline: str = option("", "weights file of the baseline of Fig. 2; default: the shipped ones")
    backbone: str = option("slim", "VGG-19, as for mangastyle style; slim, which ships, gives everyone the same figures")
    precision: str = option("auto", "arithmetic; auto = bfloat16 or float16 where the processor has it", PRECISIONS)
    cache: str = option("", "folder for decoded pictures; default: the user's cache folder")
    max_megapixels: float = option(100.0, "refuse larger pictures before decoding them", least=0.001)


PRESETS: dict[type, dict[str, dict[str, Any]]] = {
    SketchConfig: {"paper": {"block": 9, "c": 2.0}},
    TrainConfig: {
        "paper": {
            "hint": "paper", "no_hint": 0.1, "flip": False, "closeups": 0.0, "fine": 0.0, "hues": 0.0, "upsample": "transpose", "see_line": False,
            "distance": "l2", "epochs": 25, "decay": "constant", "ema": 0.0,
        },
        "tiny": {
            "data": ("drawn:64",), "size": 32, "width": 8, "levels": 3, "batch": 8, "steps": 40,
            "checkpoint_every": 20, "validate_every": 20, "sample_every": 20,
        },
    },
    ShadeConfig: {"paper": {"weights": "shade-paper", "hint_kind": "paper", "ink": 0.0}},
    StyleConfig: {
        "paper": {
            "loss": "sum", "content_weight": 0.001, "style_weight": 0.001, "tv_weight": 0.0, "iterations": 1000,
            "learning_rate": 1.0, "style_size": "content", "min_size": 0, "distance": "gram", "content_layers": ("conv4_2",),
            "style_layers": ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"),
            "precision": "float32",  # equal weights let the content win: the loss falls by less than bfloat16 can tell
        },
        "quality": {"oversample": 1.5, "scale_step": 2**0.5, "iterations": 40},
        "tiny": {"iterations": 5, "size": 64},
    },
    RunConfig: {"tiny": {"size": 64}},
}  # fmt: skip


def presets(cls: type) -> dict[str, dict[str, Any]]:
    """The presets of a command by name; `default` changes nothing."""
    return {"default": {}, **PRESETS.get(cls, {})}


def settle(cls: type, flags: dict[str, Any], file: str | Path | None = None) -> Any:
    """Make the `cls` config: defaults, then preset, then JSON `file`, then `flags`.

    Raises `MangastyleError` for an unknown preset or key, with the nearest known name.
    """
    stored = read_json(Path(file)) if file else {}
    if not isinstance(stored, dict):
        raise MangastyleError(f"{file}: must hold one JSON object of options")
    stored = {key: value for key, value in stored.items() if key != "command"}
    name = flags.get("preset", stored.get("preset", "default"))
    known = presets(cls)
    if str(name) not in known:
        raise MangastyleError(f"unknown preset {name!r}{near(name, known)}; there are: {', '.join(known)}")
    fields = {f.name: f for f in dataclasses.fields(cls)}
    merged: dict[str, Any] = {}
    for source, values in ((f"preset {name}", known[name]), (str(file), stored), ("flags", flags)):
        for key, value in values.items():
            if key not in fields:
                raise MangastyleError(f"{source}: unknown option {key!r}{near(key, fields)}")
            merged[key] = tuple(value) if isinstance(value, list) else value
    return cls(**{**merged, "preset": name})


def to_json(config: Any) -> dict[str, Any]:
    """The config as JSON-ready values."""
    return json.loads(json.dumps(dataclasses.asdict(config)))


def save_config(folder: Path, command: str, config: Any) -> None:
    """Write `config.json` into a results folder: `mangastyle COMMAND --config config.json` repeats it."""
    # Leave to overwrite was given for that one run only.
    write_json(Path(folder) / "config.json", {"command": command, **to_json(config), "force": False})


def near(name: str, known: Any) -> str:
    """For error messages: " (did you mean 'x'?)", x the nearest of the `known` names; empty if none is near."""
    close = difflib.get_close_matches(str(name), list(known), 1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def field_type(f: dataclasses.Field) -> tuple[type, bool]:
    """(element type, whether the field is a tuple of them)."""
    kind = f.type if not isinstance(f.type, str) else eval(f.type, vars(typing) | vars(types))
    if typing.get_origin(kind) is tuple:
        return typing.get_args(kind)[0], True
    return kind, False


def _check(f: dataclasses.Field, value: Any) -> None:
    """Raise `MangastyleError` if `value` does not suit the field."""
    flag = f.name if f.metadata["positional"] else "--" + f.name.replace("_", "-")
    kind, many = field_type(f)
    if many and not isinstance(value, tuple):
        raise MangastyleError(f"{flag}: must be a list, not {value!r}")
    for v in value if many else (value,):
        right = isinstance(v, (int, float)) and not isinstance(v, bool) if kind is float else type(v) is kind
        if not right:
            raise MangastyleError(f"{flag}: must be of type {kind.__name__}, not {v!r}")
        if kind is float and not math.isfinite(v):
            raise MangastyleError(f"{flag}: must be a finite number, not {v}")
        if f.metadata["choices"] and v not in f.metadata["choices"]:
            raise MangastyleError(f"{flag}: {v!r}{near(v, f.metadata['choices'])} is none of {', '.join(f.metadata['choices'])}")
        if f.metadata["least"] is not None and not v >= f.metadata["least"]:
            raise MangastyleError(f"{flag}: must be at least {f.metadata['least']:g}, not {v}")
        if f.metadata["most"] is not None and not v <= f.metadata["most"]:
            raise MangastyleError(f"{flag}: must be at most {f.metadata['most']:g}, not {v}")
