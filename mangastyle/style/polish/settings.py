"""Settings of the polished one-pass stylization (method polish). No TensorFlow: the command line reads them, too."""

from __future__ import annotations

from dataclasses import dataclass

from mangastyle.settings import setting
from mangastyle.style.onepass.settings import OnePassSettings
from mangastyle.style.optimize.settings import OptimizeSettings


@dataclass(frozen=True)
class PolishSettings(OnePassSettings):
    """One pass, then few iterations of the optimization (method polish)."""

    polish_iterations: int = setting(
        8, "iterations at the final size after the one pass; a scale of half its side gets twice as many", least=1
    )
    polish_scales: int = setting(1, "scales of these iterations, coarse to fine", least=1)

    @property
    def optimization(self) -> OptimizeSettings:
        """The settings of the optimization that follows the one pass."""
        shared = {name: getattr(self, name) for name in LOOK}
        # Compiling Winograd's transforms takes longer than so few iterations gain by them.
        return OptimizeSettings(**shared, iterations=self.polish_iterations, num_scales=self.polish_scales, winograd=False)


LOOK = ("strength", "size", "style_weights", "style_scale", "style_size", "keep_colors", "match_colors")
