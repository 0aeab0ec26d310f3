# Keras as untyped for the type checker: types inferred from the defaults of its arguments are mostly too narrow.
from typing import Any

def __getattr__(name: str) -> Any: ...
