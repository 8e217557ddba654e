"""Scenes whose cuts are known."""
import numpy as np

H, W = 36, 64


def scene(seed, count, speed=1.0):
    """(count, H, W, 3) of soft coloured bars that move: what they look like depends on the seed."""
    draw = np.random.default_rng(seed)
    y, x, t = np.arange(H)[:, None], np.arange(W)[None], np.arange(count)[:, None, None, None]
    waves = np.stack([draw.uniform(-.3, .3) * y + draw.uniform(-.3, .3) * x for _ in range(3)], -1)
    level, swing = draw.uniform(.2, .8, 3), draw.uniform(.05, .2, 3)
    return np.clip(level + swing * np.sin(waves + speed * draw.uniform(.05, .2) * t), 0, 1).astype(np.float32)
