"""Small clips and trainers."""
import numpy as np
from subjects import TRAINED as NETWORKS

from refvr.train.loop import Trainer
from refvr.train.recipes import recipe_of

PLAIN = {"batch": 2, "patch": 8, "strides": (1,), "reverse": False, "shrink": 0, "jitter": 0, "augment": "none",
         "scenes": 0}


def pattern(t=11, h=61, w=67):
    """Stripes that move."""
    k, y, x = np.ogrid[:t, :h, :w]
    wave = 0.5 + 0.4 * np.sin((x + 2 * k) / 3) * np.cos(y / 4)
    return np.rint(255 * np.stack([wave, wave ** 2, 1 - wave], -1)).astype(np.uint8)


def trainer(**changes):
    recipe = recipe_of("edvr-s-x4", {**PLAIN, "patch": 4, "guard": 10.0, **changes})
    return Trainer("edvr-s-x4", recipe, seed=1, options=NETWORKS["edvr"]), recipe
