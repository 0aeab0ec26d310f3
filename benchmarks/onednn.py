"""What does oneDNN gain? The core of each command with TF_ENABLE_ONEDNN_OPTS=1 and =0.

    python benchmarks/onednn.py --out onednn.json
    python benchmarks/onednn.py --isa AVX2     # as on a processor that has no AVX512, as far as it can be emulated

Every core and setting has a process of its own; the two settings take turns, like the frameworks of `train_step.py`.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any, Callable

import numpy as np
import recording
import train_step
from train_step import measure

from mangastyle.io.files import write_json
from mangastyle.ops import pixels
from mangastyle.synthetic import characters, paintings

SIDE = 512  # of pictures, in pixels
OPTIMIZE_SIDE = 256  # of those that are optimized
EVALUATED = 8  # pictures
TABLE_HEAD = "| | seconds without | with oneDNN | time with, of without | first call without | with |\n|---|---:|---:|---:|---:|---:|"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--only", nargs="+", choices=tuple(CORES), help="some of the cores")
    parser.add_argument("--vgg19", default="random", help="HDF5 file of the full VGG-19; random: one never trained")
    parser.add_argument("--precision", default="float32", help="a Keras dtype policy")
    parser.add_argument("--isa", help="the instructions that oneDNN and XLA may use, such as AVX2")
    parser.add_argument("--rounds", type=int, default=5, help="turns each setting takes")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of a turn")
    parser.add_argument("--quick", action="store_true", help="tiny numbers, to see that everything runs")
    parser.add_argument("--out", help="JSON file for all results")
    parser.add_argument("--job", help=argparse.SUPPRESS)  # what a process of its own is to do, as JSON
    recording.add_option(parser)
    options = parser.parse_args()
    if options.job:
        train_step.serve(json.loads(options.job), CORES)
        return
    if options.quick:
        options.only, options.rounds, options.seconds = options.only or ["shade"], 1, 0.1
    isa = {"ONEDNN_MAX_CPU_ISA": options.isa, "XLA_FLAGS": f"--xla_cpu_max_isa={options.isa}"} if options.isa else {}
    result = {"machine": recording.machine(), "options": vars(options), "cores": {}}
    print(TABLE_HEAD, flush=True)
    for core in options.only or CORES:
        job = {"what": core, "vgg19": options.vgg19, "precision": options.precision, "side": 64 if options.quick else SIDE}
        jobs = [{**job, "environment": {**isa, "TF_ENABLE_ONEDNN_OPTS": setting}} for setting in ("0", "1")]
        without, with_onednn = result["cores"][core] = measure(jobs, options)
        share = with_onednn["seconds"] / without["seconds"]
        first = f"{without['first']:.1f} | {with_onednn['first']:.1f}"
        print(f"| {core} | {without['seconds']:.3f} | {with_onednn['seconds']:.3f} | {share:.2f} | {first} |", flush=True)
    if options.out:
        write_json(Path(options.out), result)
    shares = {name: found["seconds"] / before["seconds"] for name, (before, found) in result["cores"].items()}
    rows = [recording.row(f"{name}: seconds with oneDNN over without", share) for name, share in shares.items()]
    recording.record(options.json, rows, name=f"onednn, {options.isa}" if options.isa else "", data="drawn pictures")


def core(prepare: Callable[[dict], Callable[[], Any]]) -> Callable[[dict], tuple[Callable[[], Any], dict]]:
    """A job for `train_step.serve` from a function that loads what a core needs and returns it; its first call is timed."""

    def job(job: dict) -> tuple[Callable[[], Any], dict]:
        call = prepare(job)
        start = time.perf_counter()
        call()
        return call, {"first": time.perf_counter() - start}

    return job


def picture(side: int, seed: int = 0) -> np.ndarray:
    """uint8 (side, side, 3)."""
    return pixels.resize(characters.draw(seed, min(side, characters.MAX_SIZE)), side, side)


def painting(side: int) -> np.ndarray:
    """uint8 (side, side, 3)."""
    return pixels.resize(paintings.paint("brush", 1), side, side)


def train(preset: str) -> Callable[[dict], tuple[Callable[[], Any], dict]]:
    """A step of `mangastyle train` with a preset."""
    names = {"float32": "float32", "mixed_bfloat16": "bfloat16"}
    return core(lambda job: train_step.our_step({"preset": preset, "precision": names[job["precision"]]})[0])


def train_onepass(job: dict) -> Callable[[], Any]:
    """A step of the training of the one-pass decoder."""
    import tensorflow as tf

    from mangastyle.training import onepass
    from mangastyle.training.settings import OnePassTrainSettings

    settings = OnePassTrainSettings()
    step = onepass.make_train_step(settings, tf.distribute.get_strategy(), onepass.TrainState(settings, policy=job["precision"]))
    contents, styles = crops(settings.batch, settings.crop), crops(settings.batch, settings.crop)
    batch, number = (contents, styles, tf.fill((settings.batch,), 0.5)), tf.constant(0)
    return lambda: float(step(batch, number)["loss"])


def train_slim_vgg(job: dict) -> Callable[[], Any]:
    """A step of the training of the slim VGG-19."""
    import tensorflow as tf

    from mangastyle.training import slim_vgg
    from mangastyle.training.settings import SlimVGGSettings
    from mangastyle.vgg.backbone import backbone

    settings, teacher = SlimVGGSettings(), backbone(job["vgg19"], policy=job["precision"])
    student = slim_vgg.Student(settings, job["precision"], teacher)
    canvases = slim_vgg.Canvases(settings, student)
    step = slim_vgg.make_train_step(settings, tf.distribute.get_strategy(), teacher, student, canvases)
    batch, number = (crops(settings.batch, settings.crop),), tf.constant(0)
    return lambda: float(step(batch, number)["loss"])


def crops(count: int, side: int) -> Any:
    """float32 (count, side, side, 3) in 0..255."""
    import tensorflow as tf

    return tf.constant(np.stack([picture(side, seed) for seed in range(count)]), tf.float32)


def shade(job: dict) -> Callable[[], Any]:
    """A picture, without a hint."""
    from mangastyle.shade.shader import Shader

    shader, given = Shader("shade", precision=job["precision"]), picture(job["side"])
    return lambda: shader(given)


def onepass(job: dict) -> Callable[[], Any]:
    """A picture, by a painting whose statistics are known."""
    from mangastyle.style.stylize import Stylizer

    stylizer = Stylizer([painting(job["side"])], method="onepass", size=0, precision=job["precision"])
    given = picture(job["side"])
    return lambda: stylizer(given)


def optimize(job: dict, name: str) -> Callable[[], Any]:
    """One evaluation of the objective and its gradient."""
    from mangastyle.style.optimize.objective import Objective, References
    from mangastyle.style.optimize.settings import OptimizeSettings
    from mangastyle.vgg.backbone import backbone

    objective = Objective(backbone(name, policy=job["precision"]), OptimizeSettings(), num_styles=1)
    given = picture(OPTIMIZE_SIDE)
    targets = objective.targets(References(given, [objective.style_statistics(painting(OPTIMIZE_SIDE))]))
    start = given.astype(np.float32)
    return lambda: objective(start, targets)[0].numpy()


def evaluate(job: dict) -> Callable[[], Any]:
    """Perceptual distances."""
    from mangastyle.vgg.backbone import backbone
    from mangastyle.vgg.perceptual import Perceptual

    distance = Perceptual(backbone("slim", policy=job["precision"]))
    given = np.stack([picture(OPTIMIZE_SIDE, seed) for seed in range(EVALUATED)])
    return lambda: distance(given, given[::-1])


CORES = {
    "train-paper": train("paper"),
    "train-default": train("default"),
    "train-onepass": core(train_onepass),
    "train-slim-vgg": core(train_slim_vgg),
    "shade": core(shade),
    "style-onepass": core(onepass),
    "style-slim": core(lambda job: optimize(job, "slim")),
    "style-full": core(lambda job: optimize(job, job["vgg19"])),
    "evaluate": core(evaluate),
}

if __name__ == "__main__":
    main()
