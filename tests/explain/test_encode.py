"""Pictures as addresses."""
import base64
import io

import numpy as np
from PIL import Image

from refvr.explain.encode import floats, jpeg, lighter, png

X = np.random.default_rng(0).random((5, 7, 3))


def decoded(address):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))) / 255


def test_png_is_exact_to_8_bits_and_jpeg_is_near():
    assert np.abs(decoded(png(X)) - X).max() <= 0.5 / 255 + 1e-9
    assert decoded(jpeg(X)).shape == (5, 7, 3)
    assert np.array_equal(np.frombuffer(base64.b64decode(floats(X)), "<f4").reshape(X.shape), X.astype("<f4"))


def test_every_png_however_deep():
    told = lighter({"a": [png(X), {"b": png(X)}], "c": 3})
    assert all(address.startswith("data:image/jpeg") for address in (told["a"][0], told["a"][1]["b"]))
    assert told["c"] == 3
