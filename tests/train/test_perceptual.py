"""The perceptual loss, by hand, and VGG's weights from files."""
import numpy as np
import pytest
from small_vgg import clip, small_vgg

from refvr.errors import WeightsError
from refvr.train.perceptual import WEIGHTS, percept, vgg19
from refvr.train.start import vgg_of


def test_percept_by_hand():
    vgg = small_vgg()
    y, target = clip(1, 8, 12, 3), clip(1, 8, 12, 3, seed=2)
    loss, parts = percept(y, target, vgg)
    f, g = (vgg((x - 0.5) / 0.5) for x in (y, target))
    assert f[0].min() >= 0 and f[1].min() >= 0 and f[2].min() < 0     # the first two are rectified
    assert [a.shape for a in f] == [(1, 8, 12, 64), (1, 4, 6, 128), (1, 2, 3, 256)]
    np.testing.assert_allclose(parts, [np.mean((a - b) ** 2) for a, b in zip(f, g)], rtol=1e-12)
    assert float(loss) == pytest.approx(sum(w * float(part) for w, part in zip(WEIGHTS, parts)), rel=1e-12)
    before = vgg((y - 0.5) / 0.5, True)
    assert all(np.array_equal(np.maximum(a, 0), b) for a, b in zip(before[:2], f)) and before[0].min() < 0


def test_vgg_takes_its_part_of_a_whole_state():
    rng = np.random.default_rng(3)
    sizes = {0: (64, 3), 2: (64, 64), 5: (128, 64), 7: (128, 128), 10: (256, 128), 12: (256, 256), 14: (256, 256)}
    state = {f"features.{k}.{what}": rng.standard_normal(shape).astype(np.float32) for k, (o, c) in sizes.items()
             for what, shape in (("weight", (o, c, 3, 3)), ("bias", (o,)))}
    net = vgg19(state | {"features.16.weight": np.zeros(3), "classifier.0.weight": np.zeros(5)})
    assert np.array_equal(net.conv3_2.weight, state["features.12.weight"].transpose(2, 3, 1, 0))
    with pytest.raises(WeightsError, match="missing conv2_1.bias"):
        vgg19({name: array for name, array in state.items() if name != "features.5.bias"})


def test_vgg_of_a_file(tmp_path):
    state = {f"features.{k}.{what}": np.zeros(shape, np.float32) for k, (o, c) in {0: (64, 3), 2: (64, 64)}.items()
             for what, shape in (("weight", (o, c, 3, 3)), ("bias", (o,)))}
    np.savez(tmp_path / "vgg.npz", **state, other=np.zeros(3))
    with pytest.raises(WeightsError, match="missing conv2_1.weight"):   # the rest is found to be missing
        vgg_of(str(tmp_path / "vgg.npz"))
    np.savez(tmp_path / "other.npz", other=np.zeros(3))
    with pytest.raises(WeightsError, match="no VGG19, expected arrays features.0.weight"):
        vgg_of(str(tmp_path / "other.npz"))
