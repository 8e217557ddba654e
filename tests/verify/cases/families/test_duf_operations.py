"""The operations of DUF as cases have them: 3-D convolution, filters for every pixel, small frames, scores."""
import numpy as np
import pytest
from made_cases import answered, made, same
from wrong_calls import drawn

from refvr.errors import InputError


def convolved(x, weight, padding=(0, 0, 0)):
    """y[n, o, t, i, j] = the sum of weight[o, c, f, u, v] x[n, c, t + f, i + u, j + v], x with zeros around it."""
    x = np.pad(x, ((0, 0), (0, 0), *((p, p) for p in padding)))
    t, h, w = (size - k + 1 for size, k in zip(x.shape[2:], weight.shape[2:]))
    return sum(np.einsum("ncthw,oc->nothw", x[:, :, f:f + t, u:u + h, v:v + w], weight[:, :, f, u, v])
               for f, u, v in np.ndindex(weight.shape[2:]))


@pytest.mark.parametrize("config", [{}, {"padding": [1, 0, 1]}])
def test_a_convolution_over_frames(config):
    """It is linear in x and in the weights, so that sum(dx * v) = sum(conv(v) * dy)."""
    x, weight, bias = drawn(1, 2, 4, 4, 5, seed=1), drawn(3, 2, 3, 3, 3, seed=2), drawn(3, seed=3)
    y = convolved(x, weight, **config) + bias[:, None, None, None]
    dy, v, w = drawn(*y.shape, seed=4), drawn(*x.shape, seed=5), drawn(*weight.shape, seed=6)
    inputs = {"x": x, "weight": weight, "dy": dy}
    found = answered(made("op.conv3d", inputs | {"bias": bias}, config=config)).outputs
    assert found.keys() == {"y", "dx", "dweight", "dbias"} and np.allclose(found["y"], y)
    assert np.isclose((found["dx"] * v).sum(), (convolved(v, weight, **config) * dy).sum())
    assert np.isclose((found["dweight"] * w).sum(), (convolved(x, w, **config) * dy).sum())
    assert np.allclose(found["dbias"], dy.sum((0, 2, 3, 4)))
    assert answered(made("op.conv3d", inputs, config=config)).outputs.keys() == {"y", "dx", "dweight"}


@pytest.mark.parametrize("r", [2, 3])
def test_filters_of_25_taps_for_every_pixel(r):
    """Pixel (i, j) of the r x r that a small one becomes has number i r + j; a residual has three colours of each."""
    x, logits = drawn(1, 1, 3, 4, seed=1), drawn(1, 3, 4, 25, r * r, seed=2)
    residual = drawn(1, 1, 3, 4, r * r * 3, seed=3)
    filters = np.exp(logits) / np.exp(logits).sum(3, keepdims=True)
    around = np.pad(x[:, 0], ((0, 0), (2, 2), (2, 2)))
    filtered = sum(filters[:, :, :, 5 * i + j] * around[:, i:i + 3, j:j + 4, None] for i, j in np.ndindex(5, 5))
    large, colours = np.empty((1, 3 * r, 4 * r, 1)), np.empty((1, 1, 3 * r, 4 * r, 3))
    for u in range(r * r):
        large[:, u // r::r, u % r::r, 0] = filtered[..., u]
        colours[:, :, u // r::r, u % r::r] = residual[..., 3 * u:3 * u + 3]
    same(answered(made("op.duf_dynfilter", {f"x_r{r}": x, f"logits_r{r}": logits, f"res_r{r}": residual})).outputs,
         {f"softmax_r{r}": filters, f"up_r{r}": large, f"filtered_r{r}": filtered, f"res_up_r{r}": colours})


def test_small_frames():
    """A Gaussian of deviation 0.4 s over 13 x 13 taps, at every s-th pixel; mirrored once at the border."""
    frames, s, taps = np.random.default_rng(1).random((1, 17, 16, 3)), 2, np.arange(-6, 7)
    g = np.where(np.abs(taps) <= 3, np.exp(-taps ** 2 / (2 * 0.8 ** 2)), 0)
    kernel = np.outer(g, g) / g.sum() ** 2
    around = np.pad(frames, ((0, 0), (6, 6), (6, 6), (0, 0)), "reflect")
    small = np.stack([np.stack([np.einsum("uv,tuvc->tc", kernel, around[:, s * i:s * i + 13, s * j:s * j + 13])
                                for j in range(8)], 1) for i in range(9)], 1)
    found = answered(made("op.duf_downsample", {"hr_17x16": frames}, config={"scale": s})).outputs
    same(found, {"down_17x16": small, "down_crop_17x16": small[:, 2:-2, 2:-2], "lr_17x16": small, "kernel": kernel},
         within=1e-6)    # of the kernel, which is float32


def luma(clip):
    return 16 + clip @ [65.481, 128.553, 24.966]


def psnr(a, b):
    """The mean over frames of 20 log10(255 / root mean square)."""
    return np.mean([20 * np.log10(255 / np.sqrt(np.mean((one - other) ** 2))) for one, other in zip(a, b)])


def test_scores():
    """Of Y, without 2 frames at each end and 8 pixels on every side; of all; of floats, rounded or cut off."""
    rng = np.random.default_rng(1)
    pred_u8, true_u8 = rng.integers(0, 256, (2, 6, 20, 22, 3)).astype(np.uint8)
    pred_f, true_f = rng.random((2, 6, 20, 22, 3))
    inner = (slice(2, -2), slice(8, -8), slice(8, -8))
    levels = [luma(clip / 255) for clip in (pred_u8, true_u8)]
    rounded = [luma(np.rint(255 * clip) / 255) for clip in (pred_f, true_f)]
    cut_off = [luma(np.floor(255 * clip) / 255) for clip in (pred_f, true_f)]
    case = made("op.duf_metrics", {"pred_u8": pred_u8, "true_u8": true_u8, "pred_f": pred_f, "true_f": true_f})
    found = answered(case).outputs
    assert np.allclose(found["ycbcr_true"][..., 0], luma(true_u8 / 255), atol=0.05)
    for name, clips, part in (("avg_psnr_tb2_sb8", levels, inner), ("avg_psnr_tb0_sb0", levels, slice(None)),
                              ("avg_psnr_float_inputs", rounded, inner), ("avg_psnr_testpy_truncated", cut_off, inner)):
        assert found[name] == pytest.approx(psnr(*(clip[part] for clip in clips)), abs=1e-9), name
    with pytest.raises(InputError, match="got clips of different shapes, expected four of one shape"):
        answered(made("op.duf_metrics", {**case.inputs, "true_f": true_f[:5]}))
