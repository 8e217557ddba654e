"""Maps of the graph's boxes: pictures of values, their ranges, and how far float32 is from float64 there."""
import base64
import io
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from refvr.explain import maps
from refvr.nn import note

RNG = np.random.default_rng(0)


def picture(one):
    """The levels of a map, (h, w)."""
    data = base64.b64decode(one["src"].partition("base64,")[2])
    levels = np.asarray(Image.open(io.BytesIO(data)))
    assert (levels == levels[..., :1]).all(), "grey"
    return levels[..., 0].astype(int)


def stretched(x):
    return np.rint(255 * (x - x.min()) / np.ptp(x)).astype(int)


class Run:
    """A call whose values are exact in float64, and off by a known amount in float32."""

    def __init__(self, exact):
        self.exact, self.types = exact, []
        self.net = SimpleNamespace(astype=self.types.append)

    def run(self, dtype):
        self.types.append(dtype)
        for name, value in self.exact.items():
            note(name, value)


def told(values, exact=None, boxes=None):
    levels = {"": {"boxes": [{"value": name} for name in boxes or [*values, "unnamed"]]}}
    run = Run(exact or values)
    found = maps.maps_and_noise(run, values, levels)
    assert run.types == [np.float64, np.float32], "the network is as it was"
    return found


def test_a_map_has_mean_norm_and_the_liveliest_channels():
    x = RNG.standard_normal((2, 5, 7, 4)) * np.array([1, 9, 0.1, 3])
    found = told({"a": x})["a"]
    assert found["shape"] == [2, 5, 7, 4] and found["averaged"] == 1
    first = x[0]
    wanted = {"mean of channels": first.mean(-1), "norm of channels": np.sqrt((first ** 2).sum(-1)),
              "channel 1": first[..., 1], "channel 3": first[..., 3]}
    assert [one["label"] for one in found["maps"]] == list(wanted)
    for one, want in zip(found["maps"], wanted.values()):
        assert (one["low"], one["high"]) == (pytest.approx(want.min()), pytest.approx(want.max()))
        assert np.abs(picture(one) - stretched(want)).max() <= 1


def test_a_map_of_several_frames_is_that_of_the_first():
    x = RNG.standard_normal((1, 3, 5, 7, 2))
    assert np.abs(picture(told({"a": x})["a"]["maps"][2]) - stretched(x[0, 0, ..., x[0, 0].std((0, 1)).argmax()])
                  ).max() <= 1


def test_large_maps_are_averaged_down_by_whole_steps():
    """A side of 161 to 320 becomes a half: means of 2x2, and what is left over at the end goes."""
    x = RNG.standard_normal((1, 5, 321, 1))
    found = told({"a": x})["a"]
    assert found["averaged"] == 3 and found["shape"] == [1, 5, 321, 1]
    means = x[0, :3, :, 0].reshape(1, 3, 107, 3).mean((1, 3))
    np.testing.assert_allclose([found["maps"][0]["low"], found["maps"][0]["high"]], [means.min(), means.max()])
    assert picture(found["maps"][0]).shape == (1, 107)
    assert told({"a": RNG.standard_normal((1, 160, 4, 1))})["a"]["averaged"] == 1
    assert told({"a": RNG.standard_normal((1, 1, 500, 1))})["a"]["averaged"] == 4


def test_vectors_are_one_pixel_and_flat_maps_are_black():
    found = told({"a": np.arange(4.0)})["a"]
    assert [picture(one).shape for one in found["maps"]] == [(1, 1)] * 4
    flat = told({"a": np.full((1, 2, 3, 2), 0.5)})["a"]["maps"][0]
    assert (flat["low"], flat["high"]) == (0.5, 0.5) and (picture(flat) == 0).all()


def test_only_values_that_boxes_have_are_shown():
    values = {name: RNG.standard_normal((1, 2, 3, 1)) for name in ("a", "b")}
    assert list(told(values, boxes=["b", "c", None])) == ["b"]


def test_noise_is_the_difference_of_float32_from_float64():
    exact = RNG.standard_normal((1, 4, 4, 2))
    off = np.zeros_like(exact)
    off[0, 1, 2, 1], off[0, 3, 3, 0] = -0.5, 0.25
    noise = told({"a": exact + off}, {"a": exact})["a"]["noise"]
    assert noise == {"largest": pytest.approx(0.5), "rms": pytest.approx(np.sqrt((0.25 + 0.0625) / 32))}


def test_of_large_maps_the_noise_is_that_of_some_values():
    """Every so-manieth, from the first on; of a value of another shape, or that did not come again, none."""
    exact = RNG.standard_normal((1, 2, maps.SAMPLES, 1))
    off = np.zeros_like(exact)
    off.reshape(-1)[1::2] = 9     # between those that are looked at
    off.reshape(-1)[2] = 1
    assert told({"a": exact + off}, {"a": exact})["a"]["noise"]["largest"] == pytest.approx(1)
    assert told({"a": exact}, {"a": exact[:, :1]})["a"]["noise"] is None
    assert told({"a": exact}, {"b": exact})["a"]["noise"] is None
