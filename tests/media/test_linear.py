"""Linear light: EXR, DPX, and the curve."""

import media_clips
import numpy as np
import pytest
from pictures import frames

from refvr.media import image_file, linear


def test_exr_keeps_what_lies_outside(tmp_path):
    rng = np.random.default_rng(3)
    x = (rng.random((2, 6, 8, 4), np.float32) * 3 - 0.5).astype(np.float32)
    x[..., 3] = rng.random((2, 6, 8), np.float32) * 0.9 + 0.1
    (tmp_path / "in").mkdir()
    for k, picture in enumerate(x):
        values, beyond = linear.split(picture[..., :3])
        data = image_file.encode(np.concatenate([values, picture[..., 3:]], -1), ".exr", beyond=beyond)
        (tmp_path / "in" / f"{k}.exr").write_bytes(data)
    info, got, warnings = frames(tmp_path / "in")
    assert info.bit_depth == 32 and info.has_alpha and any("linear light" in line for line in warnings)
    for frame, picture in zip(got, x):
        assert frame.rgb.min() >= 0 and frame.rgb.max() <= 1
        np.testing.assert_allclose(linear.join(frame.rgb, frame.beyond), picture[..., :3], atol=2e-6)
        np.testing.assert_allclose(frame.alpha, picture[..., 3], atol=1e-6)
    _, out = media_clips.copy(tmp_path / "in", tmp_path / "out")
    assert out.warnings == [] and sorted(p.name for p in (tmp_path / "out").iterdir()) == ["0.exr", "1.exr"]
    for frame, picture in zip(frames(tmp_path / "out")[1], x):
        np.testing.assert_allclose(linear.join(frame.rgb, frame.beyond), picture[..., :3], atol=4e-6)
    _, out = media_clips.copy(tmp_path / "in", tmp_path / "png" / "%02d.png")
    assert any("cut off" in line for line in out.warnings)


def test_the_curve_of_linear_light():
    x = np.linspace(-0.1, 1.2, 1001).astype(np.float32)
    np.testing.assert_allclose(linear.decode(linear.encode(x)), x, atol=1e-6)
    assert linear.encode(np.float32(0.18)) == pytest.approx(0.4614, abs=1e-4)   # middle grey
    assert linear.split(np.float32([0, 0.5, 1]))[1] is None


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_dpx(tmp_path, bits):
    (tmp_path / "in").mkdir()
    x = np.random.default_rng(bits).integers(0, 2 ** bits, (2, 6, 8, 3)).astype(np.uint8 if bits == 8 else np.uint16)
    for k, picture in enumerate(x):
        data = bytearray(image_file.encode(picture, ".dpx", bits=bits))
        data[801:803] = bytes([3, 6])   # logarithmic
        (tmp_path / "in" / f"{k}.dpx").write_bytes(data)
    info, got, warnings = frames(tmp_path / "in")
    assert info.bit_depth == bits and len(warnings) == 1 and "logarithmic" in warnings[0]
    assert np.array_equal(np.rint(np.stack([frame.rgb for frame in got]) * (2 ** bits - 1)), x)
    media_clips.copy(tmp_path / "in", tmp_path / "out/")
    for k in range(2):
        data = (tmp_path / "out" / f"{k}.dpx").read_bytes()
        assert data == (tmp_path / "in" / f"{k}.dpx").read_bytes() and data[801:803] == bytes([3, 6])
