"""Which arithmetic this machine does fastest: the meaning of precision "auto"."""

from __future__ import annotations

from mangastyle.errors import MangastyleError, near
from mangastyle.startup import processor_flags

PRECISIONS = ("auto", "float32", "mixed_bfloat16", "mixed_float16")


def resolve(name: str) -> str:
    """The Keras dtype policy of a precision.

    Parameters
    ----------
    name : str
        One of `PRECISIONS`: a Keras dtype policy, which stays as it is, or "auto": on GPUs bfloat16 from compute capability 8.0 on and
        float16 from 7.0 on; on CPUs bfloat16 if there are instructions for it (AVX512-BF16 or AMX); else float32.

    Returns
    -------
    str
        "float32", "mixed_bfloat16" or "mixed_float16".

    Raises
    ------
    MangastyleError
        For another name.

    Examples
    --------
    >>> resolve("mixed_bfloat16")
    'mixed_bfloat16'
    """
    if name not in PRECISIONS:
        raise MangastyleError(f"`precision`: {name!r}{near(name, PRECISIONS)} is none of {', '.join(PRECISIONS)}")
    if name != "auto":
        return name
    from mangastyle.engine import tf

    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        capability = min(tf.config.experimental.get_device_details(gpu).get("compute_capability", (0, 0)) for gpu in gpus)
        return "mixed_bfloat16" if capability >= (8, 0) else "mixed_float16" if capability >= (7, 0) else "float32"
    return "mixed_bfloat16" if {"avx512_bf16", "amx_bf16"} & processor_flags() else "float32"


def resolve_wide(name: str) -> str:
    """As `resolve`, for trainings whose gradients float16 is too narrow for.

    Parameters
    ----------
    name : str
        As for `resolve`.

    Returns
    -------
    str
        "float32" or "mixed_bfloat16".

    Raises
    ------
    MangastyleError
        If it would be float16.

    Examples
    --------
    >>> resolve_wide("mixed_float16")
    Traceback (most recent call last):
    mangastyle.errors.MangastyleError: `precision`: float16 is too narrow for this training, so mixed_float16 cannot be; try float32
    """
    policy = resolve(name)
    if policy == "mixed_float16":
        raise MangastyleError(f"`precision`: float16 is too narrow for this training, so {name} cannot be; try float32")
    return policy
