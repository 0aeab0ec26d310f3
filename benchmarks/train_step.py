"""How fast is one training step, beside the same step in PyTorch and beside what the machine can do at most?

    pip install -e .[bench]
    python benchmarks/train_step.py --input --out train_step.json

Every (framework, precision, batch) runs in a process of its own, so that their memory and threads stay apart. The
two frameworks take turns, A B A B, so that both meet the same disturbances on the machine; the others wait meanwhile.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import recording

from mangastyle.cli import train as train_command  # loads neither framework: this process stays small
from mangastyle.cli.options import settle
from mangastyle.io.files import write_json
from mangastyle.startup import enable_onednn
from mangastyle.training.settings import TrainSettings

FRAMEWORKS = ("ours", "torch")
WARM_UP = 3  # calls before the clock: tracing, code generation, memory
PEAK = dict(batch=32, side=32, width=256)  # the convolution that stands for the machine's best
TABLE_HEAD = (
    "| precision | batch | framework | pictures/s | quartiles | GFLOP/s | share of peak | peak memory |\n"
    "|---|---:|---|---:|---:|---:|---:|---:|"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--presets", nargs="+", default=["paper", "default"], choices=("paper", "default"))
    parser.add_argument("--precisions", nargs="+", default=["float32", "bfloat16"], choices=("float32", "bfloat16"))
    parser.add_argument("--batches", nargs="+", type=int, default=[16, 32, 64], help="pictures a step")
    parser.add_argument("--rounds", type=int, default=5, help="turns each framework takes")
    parser.add_argument("--seconds", type=float, default=6.0, help="length of a turn")
    parser.add_argument("--only", choices=FRAMEWORKS, help="one framework alone")
    parser.add_argument("--input", action="store_true", help="also measure the input pipeline alone")
    parser.add_argument("--data", default="drawn:2000", help="pictures of --input, as for mangastyle train")
    parser.add_argument("--quick", action="store_true", help="tiny numbers, to see that everything runs")
    parser.add_argument("--out", help="JSON file for all results")
    parser.add_argument("--job", help=argparse.SUPPRESS)  # what a process of its own is to do, as JSON
    recording.add_option(parser)
    options = parser.parse_args()
    if options.job:
        serve(json.loads(options.job), JOBS)
        return
    enable_onednn()
    if options.quick:
        options.batches, options.rounds, options.seconds, options.data = [2], 1, 0.1, "drawn:16"

    result = {"machine": recording.machine(), "options": vars(options), "peak": {}, "steps": [], "presets": {}}
    frameworks = [options.only] if options.only else list(FRAMEWORKS)
    for precision in options.precisions:
        result["peak"][precision] = peak(precision, frameworks, options)
    for preset in options.presets:
        facts = Worker({"what": "facts", "preset": preset}).finish()
        result["presets"][preset] = facts
        size = f"{facts['trainable'] / 1e6:.1f} M parameters, {facts['gflop']:.2f} GFLOP per picture and step"
        print(f"\n{preset}: {size}\n")
        print(TABLE_HEAD, flush=True)
        for precision in options.precisions:
            for batch in options.batches:
                jobs = [{"what": name, "preset": preset, "precision": precision, "batch": batch} for name in frameworks]
                for job, run in zip(jobs, measure(jobs, options)):
                    if (run["trainable"], run["parameters"]) != (facts["trainable"], facts["parameters"]):
                        raise SystemExit(f"{job}: reports {run}, but the networks are {facts}")
                    rate = batch / run["seconds"]
                    row = {
                        **job,
                        **run,
                        "pictures_per_second": rate,
                        "quartiles": [batch / seconds for seconds in reversed(run["quartiles"])],
                        "gflops": rate * facts["gflop"],
                        "share_of_peak": rate * facts["gflop"] / result["peak"][precision],
                    }
                    result["steps"].append(row)
                    print(table_row(row), flush=True)
        print()
        rows = [row for row in result["steps"] if row["preset"] == preset]
        best = {name: max((row for row in rows if row["what"] == name), key=lambda row: row["pictures_per_second"]) for name in frameworks}
        if len(best) == 2:
            facts["ratio"] = best["ours"]["pictures_per_second"] / best["torch"]["pictures_per_second"]
            described = ", ".join(f"{name} {r['precision']} batch {r['batch']}" for name, r in best.items())
            print(f"best of ours / best of torch: {facts['ratio']:.2f} ({described})")
        if "ours" in best:
            job = {"what": "simulate", "preset": preset, "batch": best["ours"]["batch"]}
            facts["simulate_share"] = measure([job], options)[0]["seconds"] / best["ours"]["seconds"]
            print(f"line art and hints take {facts['simulate_share']:.1%} of our best step")
            if options.input:
                job = {"what": "input", "preset": preset, "batch": best["ours"]["batch"], "data": options.data}
                facts["input_pictures_per_second"] = job["batch"] / measure([job], options)[0]["seconds"]
                rate = facts["input_pictures_per_second"]
                times = rate / best["ours"]["pictures_per_second"]
                print(f"input pipeline alone: {rate:.0f} pictures/s, {times:.0f} times our best step")
        print(flush=True)
    if options.out:
        write_json(Path(options.out), result)
    recording.record(options.json, recorded(result), data="random pictures of 64 px")


def recorded(result: dict) -> list[dict]:
    """The rows for results/: pictures a second, and how many times as fast as PyTorch each preset and precision is at its best."""
    rates, rows = {}, []
    for run in result["steps"]:
        rates.setdefault((run["preset"], run["precision"]), {}).setdefault(run["what"], {})[run["batch"]] = run["pictures_per_second"]
    for (preset, precision), found in rates.items():
        ours, torch = (found.get(name, {}) for name in FRAMEWORKS)
        for batch, rate in ours.items():
            reference = {"PyTorch": recording.rounded(torch[batch])} if batch in torch else None
            rows.append(recording.row(f"preset `{preset}`, {precision}, batch {batch}", rate, unit="pictures/s", reference=reference))
        if ours and torch:
            ratio = max(ours.values()) / max(torch.values())
            rows.append(recording.row(f"preset `{preset}`, {precision}: times as fast as PyTorch", ratio))
    return rows


def peak(precision: str, frameworks: list[str], options: argparse.Namespace) -> float:
    """GFLOP/s of one large convolution in the better of the frameworks."""
    runs = measure([{"what": f"peak_{name}", "precision": precision} for name in frameworks], options)
    operations = 2 * 9 * PEAK["batch"] * PEAK["side"] ** 2 * PEAK["width"] ** 2
    best = max(operations / run["seconds"] / 1e9 for run in runs)
    print(f"peak of a 3x3 convolution, {precision}: {best:.0f} GFLOP/s", flush=True)
    return best


def table_row(row: dict) -> str:
    low, high = row["quartiles"]
    return (
        f"| {row['precision']} | {row['batch']} | {row['what']} "
        f"| {row['pictures_per_second']:.1f} | {low:.1f} to {high:.1f} "
        f"| {row['gflops']:.0f} | {row['share_of_peak']:.0%} | {row['memory'] / 2**30:.2f} GiB |"
    )


class Worker:
    """A process that does one job: it reports when it is ready, then takes a turn for each line on its standard input."""

    def __init__(self, job: dict) -> None:
        command = [sys.executable, sys.argv[0], "--job", json.dumps(job)]
        environment = {**os.environ, **job.get("environment", {})}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        self.job, self.ready = job, None
        self.ready = self.answer()

    def answer(self) -> dict:
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.job}: the process ended with {self.process.wait()}")
        return json.loads(line)

    def turn(self, seconds: float) -> dict:
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        return self.answer()

    def finish(self) -> dict:
        self.process.stdin.close()
        self.process.wait()
        return self.ready


def measure(jobs: list[dict], options: argparse.Namespace) -> list[dict]:
    """Let the jobs take turns: seconds of one call (median, quartiles), peak memory in bytes, and what each reports."""
    workers = [Worker(job) for job in jobs]
    times: list[list[float]] = [[] for _ in jobs]
    for _ in range(options.rounds):
        for worker, own in zip(workers, times):
            answer = worker.turn(options.seconds)
            own += answer["times"]
            worker.ready["memory"] = answer["memory"]
    results = []
    for worker, own in zip(workers, times):
        low, middle, high = statistics.quantiles(own, n=4, method="inclusive") if len(own) > 1 else own * 3
        results.append({**worker.finish(), "seconds": middle, "quartiles": [low, high], "calls": len(own)})
    return results


def serve(job: dict, jobs: dict) -> None:
    """In a process of its own: set up one of the `jobs`, warm up, then a turn for each line on standard input."""
    call, report = jobs[job["what"]](job)
    for _ in range(WARM_UP if call else 0):
        call()
    print(json.dumps(report), flush=True)
    for line in sys.stdin:
        times: list[float] = []
        while sum(times) < float(line):
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
        print(json.dumps({"times": times, "memory": peak_memory()}), flush=True)


def peak_memory() -> int:
    """The most memory this process ever had, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # the other counter begins with what the process that started this one had
        return 1024 * int(next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM")))
    import resource  # of Linux and macOS

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def settings_of(job: dict) -> train_command.Options:
    """The options of `mangastyle train` that a job is about."""
    precision = {"float32": "float32", "bfloat16": "mixed_bfloat16"}[job.get("precision", "float32")]
    flags = {"preset": job["preset"], "precision": precision, "batch": job.get("batch", 32)}
    return settle(train_command.Options, {**flags, "data": (job["data"],)} if "data" in job else flags)


def our_step(job: dict):
    """The real compiled step of `mangastyle.train`, on random pictures."""
    import tensorflow as tf

    from mangastyle import train
    from mangastyle.training.settings import TrainSettings

    options = settings_of(job)
    settings = TrainSettings.of(options)
    state = train.TrainState(settings, dtype=options.precision)
    step = train.make_train_step(settings, tf.distribute.get_strategy(), state)
    batch, number = random_batch(settings), tf.constant(1.0)

    def call() -> None:
        float(step(batch, number)["generator"])  # reading the loss waits for it

    return call, {**parameters(state.generator, state.discriminator), "version": tf.__version__}


def torch_step(job: dict):
    """The twin in PyTorch."""
    import torch
    import torch_twin

    step, trainable, everything = torch_twin.make_step(settings_of(job), job["precision"])
    return step, {"trainable": trainable, "parameters": everything, "version": torch.__version__}


def simulate(job: dict):
    """Line art and hints of one batch, as inside the step."""
    from mangastyle.training.examples import compiled_examples
    from mangastyle.training.settings import ExampleSettings

    options = settings_of(job)
    pictures, uniforms = random_batch(options)
    examples = compiled_examples(ExampleSettings.of(options))
    return lambda: examples(pictures, uniforms)[1].numpy(), {}


def input_stream(job: dict):
    """The stream of uint8 batches that training reads, without any step."""
    import tensorflow as tf

    from mangastyle import train
    from mangastyle.data import dataset
    from mangastyle.training import distributed
    from mangastyle.training.settings import TrainSettings

    options = settings_of(job)
    pictures = dataset.load(options.data, options.size, zoom=options.random_crop_prob > 0)
    rows = pictures.split(options.validation, options.test)["train"]
    batches = dataset.Batches(pictures, rows, options.batch, options.seed, options.random_crop_prob)
    examples = train.training_batches(batches, TrainSettings.of(options), options.seed)
    stream = iter(distributed.stream(tf.distribute.get_strategy(), examples, 0))
    for _ in range(8):  # more than it prefetches
        next(stream)
    return lambda: next(stream), {}


def our_peak(job: dict):
    """A large convolution, forward, in TensorFlow."""
    import tensorflow as tf

    dtype = tf.as_dtype(job["precision"])
    shape = (PEAK["batch"], PEAK["side"], PEAK["side"], PEAK["width"])
    x, kernel = (tf.cast(tf.random.normal(s), dtype) for s in (shape, (3, 3, PEAK["width"], PEAK["width"])))
    convolve = tf.function(lambda x, kernel: tf.nn.conv2d(x, kernel, 1, "SAME"))
    return lambda: convolve(x, kernel)[0, 0, 0, 0].numpy(), {}


def torch_peak(job: dict):
    """The same in PyTorch."""
    import torch

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    dtype = getattr(torch, job["precision"])
    shape = (PEAK["batch"], PEAK["width"], PEAK["side"], PEAK["side"])
    x, kernel = (torch.randn(s, dtype=dtype).to(memory_format=torch.channels_last) for s in (shape, (PEAK["width"], PEAK["width"], 3, 3)))
    return lambda: torch.nn.functional.conv2d(x, kernel, padding=1), {}


def facts(job: dict):
    """Parameters, and floating-point operations of one step for one picture, from the layers' real shapes.

    A multiply-add counts twice. The generator: forward, kernel gradients, input gradients of all but its first layer.
    The discriminator: forward on original and generated; kernel gradients of both, input gradients of all but the
    first layer of both; and input gradients once more, all the way down, for the generator.
    """
    from mangastyle.shade import networks

    settings = settings_of(job)
    generator, discriminator = networks.build(settings.generator_spec), networks.discriminator(settings.discriminator_spec)
    g, d = multiply_adds(generator, settings.size), multiply_adds(discriminator, settings.size)
    total = 3 * sum(g) - g[0] + 2 * sum(d) + 2 * (2 * sum(d) - d[0]) + sum(d)
    return None, {**parameters(generator, discriminator), "gflop": 2 * total / 1e9}


def multiply_adds(model, size: int) -> list[int]:
    """Multiply-adds of one picture's forward pass, for each convolution and fully connected layer in order."""
    import keras

    layers = [layer for layer in model.layers if hasattr(layer, "kernel")]
    inner = keras.Model(model.input, [layer.output for layer in layers])
    shapes = inner.compute_output_shape({name: (1, size, size, x.shape[-1]) for name, x in model.input.items()})
    counts = []
    for layer, (_, *positions, _) in zip(layers, shapes):
        if isinstance(layer, keras.layers.Conv2DTranspose):  # one product for each position of its input
            positions = [side // stride for side, stride in zip(positions, layer.strides)]
        counts.append(math.prod((*layer.kernel.shape, *positions)))
    return counts


def parameters(*models) -> dict[str, int]:
    """Trainable parameters, and all of them, moving statistics included."""

    def count(kind: str) -> int:
        return sum(math.prod(variable.shape) for model in models for variable in getattr(model, kind))

    return {"trainable": count("trainable_variables"), "parameters": count("variables")}


def random_batch(settings: TrainSettings):
    """uint8 pictures and the uniform numbers that their hints need."""
    import numpy as np
    import tensorflow as tf

    from mangastyle.shade.simulated_hints import NUM_UNIFORMS

    random = np.random.default_rng(0)
    pictures = random.integers(0, 256, (settings.batch, settings.size, settings.size, 3), np.uint8)
    return tf.constant(pictures), tf.constant(random.random((settings.batch, NUM_UNIFORMS), np.float32))


JOBS = {
    "ours": our_step, "torch": torch_step, "peak_ours": our_peak, "peak_torch": torch_peak,
    "simulate": simulate, "input": input_stream, "facts": facts,
}  # fmt: skip

if __name__ == "__main__":
    main()
