"""Training on several devices or machines: strategies, the share of each replica in a batch, sums and means over replicas.

A replica's losses are its sums over its examples divided by the global batch, so that gradients and losses of the replicas simply
add up to those of one device.
"""

from __future__ import annotations

from typing import Any, Callable, Iterator, Mapping

import numpy as np

from mangastyle.engine import tf
from mangastyle.errors import MangastyleError

Examples = Callable[[int], tuple[np.ndarray, ...]]  # step -> arrays whose first axis is the global batch


def make_strategy(name: str) -> tf.distribute.Strategy:
    """The `tf.distribute` strategy of a name: none (one device), mirrored (all GPUs, or all logical CPUs) or multiworker ($TF_CONFIG)."""
    if name == "mirrored":
        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        return tf.distribute.MirroredStrategy([device.name for device in devices])
    if name == "multiworker":
        return tf.distribute.MultiWorkerMirroredStrategy()
    return tf.distribute.get_strategy()


def share(strategy: tf.distribute.Strategy, name: str, count: int) -> int:
    """How many of `count` examples each replica gets; `MangastyleError` about the setting `name` if they cannot be shared out evenly."""
    replicas = strategy.num_replicas_in_sync
    if count % replicas:
        raise MangastyleError(f"`{name}`: must be a multiple of the {replicas} replicas, not {count}")
    return count // replicas


def stream(strategy: tf.distribute.Strategy, examples: Examples, start: int) -> Iterator[Any]:
    """The arguments of `strategy.run` for each step from `start` on: each replica gets its own rows of the same global batch.

    Parameters
    ----------
    strategy : tf.distribute.Strategy
    examples : function
        Step to a tuple of arrays, whose first axis is the global batch. A pure function, called ahead of the step in another
        thread.
    start : int
        The first step.
    """
    first = examples(start)
    rows = share(strategy, "batch", len(first[0]))
    signature = tuple(tf.TensorSpec((rows, *array.shape[1:]), array.dtype) for array in first)

    def pipeline(context: tf.distribute.InputContext) -> tf.data.Dataset:
        replicas = context.num_replicas_in_sync // context.num_input_pipelines
        own = range(context.input_pipeline_id * replicas, (context.input_pipeline_id + 1) * replicas)

        def generate() -> Iterator[tuple[np.ndarray, ...]]:
            step = start
            while True:
                batch = examples(step)
                for replica in own:
                    yield tuple(array[replica * rows : (replica + 1) * rows] for array in batch)
                step += 1

        return tf.data.Dataset.from_generator(generate, output_signature=signature).prefetch(4)

    return iter(strategy.distribute_datasets_from_function(pipeline))


def replica_index() -> tf.Tensor:
    """The number of this replica among all of them, inside `strategy.run`."""
    return tf.distribute.get_replica_context().replica_id_in_sync_group


def replica_mean(x: Any) -> Any:
    """The mean over the replicas of what each of them has (a tensor, or a dictionary of them), inside `strategy.run`; differentiable."""
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.MEAN, x)


def totals(strategy: tf.distribute.Strategy, record: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """The sums over the replicas of the values that `strategy.run` returned."""
    return {name: strategy.reduce(tf.distribute.ReduceOp.SUM, value, axis=None) for name, value in record.items()}
