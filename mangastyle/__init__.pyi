"""Types of the public names, which `__init__.py` loads on first use."""

from mangastyle import video as video
from mangastyle.errors import Cancelled as Cancelled
from mangastyle.errors import MangastyleError as MangastyleError
from mangastyle.evaluate import metrics as metrics
from mangastyle.io.images import load as load
from mangastyle.io.images import save as save
from mangastyle.lineart.detect import is_line_art as is_line_art
from mangastyle.lineart.sketch import sketch as sketch
from mangastyle.pipeline import Pipeline as Pipeline
from mangastyle.pipeline import run as run
from mangastyle.shade.hints import Hint as Hint
from mangastyle.shade.shader import Shader as Shader
from mangastyle.style.stylize import Stylizer as Stylizer
from mangastyle.style.stylize import stylize as stylize
from mangastyle.synthetic.drawing import draw as draw
from mangastyle.synthetic.paintings import paint as paint
from mangastyle.training.painter import learn as learn

__version__: str
__all__ = [
    "Cancelled", "Hint", "MangastyleError", "Pipeline", "Shader", "Stylizer", "__version__", "draw", "is_line_art", "learn", "load",
    "metrics", "paint", "run", "save", "sketch", "stylize", "video",
]  # fmt: skip
