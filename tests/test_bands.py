"""Convolutions by bands of rows: the bits of the whole image, for heights around tiles and bands."""
from __future__ import annotations

import numpy as np
import pytest

import refvr
from refvr import ops
from refvr.networks import remonet, stfan
from refvr.networks.edvr import EDVR, Config
from refvr.networks.stfan import STFAN
from refvr.networks.stfan_seed import STFANSeed
from refvr.nn.bands import Banded, BandedResidual, BandedSkip, BandedUp, bands, through
from refvr.nn.layers import Conv2d, ConvTranspose2d


@pytest.mark.parametrize("precision", ["fast", "exact"])
@pytest.mark.parametrize("rows", [1, 3, 4, 7, 12])
@pytest.mark.parametrize("h", [1, 2, 4, 5, 11, 24, 29])
def test_a_chain_by_bands_has_the_bits_of_the_whole(h: int, rows: int, precision: str) -> None:
    rng = np.random.default_rng(h)
    x = rng.standard_normal((2, h, 7, 16)).astype(np.float32)
    first, second = Conv2d(16, 16, 3, activation="relu").init(rng), Conv2d(16, 3, 3).init(rng)
    with refvr.precision(precision):
        whole = second(first(x))
        a, b = Banded(first), Banded(second)
        parts = [b(a(band, last), last) for band, last in bands(x, rows)]
    assert np.concatenate(parts, axis=1).tobytes() == whole.tobytes()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("h", [4, 12, 28])
def test_edvr_by_bands_has_the_bits_of_the_whole(h: int, dtype: type) -> None:
    rng = np.random.default_rng(3)
    net = EDVR(Config(frames=3, features=16, offset_groups=2, extract_blocks=1, reconstruct_blocks=1)).init(rng)
    net.astype(dtype)
    x = rng.random((1, 3, h, 8, 3)).astype(dtype)
    with refvr.trace() as seen:
        whole = net(x)
    assert {"upconv1", "upconv2", "up", "conv_hr", "conv_last"} <= set(seen)
    one = net(x)
    with refvr.threads(3):
        assert one.tobytes() == whole.tobytes() == net(x).tobytes()
    up = ops.pixel_shuffle(net.upconv1(seen["reconstructed"]), 2)
    assert np.array_equal(seen["up"], ops.pixel_shuffle(net.upconv2(up), 2))


@pytest.mark.parametrize("rows", [1, 3, 8, 64])
@pytest.mark.parametrize("h", [4, 5, 18, 31])
@pytest.mark.parametrize("k", [3, 4])
def test_residuals_strides_and_enlarging_by_bands_have_the_bits_of_the_whole(h: int, rows: int, k: int) -> None:
    rng = np.random.default_rng(h)
    x = rng.standard_normal((2, h, 6, 16)).astype(np.float32)
    first, second = Conv2d(16, 16, 3, activation="relu").init(rng), Conv2d(16, 16, 3).init(rng)
    down, up = Conv2d(16, 17, 3, stride=2).init(rng), ConvTranspose2d(17, 16, k, activation="leaky_relu").init(rng)
    whole = up(down(second(first(x), residual=x)))
    whole = second(first(whole), residual=whole)
    steps = [BandedResidual(first, second), Banded(down), BandedUp(up), BandedResidual(first, second)]
    assert through(x, rows, steps, 2 * -(-h // 2)).tobytes() == whole.tobytes()


@pytest.mark.parametrize("rows", [1, 3, 8, 64])
@pytest.mark.parametrize("h", [4, 5, 18, 31])
def test_separable_blocks_by_bands_have_the_bits_of_the_whole(h: int, rows: int) -> None:
    rng = np.random.default_rng(h)
    x = rng.standard_normal((2, h, 6, 16)).astype(np.float32)
    down, encode, decode = (block.init(rng) for block in (remonet.Down(16, 64), remonet.Encode(64), remonet.Decode(64)))
    steps = [down.step(), BandedSkip([encode.step(), decode.step()])]
    y = down(x)
    whole = decode(encode(y)) + y
    assert through(x, rows, steps, -(-h // 2)).tobytes() == whole.tobytes()


@pytest.mark.parametrize("options", [{}, {"plain": True, "fold": 2, "blend": True}])
def test_remonet_by_bands_has_the_bits_of_the_whole(options: dict[str, bool | int]) -> None:
    rng = np.random.default_rng(3)
    net = remonet.ReMoNet(remonet.Config(frames=2, widths=(16, 32, 64), state=5, **options)).init(rng)
    x = rng.random((2, 2, 152, 8, 3)).astype(np.float32)
    with refvr.trace() as seen:
        whole = net(x)
    assert {"step0.unet.dec2", "step1.unet.up1", "fusion.dec1"} <= set(seen)
    with refvr.threads(3):
        again = net(x)
    assert net(x).tobytes() == again.tobytes() == whole.tobytes()


@pytest.mark.parametrize("network", [STFAN, STFANSeed])
@pytest.mark.parametrize("rows, h", [(8, 4), (8, 44), (64, 76)])
def test_stfan_by_bands_has_the_bits_of_the_whole(network: type, h: int, rows: int,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stfan, "BAND_ROWS", rows)
    rng = np.random.default_rng(3)
    net, frames = network(stfan.Config(widths=(16, 16, 16), k=3)).init(rng), rng.random((3, 1, h, 12, 3)).astype("f4")
    with refvr.trace() as seen:
        whole, state = net(*frames)
    assert {"encode.full", "motion.half", "decode.half", "decode.full"} <= set(seen)
    y, after = net(*frames)
    with refvr.threads(3):
        again, _ = net(*frames)
    assert y.tobytes() == again.tobytes() == whole.tobytes() and after.tobytes() == state.tobytes()
