# TensorFlow as untyped for the type checker: the stubs that it would find elsewhere refuse slices such as x[..., None].
from typing import Any

def __getattr__(name: str) -> Any: ...
