"""Use trained networks to color line art: any size in, exactly that size out.

`Shader` of a file is the `RegionShader` or `UNetShader` that the file's network needs.
"""

from __future__ import annotations

from mangastyle.shade.base import Progress, Shader
from mangastyle.shade.region_shader import RegionShader
from mangastyle.shade.unet_shader import UNetShader

__all__ = ["Progress", "RegionShader", "Shader", "UNetShader"]
