"""Distill a slim VGG-19, the one that ships: VGG-19's sixteen convolutions with fewer channels, trained to imitate the full one.

Each layer of the slim network (the student), through a linear projection, must reproduce the features and Gram matrices of the full
one (the teacher), as in Romero et al. 2015 ("FitNets: Hints for Thin Deep Nets"). Three things make it good at style transfer and
not only at copying features:

- It starts from the teacher: `Student.fit_to` picks the channels that span each layer best, and fits them in closed form.
- It also learns on canvases (`Canvases`): intermediate results of style transfers that run with it meanwhile, by the losses of the
  optimization. After training on pictures alone, style transfer with it makes speckle, which it has never met and takes for strokes.
- A readout of the projection goes into the file (`fit.readout`): losses of the slim network's features through it are losses in the
  teacher's feature space, so that both networks weight content and style alike.

One visible loop. Read `train` top to bottom: build, restore or fit; then for each step draw crops, begin the canvases that are due,
update network and canvases together, log, and now and then save.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Iterator, Sequence

import numpy as np

from mangastyle.data.crops import Crops
from mangastyle.engine import default_settings, keras, tf
from mangastyle.errors import MangastyleError
from mangastyle.io import images
from mangastyle.kernels import precision as precisions
from mangastyle.ops.gaussian_ot import GaussianStatistics, sqrtm_and_inverse, style_statistics, wasserstein
from mangastyle.progress import Bar
from mangastyle.settings import to_json
from mangastyle.style.optimize import losses
from mangastyle.style.optimize.settings import OptimizeSettings
from mangastyle.training import distributed, fit
from mangastyle.training.run import Ending, Session, cosine_schedule
from mangastyle.training.run_folder import RunFolder
from mangastyle.training.settings import SlimVGGSettings
from mangastyle.vgg.backbone import backbone
from mangastyle.vgg.files import read, write_slim
from mangastyle.vgg.network import MEAN_BGR, features, network
from mangastyle.vgg.spec import kernel_shapes

# The layers whose features are matched; those that carry the style of canvases, and the one that keeps their content.
TAPS = (
    "relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1", "relu3_3",
    "relu4_1", "relu4_2", "relu4_4", "relu5_1", "relu5_4",
)  # fmt: skip
LOSS = OptimizeSettings()  # what the optimization minimizes by default, and the canvases, too
STYLE, (CONTENT,) = LOSS.style_layers, LOSS.content_layers
CANVAS_RATE = 4.0  # Adam's step size for canvases, in gray levels
FIT_CROPS = 64  # crops for the closed-form fits
FIT_ROWS = 20_000  # positions for each of them, as many as there are in the deep layers
WARM_UP = 200  # steps


def train(
    settings: SlimVGGSettings, data: Sequence[str], run: RunFolder, *, teacher: str = "full", paintings: Sequence[str] = (),
    init: str = "", seed: int = 0, precision: str = "auto", cache: str = "", max_pixels: int = images.MAX_PIXELS,
) -> Ending:  # fmt: skip
    """Distill a slim VGG-19 for `settings.steps` steps.

    The run folder gets log.jsonl, checkpoints/ and, at the end, slim.h5, whose provenance has the normalized error of each layer. A
    run that was killed and resumed is equal, to the last bit, to one that was not.

    Parameters
    ----------
    settings : SlimVGGSettings
    data, paintings : sequence of str
        Pictures and paintings: folders, .zip or .tar files, or ``drawn:N``. Without paintings, the pictures serve as such.
    run : RunFolder
    teacher : str
        The full VGG-19: "full" or an HDF5 file, see `vgg.backbone.backbone`.
    init : str
        A slim network to start from. Kernels that it has not, or of other widths, are fitted to the teacher's in closed form.
    seed, precision, cache, max_pixels
        As for `mangastyle.train.train`; float16 is refused.

    Raises
    ------
    MangastyleError
        As `mangastyle.train.train` does, and if the teacher is not a full VGG-19.

    Examples
    --------
    >>> train(SlimVGGSettings(steps=1000), ["pictures"], RunFolder("runs/slim"), paintings=["art"])  # doctest: +SKIP
    Ending(step=1000, stopped_by='')
    """
    settings.check()
    policy = precisions.resolve_wide(precision)  # the gradients of the canvases would vanish in float16
    strategy = distributed.make_strategy(settings.strategy)
    distributed.share(strategy, "batch", settings.batch)
    crops = Crops(data, paintings, settings.crop, seed, cache=cache, max_pixels=max_pixels)

    with strategy.scope():
        full = backbone(teacher, policy=policy)
        if full.name != "full":
            raise MangastyleError(f"`teacher` {teacher}: must be the full VGG-19, this is the {full.name} one")
        student = Student(settings, policy, full)
        canvases = Canvases(settings, student)
    train_step = make_train_step(settings, strategy, full, student, canvases)
    state = {"student": student.variables, "optimizer": student.optimizer, "canvases": canvases.variables}

    def examples(step: int) -> tuple[np.ndarray]:  # (b, c, c, 3)
        return (crops.batch(step, settings.batch),)

    with Session(run, state, batch=settings.batch, max_to_keep=settings.max_to_keep, steps=settings.steps) as session:
        if session.start == 0:
            student.fit_to(full, crops, init)
        stream = distributed.stream(strategy, examples, session.start)
        while session.step < settings.steps and not session.stop:
            for slot in canvases.due(session.step):
                canvases.begin(slot, student, *crops.canvas(session.step, slot))
            rate = settings.learning_rate * cosine_schedule(session.step, settings.steps, WARM_UP)
            student.optimizer.learning_rate = rate

            record = train_step(next(stream), tf.constant(session.step))
            session.log({**record, "learning_rate": rate})
            if session.step % settings.checkpoint_every == 0:
                session.save()
        session.save()
        if not session.stop:
            student.save(run.path / "slim.h5", full, crops, {"steps": session.step, "settings": to_json(settings)})
    return session.ending


class Student:
    """The slim network, its projections into the teacher's features, its optimizer."""

    @default_settings()
    def __init__(self, settings: SlimVGGSettings, policy: str, teacher: keras.Model) -> None:
        self.kernels = kernel_shapes(settings.widths)
        zeros = {name: (np.zeros(shape), np.zeros(shape[-1])) for name, shape in self.kernels.items()}
        self.network = network(zeros, policy=policy)
        self.network.trainable = True
        self.taps = keras.Model(self.network.input, {name: self.network.get_layer(name).output for name in TAPS})
        self.projections: dict[str, keras.layers.Conv2D] = {}
        for name in TAPS:  # (b, h, w, n) to (b, h, w, N)
            count = teacher.get_layer(name).output.shape[-1]
            self.projections[name] = keras.layers.Conv2D(count, 1, use_bias=False, kernel_initializer="zeros", dtype=policy)
            self.projections[name].build(self.taps.output[name].shape)
        self.variables = [*self.network.trainable_variables, *(layer.kernel for layer in self.projections.values())]
        # Lamb (You et al. 2020) takes steps in proportion to each array's own size: kernels for pixels and projections
        # differ 10,000-fold.
        self.optimizer = keras.optimizers.Lamb(settings.learning_rate)
        self.optimizer.build(self.variables)

    def __call__(self, pixels: tf.Tensor, offset: tf.Tensor) -> dict[str, tf.Tensor]:
        """Pixels (b, c, c, 3) to features {tap: (b, h, w, n)}, thinned from `offset` on."""
        return thin(self.taps(pixels, training=True), offset)

    def project(self, found: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Features {tap: (b, h, w, n)} to the teacher's {tap: float32 (b, h, w, N)}."""
        return {name: tf.cast(project(found[name]), tf.float32) for name, project in self.projections.items()}

    def read_out(self, found: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Features in the layers of the optimization's losses as `save` will read them out: float32 (b, h, w, n), see `fit.readout`."""
        read = {}
        for name in (*STYLE, CONTENT):
            projection = tf.cast(self.projections[name].kernel[0, 0], tf.float32)  # (n, N)
            metric = projection @ tf.transpose(projection)
            damping = 1e-6 * tf.linalg.trace(metric) / metric.shape[0] * tf.eye(metric.shape[0])
            read[name] = tf.cast(found[name], tf.float32) @ tf.linalg.cholesky(metric + damping)
        return read

    def fit_to(self, teacher: keras.Model, crops: Crops, init: str = "") -> None:
        """Fit layer by layer: kernels to the teacher's channels that span it best, or from a file; projections to all of them."""
        given = {name: w for name, w in (read(init)[0] if init else {}).items() if w[0].shape == self.kernels[name]}
        if init and not given:
            raise MangastyleError(f"{init}: `init`: has no kernel of these `widths`; leave it out, or choose its own")
        pictures = crops.batch(-1, FIT_CROPS)  # (k, c, c, 3)
        before = pictures[..., ::-1] - np.array(MEAN_BGR, np.float32)  # the layer's input: (k, h, w, n)
        for name in Bar(self.kernels, desc="fitting", unit="layer"):
            relu, shape = name.replace("conv", "relu"), self.kernels[name]
            target = _features(features(teacher, (name,)), pictures, name)  # (k, h, w, N), before the ReLU
            if before.shape[1] != target.shape[1]:  # a block begins
                before = fit.pool(before)
            rows = _rows(target, int(name[4] + name[6]))
            target = target.reshape(-1, target.shape[-1])[rows]  # (rows, N)
            active = np.maximum(target, 0)
            if name in given:
                self.network.get_layer(name).set_weights(given[name])
            else:
                chosen = target[:, fit.ranking(active)[: shape[-1]]]
                fitted = fit.ridge(fit.patches(before, rows), chosen / (chosen.std(0) + 1e-6))  # (9 n + 1, n')
                self.network.get_layer(name).set_weights([fitted[:-1].reshape(shape), fitted[-1]])
            before = _features(features(self.network, (relu,)), pictures, relu)  # (k, h, w, n')
            if relu in TAPS:
                projection = fit.ridge(before.reshape(-1, shape[-1])[rows], active, intercept=False)  # (n', N)
                self.projections[relu].set_weights([projection[None, None]])

    def save(self, path: Path, teacher: keras.Model, crops: Crops, provenance: dict[str, Any]) -> dict[str, float]:
        """Write the network, with a readout for every layer; returns {relu: normalized error} on held-out pictures."""
        training, held_out = crops.batch(-2, FIT_CROPS), crops.batch(-3, FIT_CROPS, held_out=True)
        readouts, errors = {}, {}
        for name in Bar(self.kernels, desc="readouts", unit="layer"):
            relu, models = name.replace("conv", "relu"), [features(net, (name,)) for net in (self.network, teacher)]
            slim, full = (_sampled(model, training, name) for model in models)  # (rows, n), (rows, N)
            readouts[name] = fit.readout(fit.ridge(slim, full, intercept=False))
            projection = fit.ridge(np.maximum(slim, 0), np.maximum(full, 0), intercept=False)  # (n, N)
            readouts[relu] = fit.readout(projection)
            slim, full = (np.maximum(_sampled(model, held_out, name), 0) for model in models)
            errors[relu] = float(np.mean((slim @ projection - full) ** 2) / np.mean((full - full.mean(0)) ** 2))
        arrays = {name: tuple(self.network.get_layer(name).get_weights()) for name in self.kernels}
        write_slim(path, arrays, readouts, {**provenance, "errors": errors})
        return errors


class Canvases:
    """Style transfers that run with the slim network while it learns, each from a content toward a painting's style.

    Each has a slot and an age of its own, which is why Adam is written out here.
    """

    def __init__(self, settings: SlimVGGSettings, student: Student) -> None:
        self.count, self.lifetime = settings.num_canvases, settings.canvas_steps
        widths = {name: student.taps.output[name].shape[-1] for name in (*STYLE, CONTENT)}
        side = settings.crop // 8
        self.pixels = tf.Variable(tf.zeros((self.count, settings.crop, settings.crop, 3)))  # in 0..255
        self.means = {name: tf.Variable(tf.ones((self.count, widths[name]))) for name in STYLE}
        self.covariances, self.roots = (
            {name: tf.Variable(tf.eye(widths[name], batch_shape=[self.count])) for name in STYLE} for _ in range(2)
        )  # of the paintings' features
        self.content = tf.Variable(tf.ones((self.count, side, side, widths[CONTENT])))
        self.first, self.second = (tf.Variable(tf.zeros_like(self.pixels)) for _ in range(2))  # Adam's moments
        self.age = tf.Variable(tf.zeros((self.count, 1, 1, 1)))  # steps
        statistics = [*self.means.values(), *self.covariances.values(), *self.roots.values()]
        self.variables = [self.pixels, *statistics, self.content, self.first, self.second, self.age]

    def due(self, step: int) -> Iterator[int]:
        """The slots that begin a new picture at this step: all at the first, then in turn."""
        turns = (step + slot * self.lifetime // self.count for slot in range(self.count))
        return (slot for slot, turn in enumerate(turns) if step == 0 or turn % self.lifetime == 0)

    def begin(self, slot: int, student: Student, start: np.ndarray, content: np.ndarray, painting: np.ndarray) -> None:
        """Put a new picture, float32 (c, c, 3), into a slot, with its content and its painting, likewise."""
        found = student.read_out(student(tf.constant(np.stack([content, painting])), tf.zeros(2, tf.int32)))
        for name in STYLE:
            mean, covariance = style_statistics(found[name][1:])  # (1, n), (1, n, n)
            root, _ = sqrtm_and_inverse(covariance)
            for variables, value in ((self.means, mean), (self.covariances, covariance), (self.roots, root)):
                _set(variables[name], slot, value[0])
        _set(self.content, slot, found[CONTENT][0])
        _set(self.pixels, slot, start)
        for variable in (self.first, self.second, self.age):
            _set(variable, slot, tf.zeros(variable.shape[1:]))

    def loss(self, pixels: tf.Tensor, found: dict[str, tf.Tensor], slots: slice) -> tf.Tensor:
        """The optimization's default loss, summed over some slots, of their pixels (k, c, c, 3) and of what `read_out` makes of them."""
        style = 0.0
        for name, share in LOSS.layer_weights().items():
            target = GaussianStatistics(self.means[name][slots], self.covariances[name][slots])
            style += share * wasserstein(style_statistics(found[name]), target, root=self.roots[name][slots])  # (k,)
        content = losses.relative_mse(found[CONTENT], self.content[slots])  # (k,)
        calm = pixels.shape[0] * losses.total_variation(pixels, "mean")
        return tf.reduce_sum(LOSS.content_weight * content + LOSS.style_weight * style) + LOSS.tv_weight * calm

    def step(self, gradient: tf.Tensor) -> None:
        """One step of Adam on the pixels, down their gradient (count, c, c, 3)."""
        age = self.age + 1
        first = 0.9 * self.first + 0.1 * gradient
        second = 0.99 * self.second + 0.01 * gradient**2
        self.age.assign(age)
        self.first.assign(first)
        self.second.assign(second)
        update = CANVAS_RATE * (first / (1 - 0.9**age)) / (tf.sqrt(second / (1 - 0.99**age)) + 1e-12)
        self.pixels.assign(tf.clip_by_value(self.pixels - update, 0, 255))


def make_train_step(
    settings: SlimVGGSettings, strategy: tf.distribute.Strategy, teacher: keras.Model, student: Student, canvases: Canvases
) -> Callable[..., dict[str, tf.Tensor]]:  # fmt: skip
    """The compiled training step. Crops and canvases together train the student; the canvases move on.

    A function of ((crops,), step): float32 (b, c, c, 3) of the global batch, as `distributed.stream` gives them, and an integer scalar.
    Returns the losses over the global batch. Each replica works on its own crops and on its own slots of the canvases.
    """
    own_count, replicas = distributed.share(strategy, "num_canvases", canvases.count), strategy.num_replicas_in_sync
    with strategy.scope():
        targets = features(teacher, TAPS)

    def replica_step(crops: tf.Tensor, step: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        first = own_count * distributed.replica_index()
        own = slice(first, first + own_count)
        pixels = tf.ensure_shape(canvases.pixels[own], (own_count, *canvases.pixels.shape[1:]))  # (k, c, c, 3)
        offset = tf.stack([step % 2, step // 2 % 2])
        full = thin(targets(tf.concat([crops, pixels], 0)), offset)  # {tap: (b + k, h, w, N)}
        with tf.GradientTape() as tape, tf.GradientTape(watch_accessed_variables=False) as canvas_tape:
            canvas_tape.watch(pixels)
            of_canvases = student(pixels, offset)
            slim = student.project({name: tf.concat([x, of_canvases[name]], 0) for name, x in student(crops, offset).items()})
            # Means over this replica's examples, of which the global mean is the mean over replicas.
            by_tap = {name: error / replicas for name, error in deviations(slim, full).items()}
            by_gram = {name: tf.reduce_mean(losses.relative_mse(grams(slim[name]), grams(full[name]))) / replicas for name in STYLE}
            feature_loss, gram_loss = tf.add_n(list(by_tap.values())), tf.add_n(list(by_gram.values()))
            loss = feature_loss + settings.gram_weight * gram_loss
            canvas_loss = canvases.loss(pixels, student.read_out(of_canvases), own)
        student.optimizer.apply_gradients(zip(tape.gradient(loss, student.variables), student.variables))
        record = {"loss": loss, "features": feature_loss, "grams": gram_loss, "canvases": canvas_loss / canvases.count}
        record |= {**by_tap, **{f"gram_{name}": error for name, error in by_gram.items()}}
        others = [[first, canvases.count - first - own_count], [0, 0], [0, 0], [0, 0]]  # slots before and after
        return record, tf.pad(canvas_tape.gradient(canvas_loss, pixels), others)

    @tf.function(autograph=False)
    def train_step(batch: tuple[Any], step: tf.Tensor) -> dict[str, tf.Tensor]:
        record, gradient = strategy.run(replica_step, args=(*batch, step))
        canvases.step(strategy.reduce(tf.distribute.ReduceOp.SUM, gradient, axis=None))
        return distributed.totals(strategy, record)

    return train_step


# Parts of the losses. A batch holds pictures of different contents, each with statistics of its own.


def thin(found: dict[str, tf.Tensor], offset: tf.Tensor) -> dict[str, tf.Tensor]:
    """Every second row and column, from `offset` on, of the largest feature maps: a quarter of the work, the same mean."""
    return {name: x[:, offset[0] :: 2, offset[1] :: 2] if name[4] in "12" else x for name, x in found.items()}


def grams(found: tf.Tensor) -> tf.Tensor:
    """`losses.mean_gram` of each picture of a batch: (b, h, w, n) to (b, n, n)."""
    flat = tf.reshape(found, (tf.shape(found)[0], -1, found.shape[-1]))  # (b, h*w, n)
    return tf.matmul(flat, flat, transpose_a=True) / tf.cast(tf.shape(flat)[1], flat.dtype)


def deviations(found: dict[str, tf.Tensor], targets: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Normalized errors of features {name: (b, h, w, N)}: squared error over the target's variance about each channel's mean, scalars.

    Inside `strategy.run`, variances are those of the global batch, errors those of the replica.
    """
    means = distributed.replica_mean({name: tf.reduce_mean(x, (0, 1, 2)) for name, x in targets.items()})  # (N,)
    by_channel = {name: tf.reduce_mean(tf.square(x - means[name]), (0, 1, 2)) for name, x in targets.items()}  # (N,)
    variances = distributed.replica_mean({name: tf.reduce_mean(x) for name, x in by_channel.items()})
    errors = {name: tf.reduce_mean(tf.math.squared_difference(found[name], x)) for name, x in targets.items()}
    return {name: error / (variances[name] + 1e-12) for name, error in errors.items()}


def _set(variable: tf.Variable, slot: int, value: tf.Tensor | np.ndarray) -> None:
    """Replace one slot of a variable, on every device."""
    variable.assign(tf.tensor_scatter_nd_update(variable, [[slot]], [value]))


def _features(model: keras.Model, pictures: np.ndarray, name: str) -> np.ndarray:
    """One layer's features of many pictures, a few at a time: float32 (k, h, w, n)."""
    return np.concatenate([model(pictures[i : i + 8])[name] for i in range(0, len(pictures), 8)])


def _rows(maps: np.ndarray, seed: int) -> np.ndarray:
    """Some of the positions of (k, h, w, n), numbered through: as many as `FIT_ROWS`, or all of them."""
    count = maps[..., 0].size
    return np.random.default_rng(seed).choice(count, min(FIT_ROWS, count), replace=False)


def _sampled(model: keras.Model, pictures: np.ndarray, name: str) -> np.ndarray:
    """One layer's features at some positions, the same for every network: (rows, n)."""
    found = _features(model, pictures, name)
    return found.reshape(-1, found.shape[-1])[_rows(found, 0)]
