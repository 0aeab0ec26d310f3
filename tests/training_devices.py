"""Trainings on two logical processors or by several workers, in processes of their own: devices are chosen before TensorFlow starts."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
from contextlib import suppress
from typing import Any

import numpy as np

from mangastyle.settings import to_json

TEACHER = (4, 6, 8, 8, 8)  # channels of the blocks of a small VGG-19 in the place of the full one

# Runs a training command; a copy of its run folder at a step is what a kill at that step would leave.
SCRIPT = """
import json, shutil, sys
from pathlib import Path
import tensorflow as tf
strategy, name, file, copy_at = sys.argv[1:]
tf.config.set_visible_devices([], "GPU")
if strategy == "mirrored":
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from mangastyle.cli.main import load
from mangastyle.cli.options import settle
from mangastyle.io import registry
from mangastyle.training import distributed, slim_vgg
from mangastyle.training.run import Log
from mangastyle.vgg.network import network
import training_devices

registry.find_vgg19, slim_vgg.FIT_CROPS = (lambda name: Path(name)), 16
slim_vgg.backbone = lambda name, policy: network(training_devices.teacher_weights(), name="full")
write = Log.write

def write_and_copy(log, record):
    write(log, record)
    if record["step"] == int(copy_at):
        shutil.copytree(log.folder, log.folder.with_name("killed"))

Log.write = write_and_copy
module = load(name)
module.command(settle(module.Options, json.loads(Path(file).read_text())))
"""


def teacher_weights() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """A VGG-19 with few channels, never trained."""
    from mangastyle.vgg.spec import kernel_shapes

    random, made = np.random.default_rng(0), {}
    for name, shape in kernel_shapes(TEACHER).items():
        made[name] = random.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape), random.normal(0, 1, shape[-1])
    return made


def run(strategy: str, command: str, options: Any, copy_at: int = 0, workers: int = 1) -> None:
    """Run a training command with `mirrored` on two processors, or with `multiworker` by so many workers on this machine.

    copy_at : step at which to copy the run folder to `killed` beside it.
    """
    file = f"{options.out}-options.json"
    with open(file, "w") as stream:
        json.dump({**to_json(options), "strategy": strategy}, stream)
    path = os.pathsep.join([os.path.dirname(__file__), *filter(None, [os.environ.get("PYTHONPATH")])])
    cluster = {"worker": [f"localhost:{port}" for port in free_ports(workers)]}
    processes = []
    for index in range(workers):
        task = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})
        environment = {**os.environ, "PYTHONPATH": path, **({"TF_CONFIG": task} if strategy == "multiworker" else {})}
        arguments = [sys.executable, "-c", SCRIPT, strategy, command, file, str(copy_at)]
        processes.append(subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment))
    try:
        for process in processes:
            _, errors = process.communicate(timeout=500)
            assert process.returncode == 0, errors
    finally:
        for process in processes:
            process.kill()


def free_ports(count: int) -> list[int]:
    """Ports below those that the system hands out by itself, so that no other program takes them before the workers do."""
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(20000, 32000)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("localhost", port))
            found.append(port)
    return found
