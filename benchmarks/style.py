"""How fast is style transfer, what does it reach, how much memory does it take, beside the same in PyTorch?

    pip install -e .[bench]
    python benchmarks/style.py --weights vgg19.h5 --out style-bench

Sections: `step`, one loss and gradient; `converge`, coarse to fine against single-scale L-BFGS in PyTorch;
`slim`, the slim VGG-19 against the full one; `memory`, peak memory and seconds against size. Everything runs in
processes of its own, like `train_step.py`; those of one table of `step` take turns.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import recording
import train_step
from train_step import Worker, measure, peak_memory

from mangastyle.io.files import atomic, sha256, write_json
from mangastyle.ops import pixels
from mangastyle.settings import to_json
from mangastyle.startup import enable_onednn
from mangastyle.style.settings import OptimizeSettings  # loads neither framework: this process stays small

GRAM = {"distance": "gram", "style_weight": 10.0, "tv_weight": 2.0}  # the loss of the usual tools, and of the twin
POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
TOLERANCE = 1e-3  # relative: how far the twin's float32 losses and gradient may be from ours
MEMORY_SIZES = (256, 512, 1024, 2048)
MEMORY_LIMITS = {512: 1.8, 1024: 5.0, 2048: 16.0}  # GB that ours may take
MEMORY_TWIN = (512, 1024)
STEP_HEAD = (
    "| size | framework | precision | seconds | quartiles | GFLOP/s | share of peak | gradient off by | peak memory |\n"
    "|---:|---|---|---:|---:|---:|---:|---:|---:|"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--only", nargs="+", choices=tuple(SECTIONS), help="torch is PyTorch's part of converge")
    parser.add_argument("--weights", default="random", help="HDF5 file of the full VGG-19; random: one never trained")
    parser.add_argument("--slim", default="slim", help="HDF5 file of the slim VGG-19; default: the one that ships")
    parser.add_argument("--content", default="", help="picture; default: a drawn character")
    parser.add_argument("--style", default="", help="painting; default: one of mangastyle's own")
    parser.add_argument("--sizes", nargs="+", type=int, default=[256, 512], help="sides of the pictures of step and slim")
    parser.add_argument(
        "--bfloat16", action=argparse.BooleanOptionalAction, default=True, help="step in bfloat16 too; no: where it is emulated"
    )
    parser.add_argument("--large", action="store_true", help="step at 1024 px too")
    parser.add_argument("--size", type=int, default=512, help="side of converge's picture, and of slim's finished one")
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True, help="torch.compile in step")
    parser.add_argument("--torch-iterations", type=int, default=500, help="of L-BFGS in PyTorch")
    parser.add_argument("--iterations", type=int, default=110, help="of ours at one scale in converge")
    parser.add_argument("--rounds", type=int, default=3, help="turns that each process takes")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of a turn of step")
    parser.add_argument("--quick", action="store_true", help="tiny numbers, to see that everything runs")
    parser.add_argument("--out", help="folder for style.json and for PyTorch's result, which is not made again")
    parser.add_argument("--job", help=argparse.SUPPRESS)  # what a process of its own is to do, as JSON
    recording.add_option(parser)
    options = parser.parse_args()
    if options.job:
        train_step.serve(json.loads(options.job), JOBS)
        return
    enable_onednn()
    options.memory_sizes = MEMORY_SIZES
    if options.quick:
        options.sizes, options.size, options.memory_sizes = [64], 64, (64,)
        options.iterations = options.torch_iterations = 10
        options.rounds, options.seconds = 1, 0.1
    chosen = options.only or [name for name in SECTIONS if name != "torch"]
    result = {"machine": recording.machine(), "options": dict(vars(options))}
    with tempfile.TemporaryDirectory() as scratch:
        options.scratch, options.out = Path(scratch), Path(options.out or scratch)
        sizes = {*options.sizes, options.size, *options.memory_sizes, *([1024] if options.large else [])}
        job = {"what": "prepare", "weights": options.weights, "content": options.content, "style": options.style}
        Worker({**job, "sizes": sorted(sizes), "scratch": scratch}).finish()
        for name in chosen:
            print(f"## {name}\n", flush=True)
            result[name] = SECTIONS[name](options)
            write_json(options.out / "style.json", result)
            if name in RECORDED:
                recording.record(options.json, RECORDED[name](result[name]), name=f"style, {name}", data="one picture in one painting")
            print(flush=True)


# Sections


def step(options: argparse.Namespace) -> dict:
    """One loss and gradient, ours and PyTorch's, in every precision."""
    precisions = POLICIES if options.bfloat16 else ("float32",)
    peak = {precision: train_step.peak(precision, ["ours", "torch"], options) for precision in precisions}
    facts = Worker({**common(options, min(options.sizes)), "what": "torch_facts", "compile": options.compile}).finish()
    print(f"PyTorch {facts['version']}: oneDNN {facts['onednn']}, torch.compile {facts['compile']}\n")
    kinds = [("ours, direct", p, {"what": "ours", "precision": p, "backbone": options.weights, "winograd": False}) for p in precisions]
    kinds += [("ours", p, {"what": "ours", "precision": p, "backbone": options.weights}) for p in precisions]
    kinds += [("ours, slim", p, {"what": "ours", "precision": p, "backbone": options.slim}) for p in precisions]
    kinds += [("torch", p, {"what": "torch", "precision": p, "compiled": False}) for p in precisions]
    if facts["compile"] == "works":
        kinds += [("torch, compiled", p, {"what": "torch", "precision": p, "compiled": True}) for p in precisions]
    rows, ratios = [], []
    for size in options.sizes + [1024] * options.large:
        print(STEP_HEAD)
        jobs = [
            {**common(options, size), **job, "gradient": str(options.scratch / f"gradient-{size}-{i}.npy")}
            for i, (_, _, job) in enumerate(kinds)
        ]
        runs = measure(jobs, options)
        gradients = [np.load(job["gradient"]) for job in jobs]
        exact = gradients[0]  # by direct convolutions in our float32
        for (name, precision, _), run, gradient in zip(kinds, runs, gradients):
            rate = run.get("gflop", runs[0]["gflop"]) / run["seconds"]
            row = {
                "size": size,
                "name": name,
                "precision": precision,
                **run,
                "gflops": rate,
                "share_of_peak": rate / peak[precision],
                "gradient_off": float(np.linalg.norm(gradient - exact) / np.linalg.norm(exact)),
            }
            rows.append(row)
            print(step_row(row), flush=True)
        of_size = [row for row in rows if row["size"] == size]
        check_twin(of_size)
        ratios.append({"size": size, **compare(of_size)})
    return {"peak": peak, "torch": facts, "rows": rows, "ratios": ratios}


def step_row(row: dict) -> str:
    low, high = row["quartiles"]
    return (
        f"| {row['size']} | {row['name']} | {row['precision']} | {row['seconds']:.3f} | {low:.3f} to {high:.3f} "
        f"| {row['gflops']:.0f} | {row['share_of_peak']:.0%} | {row['gradient_off']:.1e} "
        f"| {row['memory'] / 1e9:.2f} GB |"
    )


def compare(rows: list[dict]) -> dict[str, float]:
    """How many times as fast as PyTorch the full VGG-19 is here: best against best, and against float32."""

    def best(names: tuple[str, ...], precisions: tuple[str, ...] = tuple(POLICIES)) -> float:
        return min(row["seconds"] for row in rows if row["name"] in names and row["precision"] in precisions)

    ours = best(("ours",))
    found = {"best": best(("torch", "torch, compiled")) / ours, "float32": best(("torch",), ("float32",)) / ours}
    print(f"\nours, best, is {found['best']:.2f} times as fast as torch's best", end=", ")
    print(f"{found['float32']:.2f} times as torch's plain float32\n", flush=True)
    return found


def check_twin(rows: list[dict]) -> None:
    """Stop unless the float32 losses and gradients of both frameworks are the same."""
    ours, *twins = [row for row in rows if row["precision"] == "float32" and row["name"] not in ("ours", "ours, slim")]
    for twin in twins:
        losses = np.abs(np.array(twin["losses"]) / ours["losses"] - 1).max()
        if not max(losses, twin["gradient_off"]) <= TOLERANCE:
            off = f"losses off by {losses:.1e}, gradient by {twin['gradient_off']:.1e}"
            raise SystemExit(f"{twin['name']}, {twin['size']} px: {off}: not the same objective")


def of_torch(options: argparse.Namespace) -> dict:
    """L-BFGS in PyTorch: made once, then read from the output folder."""
    size, count = options.size, options.torch_iterations
    path = options.out / f"torch-{size}-{count}.npz"
    job = {**common(options, size), "what": "torch_lbfgs", "iterations": count, "result": str(path)}
    if not path.exists() or str(np.load(path)["key"]) != torch_key(job):
        Worker(job).finish()
    report = json.loads(str(np.load(path)["report"]))
    losses = f"loss {report['totals'][0]:.4g} to {report['totals'][-1]:.4g}"
    print(f"torch float32 L-BFGS, {size} px: {count} iterations in {report['seconds']:.1f} s, {losses}", flush=True)
    return {"iterations": count, "result": str(path), **report}


def converge(options: argparse.Namespace) -> dict:
    """Coarse to fine against single-scale float32 L-BFGS in PyTorch, compared by one loss: Gram matrices, in float32."""
    twin = of_torch(options)
    job = {**common(options, options.size), "what": "paint", "backbone": options.weights}
    ours = {
        "ours, by Gram matrices": GRAM,
        "ours, by Gram matrices, one scale": {**GRAM, "min_size": 0, "iterations": options.iterations},
        "ours, default": {},
    }  # fmt: skip
    runs = {}
    for name, flags in ours.items():
        file = str(options.scratch / f"{name}.npz")
        runs[name] = {**Worker({**job, "options": flags, "result": file}).finish(), "result": file}
    runs[f"torch, {twin['iterations']} iterations"] = twin
    candidates = [run["result"] for run in runs.values()]
    measured = dict(zip(runs, Worker({**job, "what": "losses", "candidates": candidates}).finish()["losses"]))
    print("\n| | seconds | total | content | style | tv | seconds to torch's total | torch's seconds to this |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    *_, goal = measured.values()
    for name, run in runs.items():
        losses = measured[name]
        by_gram = "default" not in name  # its own curve is of another loss
        reached = [first_below(run, goal[0]) if by_gram else None, first_below(twin, losses[0])]
        run["losses"], run["reached"], run["twin_reached"] = losses, *reached
        times = " | ".join("never" if when is None else f"{when:.1f}" for when in reached)
        print(f"| {name} | {run['seconds']:.1f} |", " | ".join(f"{loss:.4f}" for loss in losses), f"| {times} |", flush=True)
    return runs


def first_below(run: dict, goal: float) -> float | None:
    """The seconds at which a run's total loss first was no more than `goal`."""
    return next((when for when, total in zip(run["seconds_at"], run["totals"]) if total <= goal), None)


def slim(options: argparse.Namespace) -> dict:
    """Iterations a second with both backbones, one scale, all told; and the slim one's finished picture."""
    rows = []
    print("| size | full, iterations/s | slim, iterations/s | ratio |\n|---:|---:|---:|---:|")
    for size in options.sizes:
        job = {**common(options, size), "what": "paint", "options": {"min_size": 0, "iterations": 12}}
        found: dict[str, list[float]] = {"full": [], "slim": []}
        for _ in range(options.rounds):
            for name, backbone in (("full", options.weights), ("slim", options.slim)):
                found[name].append(1 / Worker({**job, "backbone": backbone}).finish()["per_iteration"])
        rate = {name: float(np.median(values)) for name, values in found.items()}
        rows.append({"size": size, **rate, "turns": found})
        print(f"| {size} | {rate['full']:.2f} | {rate['slim']:.2f} | {rate['slim'] / rate['full']:.1f} |", flush=True)
    job = {**common(options, options.size), "what": "paint", "backbone": options.slim, "options": {}}
    default = Worker(job).finish()
    print(f"\ndefault preset with slim at {options.size} px: {default['seconds']:.1f} s", flush=True)
    return {"rows": rows, "default": default}


def memory(options: argparse.Namespace) -> dict:
    """Peak memory of a whole process that paints, and seconds an iteration at the final size, against size."""
    rows = []
    print("| size | framework | peak memory | limit | seconds an iteration |\n|---:|---|---:|---:|---:|")
    for size in options.memory_sizes:
        backbones = {"ours, full": options.weights, "ours, slim": options.slim}
        kinds: dict[str, dict] = {
            name: {"what": "paint", "backbone": file, "options": {"iterations": 3}} for name, file in backbones.items()
        }
        if size in MEMORY_TWIN or options.quick:
            kinds["torch float32"] = {"what": "torch_lbfgs", "iterations": 3}
        for name, job in kinds.items():
            limit = f"{MEMORY_LIMITS[size]} GB" if "ours" in name and size in MEMORY_LIMITS else ""
            try:
                run = Worker({**common(options, size), **job}).finish()
            except SystemExit as error:  # killed for its memory: that is a result too
                rows.append({"size": size, "name": name, "error": str(error)})
                print(f"| {size} | {name} | did not finish | {limit} | |", flush=True)
                continue
            rows.append({"size": size, "name": name, **run})
            gigabytes = run["memory"] / 1e9
            print(f"| {size} | {name} | {gigabytes:.2f} GB | {limit} | {run['per_iteration']:.2f} |", flush=True)
    return {"rows": rows}


SECTIONS = {"step": step, "torch": of_torch, "converge": converge, "slim": slim, "memory": memory}


# Rows for results/


def recorded_step(found: dict) -> list[dict]:
    rows = []
    for ratio in found["ratios"]:
        size = ratio["size"]
        best = {
            name: min(row["seconds"] for row in found["rows"] if row["size"] == size and row["name"] in names)
            for name, names in {"ours": ("ours",), "PyTorch": ("torch", "torch, compiled")}.items()
        }
        theirs = {"PyTorch": recording.rounded(best["PyTorch"])}
        rows.append(recording.row(f"one loss and gradient, {size} px", best["ours"], unit="s", reference=theirs))
        rows.append(recording.row(f"times as fast as PyTorch, best precision of each, {size} px", ratio["best"]))
        rows.append(recording.row(f"times as fast as PyTorch, its float32, {size} px", ratio["float32"]))
    for row in found["rows"]:
        name = f"{row['name']}, {row['precision']}, {row['size']} px"
        rows.append(recording.row(name, row["seconds"], unit="s"))
        rows.append(recording.row(f"{name}, peak memory", row["memory"] / 1e9, unit="GB"))
    return rows


def recorded_converge(found: dict) -> list[dict]:
    *_, twin = found
    rows = []
    for name, run in found.items():
        rows.append(recording.row(name, run["seconds"], unit="s"))
        rows.append(recording.row(f"{name}: total loss", run["losses"][0]))
        if name != twin and run["reached"] is not None:
            theirs = {"PyTorch": recording.rounded(found[twin]["seconds"])}
            rows.append(recording.row(f"{name}: to the loss of {twin}", run["reached"], unit="s", reference=theirs))
    return rows


def recorded_slim(found: dict) -> list[dict]:
    rows = [recording.row("`optimize`, slim VGG-19, the whole picture", found["default"]["seconds"], unit="s")]
    for row in found["rows"]:
        ratio = row["slim"] / row["full"]
        rows.append(recording.row(f"iterations a second, slim VGG-19 over full, {row['size']} px", ratio))
        rows += [recording.row(f"iterations a second, {name}, {row['size']} px", row[name]) for name in ("full", "slim")]
    return rows


def recorded_memory(found: dict) -> list[dict]:
    rows = []
    for row in (row for row in found["rows"] if "error" not in row):
        rows.append(recording.row(f"peak memory, {row['name']}, {row['size']} px", row["memory"] / 1e9, unit="GB"))
        rows.append(recording.row(f"seconds an iteration, {row['name']}, {row['size']} px", row["per_iteration"], unit="s"))
    return rows


RECORDED = {"step": recorded_step, "converge": recorded_converge, "slim": recorded_slim, "memory": recorded_memory}


def common(options: argparse.Namespace, size: int) -> dict[str, str]:
    """What most jobs need: the twin's weights and the pictures of a size, as `prepare` wrote them, and a precision."""
    files = {"weights": options.scratch / "weights.npz", "pictures": options.scratch / f"pictures-{size}.npz"}
    return {**{name: str(path) for name, path in files.items()}, "precision": "float32"}


# Jobs, each in a process of its own


def prepare(job: dict):
    """Write the weights for PyTorch, and for every size content, painting and a point between them, as .npz."""
    from mangastyle.synthetic import characters
    from mangastyle.synthetic import paintings as painters
    from mangastyle.vgg import files

    scratch = Path(job["scratch"])
    weights = files.random_weights() if job["weights"] == "random" else files.read(job["weights"])[0]
    arrays = {f"{name} {kind}": a for name, pair in weights.items() for kind, a in zip(("kernel", "bias"), pair)}
    np.savez(scratch / "weights.npz", **arrays)
    for size in job["sizes"]:
        content = square(job["content"], size) if job["content"] else characters.draw(1, size)
        painting = square(job["style"], size) if job["style"] else painters.paint("brush", 0, size, size)
        noise = np.random.default_rng(0).normal(0, 20, content.shape)
        start = np.clip(0.5 * content + 0.5 * painting + noise, 0, 255).astype(np.float32)  # no loss is zero there
        np.savez(scratch / f"pictures-{size}.npz", content=content, painting=painting, start=start)
    return None, {}


def square(path: str, size: int) -> np.ndarray:
    """The square crop of a picture file, uint8 (size, size, 3)."""
    from mangastyle.io import images

    return pixels.resize(pixels.crop_square(images.load(path).rgb), size, size)


def our_step(job: dict):
    """The compiled objective of `mangastyle style`."""
    objective, features, pictures = our_objective(job)
    start = pictures["start"]
    losses, gradient = objective(start)
    np.save(job["gradient"], gradient.numpy())
    report = {"losses": losses.numpy().tolist(), "gflop": gflop(features, len(start))}
    return lambda: objective(start)[1].numpy(), report


def losses_of(job: dict):
    """The float32 losses (total, content, style, tv) of finished pictures."""
    objective, _, _ = our_objective(job)
    return None, {"losses": [objective(np.load(path)["picture"])[0].numpy().tolist() for path in job["candidates"]]}


def our_objective(job: dict):
    """(picture -> losses, gradient; the Keras model inside; the job's pictures)."""
    from mangastyle.style.optimize.objective import Objective, References
    from mangastyle.vgg.backbone import backbone

    pictures = np.load(job["pictures"])
    network = backbone(job["backbone"], policy=POLICIES[job["precision"]])
    objective = Objective(network, OptimizeSettings(**GRAM, winograd=job.get("winograd", True)), num_styles=1)
    targets = objective.targets(References(pictures["content"], [objective.style_statistics(pictures["painting"])]))
    return lambda picture: objective(picture, targets), objective.features, pictures


def gflop(model, size: int) -> float:
    """GFLOP of all convolutions for one square picture, forward and back to the picture; a multiply-add counts twice."""
    layers = [layer for layer in model.layers if hasattr(layer, "kernel")]
    sides = [size // 2 ** (int(layer.name[4]) - 1) for layer in layers]  # conv4_2 is in block 4: halved three times
    return 2 * 2 * sum(side**2 * math.prod(layer.kernel.shape) for layer, side in zip(layers, sides)) / 1e9


def paint(job: dict):
    """`mangastyle style` from pictures in memory to the stylized one, in the precision that suits the machine."""
    from mangastyle.style.optimize.stylizer import OptimizeStylizer

    pictures = np.load(job["pictures"])
    records = []  # (side of the scale, seconds, total loss)
    began = time.perf_counter()
    stylizer = OptimizeStylizer([pictures["painting"]], OptimizeSettings(size=0, **job["options"]), backbone=job["backbone"])
    result = stylizer.search(
        pictures["content"], progress=lambda record: records.append((record.side, time.perf_counter() - began, record.total))
    )
    seconds = time.perf_counter() - began
    if "result" in job:
        np.savez(job["result"], picture=result.picture)
    return None, timing(seconds, [record[1:] for record in records if record[0] == records[-1][0]])


def timing(seconds: float, records: list[tuple[float, float]]) -> dict:
    """What a finished painting reports; `records` are seconds and total loss at the iterations of the final size."""
    seconds_at, totals = zip(*records)
    per_iteration = float(np.median(np.diff(seconds_at)))
    times = {"seconds": seconds, "per_iteration": per_iteration, "seconds_at": seconds_at}
    return {**times, "totals": totals, "memory": peak_memory()}


def torch_step(job: dict):
    """The twin's objective."""
    import torch

    objective, pictures = torch_objective(job)
    start = torch.from_numpy(pictures["start"])
    losses, gradient = objective(start)
    np.save(job["gradient"], gradient.numpy())
    return lambda: objective(start), {"losses": losses.tolist()}


def torch_facts(job: dict):
    """What PyTorch is here, and whether `torch.compile` works."""
    import torch

    answer = "not tried"
    if job["compile"]:
        try:
            objective, pictures = torch_objective({**job, "compiled": True})
            objective(torch.from_numpy(pictures["start"]))
            answer = "works"
        except Exception as error:  # its compiler may fail in any way
            answer = f"fails: {str(error).strip().splitlines()[0]}"
    onednn = "on" if torch.backends.mkldnn.is_available() and torch.backends.mkldnn.enabled else "off"
    return None, {"version": torch.__version__, "onednn": onednn, "compile": answer}


def torch_lbfgs(job: dict):
    """Single-scale float32 L-BFGS of the twin, from the content; the result goes to a file if the job names one."""
    import torch_style

    began = time.perf_counter()
    objective, pictures = torch_objective(job)
    records = []  # (seconds, total loss)
    picture = torch_style.lbfgs(
        objective, pictures["content"], job["iterations"],
        lambda total: records.append((time.perf_counter() - began, total)),
    )  # fmt: skip
    report = timing(time.perf_counter() - began, records)
    if "result" in job:
        with atomic(Path(job["result"])) as temporary, open(temporary, "wb") as file:
            np.savez(file, picture=picture, report=json.dumps(report), key=torch_key(job))
    return None, report


def torch_key(job: dict) -> str:
    """Names all that the result of `torch_lbfgs` depends on."""
    files = [sha256(Path(job[name])) for name in ("weights", "pictures")]
    loss = {name: value for name, value in to_json(OptimizeSettings(**GRAM)).items() if name.endswith(("_weight", "_weights", "_layers"))}
    return json.dumps([job["iterations"], *files, loss])


def torch_objective(job: dict):
    import torch_style

    arrays, pictures = np.load(job["weights"]), np.load(job["pictures"])
    names = dict.fromkeys(name.split()[0] for name in arrays)
    weights = {name: (arrays[f"{name} kernel"], arrays[f"{name} bias"]) for name in names}
    given = weights, pictures["content"], pictures["painting"], OptimizeSettings(**GRAM)
    return torch_style.Objective(*given, job["precision"], job.get("compiled", False)), pictures


JOBS = {
    "prepare": prepare, "ours": our_step, "losses": losses_of, "paint": paint, "torch": torch_step,
    "torch_facts": torch_facts, "torch_lbfgs": torch_lbfgs,
    "peak_ours": train_step.our_peak, "peak_torch": train_step.torch_peak,
}  # fmt: skip

if __name__ == "__main__":
    main()
