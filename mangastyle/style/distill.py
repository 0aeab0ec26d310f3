"""Train the slim VGG-19 that ships: VGG-19's sixteen convolutions with fewer channels, taught by the full one.

Each layer of the slim network, through a linear projection, must reproduce the teacher's features and Gram matrices
(hints, Romero et al. 2015). Three things make it good at style transfer and not only at copying features:

- It starts from the teacher: `Student.start_from` picks the channels that span each layer best, and fits them.
- It also learns on pictures that are being painted with it, at every stage of their optimisation (`Painting`). Taught
  on pictures alone, its gradients lead to speckle, which it has never seen and takes for brush strokes.
- A readout of the projection goes into the file (`fit.readout`): losses of the slim network's features through it are
  losses in the teacher's own feature space, so that both networks weigh content and style alike.

One visible loop. Read `distill` top to bottom: build, restore or fit, then for each step draw crops, begin the pictures
that are due, update network and pictures together, log, and now and then save.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Iterator

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from mangastyle import precision, weights
from mangastyle.config import DistillConfig, save_config, to_json
from mangastyle.data.crops import Crops, check_crop
from mangastyle.errors import MangastyleError
from mangastyle.monitor import Interrupts, Log, clear, clear_error, refuse_nan, restore, run_folder, schedule
from mangastyle.style import fit, losses, vgg

# The layers that are taught, and those by which pictures are painted meanwhile, as in `mangastyle style`.
TAPS = (
    "relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1", "relu3_3",
    "relu4_1", "relu4_2", "relu4_4", "relu5_1", "relu5_4",
)  # fmt: skip
STYLE = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
CONTENT = "relu4_2"
STYLE_WEIGHT = 10.0
GREY_LEVELS = 4.0  # Adam's step for the pictures
FIT_CROPS = 64  # crops for the closed-form fits
FIT_ROWS = 20_000  # positions for each of them, as many as there are in the deep layers
WARM_UP = 200  # steps
PRIVATE = (*weights.PRIVATE, "teacher", "paintings", "resume", "force")  # options that the file need not know


def command(config: DistillConfig) -> None:
    """`mangastyle distill`: check the options, then train."""
    full = " ".join(map(str, vgg.WIDTHS))
    if len(config.widths) != len(vgg.WIDTHS) or any(few > many for few, many in zip(config.widths, vgg.WIDTHS)):
        given = " ".join(map(str, config.widths))
        raise MangastyleError(f"--widths {given}: must be {len(vgg.WIDTHS)} numbers, at most the full VGG-19's {full}")
    check_crop(config.crop)
    distill(config)


def distill(config: DistillConfig) -> None:
    """Train up to step `config.steps`; the run folder gets config, log, checkpoints and, at the end, slim.h5."""
    run = run_folder(config.out, config.resume, config.force)
    policy = precision.resolve_wide(config.precision)  # the gradients of the pictures being painted would vanish in float16
    teacher = vgg.backbone(config.teacher, policy=policy)
    if teacher.name != "full":
        raise MangastyleError(f"--teacher {config.teacher}: must be the full VGG-19, this is the {teacher.name} one")
    crops = Crops(config)
    student = Student(config, policy, teacher)
    painting = Painting(config, student)
    if not config.resume:
        clear(run)  # only now, so that a mistake in the options harms no earlier training
    checkpoint = tf.train.Checkpoint(
        student=student.variables, optimizer=student.optimizer, painting=painting.variables, step=student.step
    )
    manager = tf.train.CheckpointManager(checkpoint, str(run / "checkpoints"), max_to_keep=1)
    if latest := manager.latest_checkpoint:
        restore(checkpoint, latest, ", or start anew with --force")
    save_config(run, "distill", dataclasses.replace(config, resume=False))
    if not latest:
        student.start_from(teacher, crops)

    step = start = int(student.step.numpy())
    train_step = make_train_step(config, teacher, student, painting)
    bar = tqdm(total=config.steps, initial=start, unit="step", disable=None)
    began = time.monotonic()
    with bar, contextlib.closing(Log(run, start)) as log, ThreadPoolExecutor(1) as ahead, Interrupts() as interrupts:
        upcoming = ahead.submit(crops.batch, step, config.batch)
        while step < config.steps and not interrupts.stop:
            pictures = upcoming.result()  # (b, c, c, 3)
            upcoming = ahead.submit(crops.batch, step + 1, config.batch)
            for slot in painting.due(step):
                painting.begin(slot, student, *crops.pair(step, slot))
            offset = np.array([step % 2, step // 2 % 2], np.int32)
            student.optimizer.learning_rate = config.learning_rate * schedule(step, config.steps, WARM_UP)

            record = {name: float(value) for name, value in train_step(pictures, offset).items()}
            step += 1
            refuse_nan(run, step, record, manager.latest_checkpoint)
            log.write({"step": step, "seconds": time.monotonic() - began, **record})
            bar.set_postfix(error=f"{record['features']:.3f}", gram=f"{record['grams']:.3f}", refresh=False)
            bar.update()
            if step % config.checkpoint_every == 0:
                _save(run, manager, student, step)
        if step > start:
            _save(run, manager, student, step)
    if interrupts.stop:
        print(f"stopped by {interrupts.stop} at step {step}; go on with: mangastyle distill --resume --out {run}")
        return
    errors = student.save(run / "slim.h5", teacher, crops)
    print(f"{run / 'slim.h5'}: " + " ".join(f"{name} {error:.3f}" for name, error in errors.items()))


def _save(run: Path, manager: tf.train.CheckpointManager, student: Student, step: int) -> None:
    student.step.assign(step)
    with clear_error(run):
        manager.save(checkpoint_number=step)


class Student:
    """The slim network, its projections into the teacher's features, its optimizer."""

    def __init__(self, config: DistillConfig, policy: str, teacher: keras.Model) -> None:
        self.config = config
        self.kernels = vgg.kernel_shapes(config.widths)
        zeros = {name: (np.zeros(shape), np.zeros(shape[-1])) for name, shape in self.kernels.items()}
        self.network = vgg.network(zeros, policy=policy)
        self.network.trainable = True
        self.taps = keras.Model(self.network.input, {name: self.network.get_layer(name).output for name in TAPS})
        self.projections = {}
        for name in TAPS:  # (b, h, w, n) to (b, h, w, N)
            count = teacher.get_layer(name).output.shape[-1]
            self.projections[name] = keras.layers.Conv2D(count, 1, use_bias=False, dtype=policy)
            self.projections[name].build(self.taps.output[name].shape)
        projections = (layer.kernel for layer in self.projections.values())
        self.variables = [*self.network.trainable_variables, *projections]
        # Lamb (You et al. 2020) steps in proportion to each array's own size: kernels for pixels and projections
        # differ 10,000-fold.
        self.optimizer = keras.optimizers.Lamb(config.learning_rate)
        self.optimizer.build(self.variables)
        self.step = tf.Variable(0, dtype=tf.int64)

    def __call__(self, pixels: tf.Tensor, offset: tf.Tensor) -> dict[str, tf.Tensor]:
        """Pixels (b, c, c, 3) to the projected features {tap: float32 (b, h, w, N)}, thinned from `offset` on."""
        found = thin(self.taps(pixels, training=True), offset)
        return {name: tf.cast(project(found[name]), tf.float32) for name, project in self.projections.items()}

    def start_from(self, teacher: keras.Model, crops: Crops) -> None:
        """Fit layer by layer: kernels to the teacher's channels that span it best, projections to all of them."""
        pictures = crops.batch(-1, FIT_CROPS)  # (k, c, c, 3)
        before = pictures[..., ::-1] - np.float32(vgg.MEAN_BGR)  # what the layer is given: (k, h, w, n)
        for name in tqdm(self.kernels, desc="fitting", unit="layer", disable=None):
            relu, shape = name.replace("conv", "relu"), self.kernels[name]
            target = _run(vgg.features(teacher, (name,)), pictures, name)  # (k, h, w, N), before the ReLU
            if before.shape[1] != target.shape[1]:  # a block begins
                before = fit.pool(before)
            rows = _rows(target, int(name[4] + name[6]))
            target = target.reshape(-1, target.shape[-1])[rows]  # (rows, N)
            active = np.maximum(target, 0)
            wanted = target[:, fit.ranking(active)[: shape[-1]]]
            fitted = fit.ridge(fit.patches(before, rows), wanted / (wanted.std(0) + 1e-6))  # (9 n + 1, n')
            self.network.get_layer(name).set_weights([fitted[:-1].reshape(shape), fitted[-1]])
            before = _run(vgg.features(self.network, (relu,)), pictures, relu)  # (k, h, w, n')
            if relu in TAPS:
                projection = fit.ridge(before.reshape(-1, shape[-1])[rows], active, intercept=False)  # (n', N)
                self.projections[relu].set_weights([projection[None, None]])

    def save(self, path: Path, teacher: keras.Model, crops: Crops) -> dict[str, float]:
        """Write the network, with a readout for every layer; returns {relu: normalised error} on held-out pictures."""
        train, held_out = crops.batch(-2, FIT_CROPS), crops.batch(-3, FIT_CROPS, held_out=True)
        readouts, errors = {}, {}
        for name in tqdm(self.kernels, desc="readouts", unit="layer", disable=None):
            relu, models = name.replace("conv", "relu"), [vgg.features(net, (name,)) for net in (self.network, teacher)]
            slim, full = (_flat(model, train, name) for model in models)  # (rows, n), (rows, N)
            readouts[name] = fit.readout(fit.ridge(slim, full, intercept=False))
            projection = fit.ridge(np.maximum(slim, 0), np.maximum(full, 0), intercept=False)  # (n, N)
            readouts[relu] = fit.readout(projection)
            slim, full = (np.maximum(_flat(model, held_out, name), 0) for model in models)
            errors[relu] = float(np.mean((slim @ projection - full) ** 2) / np.mean((full - full.mean(0)) ** 2))
        arrays = {name: tuple(self.network.get_layer(name).get_weights()) for name in self.kernels}
        made = {name: value for name, value in to_json(self.config).items() if name not in PRIVATE}
        vgg.write_slim(path, arrays, readouts, {"steps": int(self.step.numpy()), "errors": errors, "config": made})
        return errors


class Painting:
    """Pictures painted with the slim network while it learns, each on its way from a content to a painting's style.

    Each has a slot, and an age of its own, which is why Adam is written out here.
    """

    def __init__(self, config: DistillConfig, student: Student) -> None:
        self.life, self.count = config.life, config.painted
        channels = {name: student.projections[name].filters for name in (*STYLE, CONTENT)}
        side = config.crop // 8
        self.pixels = tf.Variable(tf.zeros((self.count, config.crop, config.crop, 3)))  # in 0..255
        self.grams = {name: tf.Variable(tf.ones((self.count, channels[name], channels[name]))) for name in STYLE}
        self.content = tf.Variable(tf.ones((self.count, side, side, channels[CONTENT])))
        self.first, self.second = (tf.Variable(tf.zeros_like(self.pixels)) for _ in range(2))  # Adam's moments
        self.age = tf.Variable(tf.zeros((self.count, 1, 1, 1)))  # steps
        self.variables = [self.pixels, *self.grams.values(), self.content, self.first, self.second, self.age]

    def due(self, step: int) -> Iterator[int]:
        """The slots that begin a new picture at this step: all at the first, then in turn."""
        turns = (step + slot * self.life // self.count for slot in range(self.count))
        return (slot for slot, turn in enumerate(turns) if step == 0 or turn % self.life == 0)

    def begin(self, slot: int, student: Student, start: np.ndarray, content: np.ndarray, painting: np.ndarray) -> None:
        """Put a new picture, float32 (c, c, 3), into a slot, with its content and its painting, likewise."""
        found = student(tf.constant(np.stack([content, painting])), tf.zeros(2, tf.int32))
        for name, gram in self.grams.items():
            gram[slot].assign(grams(found[name])[1])
        self.content[slot].assign(found[CONTENT][0])
        self.pixels[slot].assign(start)
        for variable in (self.first, self.second, self.age):
            variable[slot].assign(tf.zeros_like(variable[slot]))

    def loss(self, found: dict[str, tf.Tensor]) -> tf.Tensor:
        """The sum over all slots of the loss of `mangastyle style`, from projected features (count, h, w, N)."""
        errors = [tf.reduce_sum(losses.relative_error(grams(found[name]), gram)) for name, gram in self.grams.items()]
        return STYLE_WEIGHT * tf.add_n(errors) / len(STYLE) + tf.reduce_sum(losses.relative_error(found[CONTENT], self.content))

    def step(self, gradient: tf.Tensor) -> None:
        """One step of Adam on the pixels, down their gradient (count, c, c, 3)."""
        self.age.assign_add(tf.ones_like(self.age))
        self.first.assign(0.9 * self.first + 0.1 * gradient)
        self.second.assign(0.99 * self.second + 0.01 * gradient**2)
        first, second = self.first / (1 - 0.9**self.age), self.second / (1 - 0.99**self.age)
        self.pixels.assign(tf.clip_by_value(self.pixels - GREY_LEVELS * first / (tf.sqrt(second) + 1e-12), 0, 255))


def make_train_step(config: DistillConfig, teacher: keras.Model, student: Student, painting: Painting):
    """The compiled step: fresh crops (b, c, c, 3) -> losses. They and the pictures being painted teach together."""
    targets = vgg.features(teacher, TAPS)

    @tf.function
    def train_step(crops: tf.Tensor, offset: tf.Tensor) -> dict[str, tf.Tensor]:
        full = thin(targets(tf.concat([crops, painting.pixels], 0)), offset)  # {tap: (b + count, h, w, N)}
        with tf.GradientTape() as tape, tf.GradientTape(watch_accessed_variables=False) as paint_tape:
            paint_tape.watch(painting.pixels)
            of_painted = student(painting.pixels, offset)
            slim = {name: tf.concat([x, of_painted[name]], 0) for name, x in student(crops, offset).items()}
            of_features = {name: deviation(slim[name], full[name]) for name in TAPS}
            of_grams = {name: tf.reduce_mean(losses.relative_error(grams(slim[name]), grams(full[name]))) for name in STYLE}
            feature_error, gram_error = tf.add_n(list(of_features.values())), tf.add_n(list(of_grams.values()))
            loss = feature_error + config.gram_weight * gram_error
            painted = painting.loss(of_painted)
        gradient = paint_tape.gradient(painted, painting.pixels)
        student.optimizer.apply_gradients(zip(tape.gradient(loss, student.variables), student.variables))
        painting.step(gradient)
        record = {"loss": loss, "features": feature_error, "grams": gram_error, "painted": painted / config.painted}
        return {**record, **of_features, **{f"gram_{name}": error for name, error in of_grams.items()}}

    return train_step


# Parts of the losses. A batch holds pictures of different contents, each with statistics of its own.


def thin(features: dict[str, tf.Tensor], offset: tf.Tensor) -> dict[str, tf.Tensor]:
    """Every second row and column, from `offset` on, of the largest maps: a quarter of the work, the same mean."""
    return {name: x[:, offset[0] :: 2, offset[1] :: 2] if name[4] in "12" else x for name, x in features.items()}


def grams(features: tf.Tensor) -> tf.Tensor:
    """`losses.mean_gram` of each picture of a batch: (b, h, w, n) to (b, n, n)."""
    flat = tf.reshape(features, (tf.shape(features)[0], -1, features.shape[-1]))  # (b, h*w, n)
    return tf.matmul(flat, flat, transpose_a=True) / tf.cast(tf.shape(flat)[1], flat.dtype)


def deviation(found: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """Normalised error: squared error over the target's variance about each channel's mean in the batch: a scalar."""
    variance = tf.reduce_mean(tf.math.reduce_variance(target, (0, 1, 2)))
    return tf.reduce_mean(tf.math.squared_difference(found, target)) / (variance + 1e-12)


def _run(model: keras.Model, pictures: np.ndarray, name: str) -> np.ndarray:
    """One layer's features of many pictures, a few at a time: float32 (k, h, w, n)."""
    return np.concatenate([model(pictures[i : i + 8])[name] for i in range(0, len(pictures), 8)])


def _rows(maps: np.ndarray, seed: int) -> np.ndarray:
    """Some of the positions of (k, h, w, n), numbered through: as many as `FIT_ROWS`, or all of them."""
    count = maps[..., 0].size
    return np.random.default_rng(seed).choice(count, min(FIT_ROWS, count), replace=False)


def _flat(model: keras.Model, pictures: np.ndarray, name: str) -> np.ndarray:
    """As `_run`, at some positions, the same for every network: (rows, n)."""
    found = _run(model, pictures, name)
    return found.reshape(-1, found.shape[-1])[_rows(found, 0)]
