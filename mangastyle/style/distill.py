"""Train the slim VGG-19 that ships: VGG-19's sixteen convolutions with fewer channels, taught by the full one.

Each layer of the slim network, through a linear projection, must reproduce the teacher's features and Gram matrices.
Three things make it good at style transfer and not only at copying features:

- It starts from the teacher: `initial_weights` picks the channels that span each of its layers best, and fits them.
- It also learns on pictures that are being painted with it, at every stage of their optimisation (`Painting`). A network
  taught on pictures alone gives gradients that lead to speckle, which it has never seen and takes for brush strokes.
- A `readout` of the projection goes into the file: losses of the slim network's features through it are losses in the
  teacher's own feature space, so that both networks weigh content and style alike.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Iterator

import keras
import numpy as np
import scipy.linalg
import tensorflow as tf
from tqdm import tqdm

from mangastyle import images, precision
from mangastyle.config import DistillConfig, TrainConfig, save_config, to_json
from mangastyle.data import dataset
from mangastyle.errors import MangastyleError
from mangastyle.files import make_folder
from mangastyle.monitor import Interrupts, Log, clear_error
from mangastyle.style import losses, vgg

PICTURE = 320  # pictures are kept as squares of this side; crops are cut from them
TAPS = ("relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1", "relu3_3", "relu4_1", "relu4_2", "relu4_4", "relu5_1", "relu5_4")
STYLE = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
CONTENT = "relu4_2"
STYLE_WEIGHT = 10.0  # of the pictures being painted, as in `mangastyle style`
GREY_LEVELS = 4.0  # Adam's step for them
FIT_CROPS = 64  # crops for the closed-form fits
FIT_ROWS = 20_000  # positions for each of them, as many as there are in the deep layers
RIDGE = 1e-4


def command(config: DistillConfig) -> None:
    """`mangastyle distill`: check the options, then train."""
    run = Path(config.out)
    if (run / "config.json").exists() and not (config.resume or config.force):
        raise MangastyleError(f"{run}: holds a training already; go on with --resume, start anew with --force, or name another --out")
    if len(config.widths) != len(vgg.CONVOLUTIONS):
        raise MangastyleError(f"--widths: name the channels of VGG-19's {len(vgg.CONVOLUTIONS)} blocks, not {len(config.widths)}")
    if config.crop % 16:
        raise MangastyleError(f"--crop: must be a multiple of 16, not {config.crop}")
    distill(config)


def distill(config: DistillConfig) -> None:
    """Train for `config.steps` steps; the run folder gets log, checkpoints and, at the end, slim.h5."""
    run = make_folder(Path(config.out))
    policy = precision.resolve(config.precision)
    teacher = vgg.backbone(config.teacher, policy=policy)
    if teacher.name != "full":
        raise MangastyleError(f"--teacher {config.teacher}: must be the full VGG-19")
    crops = Crops(config)
    student = Student(config, policy)
    painting = Painting(config)
    checkpoint = tf.train.Checkpoint(student=student.variables, optimizer=student.optimizer, painting=painting.variables, step=student.step)
    manager = tf.train.CheckpointManager(checkpoint, str(run / "checkpoints"), max_to_keep=1)
    if config.resume and manager.latest_checkpoint:
        checkpoint.restore(manager.latest_checkpoint).assert_consumed()
    else:
        student.start_from(teacher, crops)
    save_config(run, "distill", dataclasses.replace(config, resume=False))

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
            student.optimizer.learning_rate = config.learning_rate * _schedule(step, config.steps)

            record = {name: float(value) for name, value in train_step(pictures, offset).items()}
            step += 1
            if not np.isfinite(list(record.values())).all():
                raise MangastyleError(f"{run}: a loss is no longer a number at step {step}; go on with --resume and a lower --learning-rate")
            log.write({"step": step, "seconds": time.monotonic() - began, **record})
            bar.set_postfix(error=f"{record['features']:.3f}", gram=f"{record['grams']:.3f}", refresh=False)
            bar.update()
            if step % config.checkpoint_every == 0 or step == config.steps or interrupts.stop:
                student.step.assign(step)
                with clear_error(run):
                    manager.save(checkpoint_number=step)
    if interrupts.stop:
        print(f"stopped by {interrupts.stop} at step {step}; --resume goes on")
        return
    errors = student.save(run / "slim.h5", teacher, crops)
    print(f"{run / 'slim.h5'}: " + " ".join(f"{name} {error:.3f}" for name, error in errors.items()))


def _schedule(step: int, steps: int) -> float:
    """Share of the learning rate: up over 200 steps, then down to zero along a cosine."""
    return min(1.0, (step + 1) / 200) * 0.5 * (1 + math.cos(math.pi * step / steps))


class Student:
    """The slim network, its projections into the teacher's features, its optimizer."""

    def __init__(self, config: DistillConfig, policy: str) -> None:
        self.config = config
        self.kernels = vgg.kernel_shapes(config.widths)
        zeros = {name: (np.zeros(shape, np.float32), np.zeros(shape[-1], np.float32)) for name, shape in self.kernels.items()}
        self.network = vgg.network(zeros, policy=policy)
        self.network.trainable = True
        self.taps = keras.Model(self.network.input, {name: self.network.get_layer(name).output for name in TAPS})
        self.projections = {}
        for name in TAPS:
            count = vgg.kernel_shapes()[name.replace("relu", "conv")][-1]
            self.projections[name] = keras.layers.Conv2D(count, 1, use_bias=False, dtype=policy)
            self.projections[name].build(self.taps.output[name].shape)
        self.variables = [*self.network.trainable_variables, *(layer.kernel for layer in self.projections.values())]
        # Lamb steps in proportion to each array's own size: that of kernels for pixels and of projections differ 10,000-fold.
        self.optimizer = keras.optimizers.Lamb(config.learning_rate)
        self.optimizer.build(self.variables)
        self.step = tf.Variable(0, dtype=tf.int64)

    def __call__(self, pixels: tf.Tensor, offset: tf.Tensor) -> dict[str, tf.Tensor]:
        """Pixels (b, c, c, 3) to the projected features {tap: float32 (b, c', c', N)}, thinned."""
        found = thin(self.taps(pixels, training=True), offset)
        return {name: tf.cast(project(found[name]), tf.float32) for name, project in self.projections.items()}

    def start_from(self, teacher: keras.Model, crops: Crops) -> None:
        """Fit layer by layer, first to last: kernels to the teacher's most telling channels, projections to all of them."""
        pictures = crops.batch(-1, FIT_CROPS)
        x: np.ndarray | None = None  # what the layer before gives, pooled where a block begins
        before = pictures[..., ::-1] - np.float32(vgg.MEAN_BGR)
        for name in tqdm(self.kernels, desc="fitting", unit="layer", disable=None):
            relu, width = name.replace("conv", "relu"), self.kernels[name][-1]
            target = _run(vgg.features(teacher, (name,)), pictures, name)  # (k, h, w, N), before the ReLU
            if x is not None:
                before = _pool(x) if x.shape[1] != target.shape[1] else x
            rows = np.random.default_rng(int(name[4]) * 10 + int(name[6])).choice(target[..., 0].size, min(FIT_ROWS, target[..., 0].size), replace=False)
            wanted = target.reshape(-1, target.shape[-1])[rows]
            active = np.maximum(wanted, 0)
            # Columns in the order in which they add most to the span of those before them.
            gram = active.T.astype(np.float64) @ active
            triangle = np.linalg.cholesky(gram + 1e-9 * np.trace(gram) * np.eye(len(gram))).T  # as QR of `active` gives
            chosen = scipy.linalg.qr(triangle, mode="r", pivoting=True)[1][:width]
            wanted = wanted[:, chosen] / (wanted[:, chosen].std(0) + 1e-6)
            fitted = _ridge(_patches(before, rows), wanted)  # (9 n + 1, width)
            self.network.get_layer(name).set_weights([fitted[:-1].reshape(self.kernels[name]), fitted[-1]])
            x = _run(vgg.features(self.network, (relu,)), pictures, relu)
            if relu in TAPS:
                projection = _ridge(x.reshape(-1, width)[rows], active, intercept=False)
                self.projections[relu].set_weights([projection[None, None]])

    def save(self, path: Path, teacher: keras.Model, crops: Crops) -> dict[str, float]:
        """Write the network with a readout for every layer; returns the normalised error of each ReLU on held-out pictures."""
        names = [kind + name[4:] for name in self.kernels for kind in ("conv", "relu")]
        train, held_out = crops.batch(-2, FIT_CROPS), crops.batch(-3, FIT_CROPS, held_out=True)
        readouts, errors = {}, {}
        for name in tqdm(names, desc="readouts", unit="layer", disable=None):
            ours, theirs = vgg.features(self.network, (name,)), vgg.features(teacher, (name,))
            slim, full = _flat(ours, train, name), _flat(theirs, train, name)
            projection = _ridge(slim, full, intercept=False)  # (n, N)
            # |s P| = |s L| where L L' = P P': the losses in the teacher's space need only (n, n).
            metric = projection @ projection.T
            readouts[name] = np.linalg.cholesky(metric + 1e-7 * np.trace(metric) / len(metric) * np.eye(len(metric)))
            slim, full = _flat(ours, held_out, name), _flat(theirs, held_out, name)
            if name.startswith("relu"):
                errors[name] = float(np.mean((slim @ projection - full) ** 2) / np.mean((full - full.mean(0)) ** 2))
        weights = {name: tuple(self.network.get_layer(name).get_weights()) for name in self.kernels}
        extra = {"steps": int(self.step.numpy()), "errors": errors, "config": _public(self.config)}
        vgg.write_slim(path, weights, readouts, extra)
        return errors


class Painting:
    """Pictures being painted with the slim network while it learns, each on its way from a content to a painting's style."""

    def __init__(self, config: DistillConfig) -> None:
        self.life, self.count = config.life, config.painted
        shapes = {name: vgg.kernel_shapes()[name.replace("relu", "conv")][-1] for name in (*STYLE, CONTENT)}
        side = config.crop // 8
        self.pixels = tf.Variable(tf.zeros((self.count, config.crop, config.crop, 3)))
        self.grams = {name: tf.Variable(tf.ones((self.count, shapes[name], shapes[name]))) for name in STYLE}
        self.content = tf.Variable(tf.ones((self.count, side, side, shapes[CONTENT])))
        self.first, self.second = (tf.Variable(tf.zeros_like(self.pixels)) for _ in range(2))  # Adam's moments
        self.age = tf.Variable(tf.zeros((self.count, 1, 1, 1)))
        self.variables = [self.pixels, *self.grams.values(), self.content, self.first, self.second, self.age]

    def due(self, step: int) -> Iterator[int]:
        """The slots that begin a new picture at this step: all at the first, then in turn."""
        return (slot for slot in range(self.count) if step == 0 or (step + slot * self.life // self.count) % self.life == 0)

    def begin(self, slot: int, student: Student, start: np.ndarray, content: np.ndarray, style: np.ndarray) -> None:
        """Put a new picture, float32 (c, c, 3), into a slot, with its content and its painting."""
        found = student(tf.constant(np.stack([content, style])), tf.zeros(2, tf.int32))
        for name, gram in self.grams.items():
            gram[slot].assign(losses.mean_gram(found[name][1:]))
        self.content[slot].assign(found[CONTENT][0])
        self.pixels[slot].assign(start)
        for variable in (self.first, self.second, self.age):
            variable[slot].assign(tf.zeros_like(variable[slot]))

    def loss(self, found: dict[str, tf.Tensor]) -> tf.Tensor:
        """The sum over all slots of the loss of `mangastyle style`, from features (count, h, w, N)."""
        style = tf.add_n([tf.reduce_sum(relative(grams(found[name]), gram)) for name, gram in self.grams.items()]) / len(STYLE)
        return STYLE_WEIGHT * style + tf.reduce_sum(relative(found[CONTENT], self.content))

    def step(self, gradient: tf.Tensor) -> None:
        """One step of Adam on the pixels."""
        self.age.assign_add(tf.ones_like(self.age))
        self.first.assign(0.9 * self.first + 0.1 * gradient)
        self.second.assign(0.99 * self.second + 0.01 * gradient**2)
        first, second = self.first / (1 - 0.9**self.age), self.second / (1 - 0.99**self.age)
        self.pixels.assign(tf.clip_by_value(self.pixels - GREY_LEVELS * first / (tf.sqrt(second) + 1e-12), 0, 255))


def make_train_step(config: DistillConfig, teacher: keras.Model, student: Student, painting: Painting):
    """The compiled step: fresh crops (b, c, c, 3) -> losses. The crops and the pictures being painted teach together."""
    targets = vgg.features(teacher, TAPS)

    @tf.function
    def train_step(crops: tf.Tensor, offset: tf.Tensor) -> dict[str, tf.Tensor]:
        full = thin(targets(tf.concat([crops, painting.pixels], 0)), offset)
        with tf.GradientTape() as tape, tf.GradientTape(watch_accessed_variables=False) as paint_tape:
            paint_tape.watch(painting.pixels)
            of_painted = student(painting.pixels, offset)
            slim = {name: tf.concat([x, of_painted[name]], 0) for name, x in student(crops, offset).items()}
            per_layer = {name: tf.reduce_mean(deviation(slim[name], full[name])) for name in TAPS}
            of_grams = {name: tf.reduce_mean(relative(grams(slim[name]), grams(full[name]))) for name in STYLE}
            features, gram = tf.add_n(list(per_layer.values())), tf.add_n(list(of_grams.values()))
            loss = features + config.gram_weight * gram
            painted = painting.loss(of_painted)
        gradient = paint_tape.gradient(painted, painting.pixels)
        student.optimizer.apply_gradients(zip(tape.gradient(loss, student.variables), student.variables))
        painting.step(gradient)
        return {"loss": loss, "features": features, "grams": gram, "painted": painted / config.painted,
                **per_layer, **{f"gram_{name}": value for name, value in of_grams.items()}}  # fmt: skip

    return train_step


def thin(features: dict[str, tf.Tensor], offset: tf.Tensor) -> dict[str, tf.Tensor]:
    """Every second row and column, from `offset` on, of the largest maps: a quarter of the work, the same mean."""
    return {name: x[:, offset[0] :: 2, offset[1] :: 2] if name[4] in "12" else x for name, x in features.items()}


def grams(features: tf.Tensor) -> tf.Tensor:
    """The mean Gram matrix of each picture: (b, h, w, n) to (b, n, n)."""
    flat = tf.reshape(features, (tf.shape(features)[0], -1, features.shape[-1]))  # (b, h*w, n)
    return tf.matmul(flat, flat, transpose_a=True) / tf.cast(tf.shape(flat)[1], flat.dtype)


def relative(found: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """Squared error over the target's mean square, for each picture: (b, ...) to (b,)."""
    axes = list(range(1, len(target.shape)))
    return tf.reduce_mean(tf.math.squared_difference(found, target), axes) / (tf.reduce_mean(target**2, axes) + 1e-12)


def deviation(found: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
    """The normalised error: squared error over the target's variance about each channel's mean in the batch: scalar."""
    variance = tf.reduce_mean(tf.math.reduce_variance(target, (0, 1, 2)))
    return tf.reduce_mean(tf.math.squared_difference(found, target)) / (variance + 1e-12)


class Crops:
    """Training crops: half of paintings, half of other pictures, at many scales, with jittered colours; some are noise.

    Every crop is a pure function of seed, step and place, which makes a resumed training see the same ones.
    """

    def __init__(self, config: DistillConfig) -> None:
        self.config = config
        self.kinds = [self._load(config.paintings or config.data), self._load(config.data)]

    def _load(self, data: tuple[str, ...]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        config = self.config
        pictures = dataset.load(TrainConfig(data=data, size=PICTURE, closeups=0.0, cache=config.cache, max_megapixels=config.max_megapixels))
        return pictures.base, pictures.split(0.03, 0.0)

    def batch(self, step: int, count: int, held_out: bool = False) -> np.ndarray:
        """float32 (count, c, c, 3) in 0..255; negative steps are batches apart from all of training."""
        random = np.random.Generator(np.random.Philox(key=[self.config.seed, step % 2**32], counter=[0, 0, 0, 3]))
        return np.stack([self._crop(random, i % 2, "validation" if held_out else "train") for i in range(count)])

    def pair(self, step: int, slot: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(start, content, painting) of a picture to be painted: it starts from its content, at times from noise."""
        random = np.random.Generator(np.random.Philox(key=[self.config.seed, step], counter=[slot, 0, 0, 4]))
        content, style = self._crop(random, 1), self._crop(random, 0)
        noise = random.uniform(0, 255, content.shape).astype(np.float32)
        return (noise if random.random() < 0.2 else content), content, style

    def _crop(self, random: np.random.Generator, kind: int, part: str = "train") -> np.ndarray:
        pictures, split = self.kinds[kind]
        picture = pictures[random.choice(split[part])]
        side = round(PICTURE * math.exp(random.uniform(math.log(0.3), 0.0)))
        y, x = random.integers(0, PICTURE - side + 1, 2)
        crop = images.resize(np.ascontiguousarray(picture[y : y + side, x : x + side]), self.config.crop, self.config.crop).astype(np.float32)
        if random.random() < 0.5:
            crop = crop[:, ::-1]
        if random.random() < 0.5:  # other colours: mixed channels, contrast, brightness
            mix = np.eye(3) + random.normal(0, 0.2, (3, 3))
            crop = (crop - 128) @ (mix * random.uniform(0.6, 1.4)).astype(np.float32) + 128 + np.float32(random.normal(0, 20))
        if random.random() < 0.15:
            crop = crop + random.normal(0, random.uniform(2, 60), crop.shape)
        return np.clip(crop, 0, 255).astype(np.float32)


def _run(model: keras.Model, pictures: np.ndarray, name: str) -> np.ndarray:
    """One layer's features of many pictures, a few at a time: float32 (k, h, w, n)."""
    return model.predict(pictures, batch_size=8, verbose=0)[name]


def _flat(model: keras.Model, pictures: np.ndarray, name: str) -> np.ndarray:
    """As `_run`, at `FIT_ROWS` positions, the same for every network: (rows, n)."""
    found = _run(model, pictures, name)
    count = found[..., 0].size
    return found.reshape(-1, found.shape[-1])[np.random.default_rng(0).choice(count, min(FIT_ROWS, count), replace=False)]


def _pool(x: np.ndarray) -> np.ndarray:
    return (x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]) / 4


def _patches(x: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The zero-padded 3x3 surroundings of some positions of (k, h, w, n): (rows, 9 n), in the order of a kernel."""
    k, h, w, n = x.shape
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    picture, y, column = np.unravel_index(rows, (k, h, w))
    return np.concatenate([padded[picture, y + i, column + j] for i in range(3) for j in range(3)], axis=1)


def _ridge(x: np.ndarray, y: np.ndarray, intercept: bool = True) -> np.ndarray:
    """The linear map from rows of x to rows of y with least squared error and a small penalty; its last row is the intercept."""
    if intercept:
        x = np.concatenate([x, np.ones((len(x), 1), x.dtype)], axis=1)
    square = x.T.astype(np.float64) @ x
    square[np.diag_indices_from(square)] += RIDGE * np.trace(square) / len(square)
    return scipy.linalg.solve(square, x.T.astype(np.float64) @ y, assume_a="pos").astype(np.float32)


def _public(config: DistillConfig) -> dict:
    """The options without paths of this machine."""
    return {key: value for key, value in to_json(config).items() if key not in ("teacher", "data", "paintings", "out", "cache", "resume", "force")}
