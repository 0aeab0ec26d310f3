"""Which arithmetic this machine does fastest: the meaning of `--precision auto`."""

from __future__ import annotations

from pathlib import Path

from mangastyle.errors import MangastyleError


def resolve(name: str) -> str:
    """The Keras dtype policy for a `--precision` option.

    `auto`: on GPUs bfloat16 from compute capability 8.0 on, float16 from 7.0 on; on a CPU bfloat16 if it
    multiplies bfloat16 matrices in hardware (AVX512-BF16 or AMX); else float32.
    """
    if name != "auto":
        return name
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        capability = min(tf.config.experimental.get_device_details(g).get("compute_capability", (0, 0)) for g in gpus)
        return "mixed_bfloat16" if capability >= (8, 0) else "mixed_float16" if capability >= (7, 0) else "float32"
    try:
        flags = Path("/proc/cpuinfo").read_text().split()
    except OSError:  # not Linux: no way to ask, so stay exact
        return "float32"
    return "mixed_bfloat16" if {"avx512_bf16", "amx_bf16"} & set(flags) else "float32"


def resolve_wide(name: str) -> str:
    """As `resolve`, for trainings whose gradients float16 is too narrow for; it raises `MangastyleError`."""
    policy = resolve(name)
    if policy == "mixed_float16":
        raise MangastyleError(f"--precision {name}: float16 is too narrow for this training; try float32")
    return policy
