"""The paper's recipe, to the letter, as presets of the commands (preset `default` is what works best here). No TensorFlow."""

from __future__ import annotations

SKETCH = {"block": 9, "c": 2.0}  # section 4.1

TRAIN = {  # section 4.2
    "hint": "paper", "hint_dropout": 0.1, "flip": False, "random_crop_prob": 0.0, "thin_line_prob": 0.0, "hue_shift_prob": 0.0,
    "upsample": "transpose", "condition_on_line": False, "pixel_loss": "l2", "epochs": 25, "decay": "constant", "ema": 0.0,
}  # fmt: skip

SHADE = {"weights": "shade-paper", "hint_recipe": "paper", "ink": 0.0}

STYLE = {  # section 4.3
    "loss": "sum", "content_weight": 0.001, "style_weight": 0.001, "tv_weight": 0.0, "iterations": 1000,
    "learning_rate": 1.0, "style_size": "content", "min_size": 0, "distance": "gram", "content_layers": ("conv4_2",),
    "precondition": False,  # L-BFGS and Adam search among pixels, both
    "style_layers": ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"),
    "precision": "float32",  # equal weights let the content win: the loss decreases by less than bfloat16 resolves
}  # fmt: skip

# Seconds of 1000 iterations on a GeForce GTX 1080 Ti (section 4.3; the captions of Figs 22 and 23 are exchanged there).
STYLE_SECONDS = {"lbfgs": 502.6, "adam": 85.5}
