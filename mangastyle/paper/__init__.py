"""The reproduction of the paper: presets, the formulas behind its numbers, reconstructions and figures."""
