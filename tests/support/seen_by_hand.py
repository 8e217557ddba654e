"""What figures draw from, made by hand: no network runs. And what is found in a figure."""
from types import SimpleNamespace

import numpy as np


def seen(values=None, given=2, size=(8, 12), scale=1, options=None, **more):
    """Frames and values; places of the result lie `scale` times as close as pixels of the frames."""
    rng = np.random.default_rng(9)
    frames = [rng.random((*size, 3)) for _ in range(given)]
    return SimpleNamespace(**{
        "net": SimpleNamespace(config=SimpleNamespace(scale=scale), blocks=[0, 1]), "values": values or {},
        "given": frames, "frame_names": [f"frame {k}" for k in range(given)], "title": lambda words: f"net: {words}",
        "place": lambda point: (point.y / scale, point.x / scale), "result": rng.random((*size, 3)),
        "subject": SimpleNamespace(options=options or {})} | more)


def picture(axis):
    """The array that a panel shows."""
    image, *_ = axis.images
    return np.ma.filled(image.get_array(), np.nan)


def marks(axis, marker):
    """(row, column) of the marks of a kind, each once, although each has an edge of its own."""
    found = [list(zip(line.get_ydata(), line.get_xdata())) for line in axis.lines if line.get_marker() == marker]
    assert len(found) == 2 and found[0] == found[1]
    return found[0]


def written(axis):
    return [text.get_text() for text in axis.texts]
