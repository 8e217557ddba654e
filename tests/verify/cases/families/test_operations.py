"""Single operations as cases have them, channels first: by their formulas, and by what a gradient is."""
import numpy as np
import pytest
from made_cases import answered, made, same, slope
from wrong_calls import drawn

from refvr.errors import InputError


def convolved(x, weight, *, stride=1, padding=0, dilation=1, groups=1):
    """y[n, o, i, j] = the sum of weight[o, c, u, v] x[n, c of its group, i s + u d - p, j s + v d - p]."""
    x = np.pad(x, ((0, 0), (0, 0), (padding,) * 2, (padding,) * 2))
    (o, c, kh, kw), each = weight.shape, len(weight) // groups
    rows, columns = ((size - dilation * (k - 1) - 1) // stride + 1 for size, k in zip(x.shape[2:], (kh, kw)))
    y = np.zeros((len(x), o, rows, columns))
    for out, i, j in np.ndindex(o, rows, columns):
        first = out // each * c
        window = x[:, first:first + c, i * stride:, j * stride:][:, :, :dilation * kh:dilation, :dilation * kw:dilation]
        y[:, out, i, j] = (window * weight[out]).sum((1, 2, 3))
    return y


@pytest.mark.parametrize("config", [{}, {"stride": 2, "padding": 1}, {"padding": 2, "dilation": 2, "groups": 2}])
def test_a_convolution(config):
    """It is linear in x and in the weights, so that sum(dx * v) = sum(conv(v) * dy)."""
    x, bias = drawn(2, 4, 6, 7, seed=1), drawn(6, seed=2)
    weight = drawn(6, 4 // config.get("groups", 1), 3, 3, seed=3)
    y = convolved(x, weight, **config) + bias[:, None, None]
    dy, v, w = drawn(*y.shape, seed=4), drawn(*x.shape, seed=5), drawn(*weight.shape, seed=6)
    found = answered(made("op.conv2d", {"x": x, "weight": weight, "bias": bias, "dy": dy}, config=config)).outputs
    assert found.keys() == {"y", "dx", "dweight", "dbias"} and np.allclose(found["y"], y)
    assert np.isclose((found["dx"] * v).sum(), (convolved(v, weight, **config) * dy).sum())
    assert np.isclose((found["dweight"] * w).sum(), (convolved(x, w, **config) * dy).sum())
    assert np.allclose(found["dbias"], dy.sum((0, 2, 3)))
    without = answered(made("op.conv2d", {"x": x, "weight": weight, "dy": dy}, config=config)).outputs
    assert without.keys() == {"y", "dx", "dweight"} and np.allclose(without["y"], convolved(x, weight, **config))


def normed(x, gamma, beta, mean, var, eps):
    """Of every channel, (n, c, h, w)."""
    gamma, beta, mean, var = (each[:, None, None] for each in (gamma, beta, mean, var))
    return gamma * (x - mean) / np.sqrt(var + eps) + beta


NORM = {"x": drawn(2, 3, 4, 5, seed=1), "dy": drawn(2, 3, 4, 5, seed=2), "gamma": drawn(3, seed=3),
        "beta": drawn(3, seed=4), "running_mean": drawn(3, seed=5), "running_var": np.abs(drawn(3, seed=6)),
        "num_batches_tracked": np.array(7)}
NORM = {name: np.round(64 * array) / 64 for name, array in NORM.items()}   # parameters are loaded as float32
OVER = (0, 2, 3)


def test_a_norm_in_evaluation():
    config = {"eps": 0.1, "momentum": 0.3, "training": False}
    x, dy, gamma, beta, mean, var, _ = NORM.values()
    unit = normed(x, np.ones(3), np.zeros(3), mean, var, 0.1)
    same(answered(made("op.batchnorm2d", NORM, config=config)).outputs, {
        "y": normed(x, gamma, beta, mean, var, 0.1), "dx": dy * (gamma / np.sqrt(var + 0.1))[:, None, None],
        "dgamma": (dy * unit).sum(OVER), "dbeta": dy.sum(OVER), "running_mean": mean, "running_var": var,
        "num_batches_tracked": 7})


def test_a_norm_in_training():
    """By the statistics of the batch, which the running ones move towards by the momentum, the variance unbiased."""
    config = {"eps": 0.1, "momentum": 0.3, "training": True}
    x, dy, gamma, beta, mean, var, _ = NORM.values()
    of_batch = x.mean(OVER), x.var(OVER)
    unit = normed(x, np.ones(3), np.zeros(3), *of_batch, 0.1)
    found = answered(made("op.batchnorm2d", NORM, config=config)).outputs
    dx, v = found.pop("dx"), drawn(*x.shape)
    same(found, {
        "y": normed(x, gamma, beta, *of_batch, 0.1), "dgamma": (dy * unit).sum(OVER), "dbeta": dy.sum(OVER),
        "running_mean": 0.7 * mean + 0.3 * x.mean(OVER), "running_var": 0.7 * var + 0.3 * x.var(OVER, ddof=1),
        "num_batches_tracked": 8})
    total = slope(lambda x: (normed(x, gamma, beta, x.mean(OVER), x.var(OVER), 0.1) * dy).sum(), x, v)
    assert np.isclose((dx * v).sum(), total, rtol=1e-6)


def grams(clip):
    """Likeness of every frame of (t, c, h, w) to every other, and the same with rows of length 1."""
    flat = clip.reshape(len(clip), -1)
    gram = flat @ flat.T
    return gram, gram / np.linalg.norm(gram, axis=1, keepdims=True)


def test_the_mutual_loss():
    s, t = drawn(2, 3, 1, 2, 2, seed=1), drawn(2, 3, 1, 2, 2, seed=2)

    def loss(s, t):
        return sum(np.square(grams(a)[1] - grams(b)[1]).sum() for a, b in zip(s, t)) / 9

    found = answered(made("op.similarity_loss", {"g_s": s, "g_t": t}))
    assert found.outputs.keys() == {"loss", "dg_s", "dg_t"} and found.outputs["loss"].shape == (1,)
    assert np.isclose(found.outputs["loss"][0], loss(s, t), rtol=1e-9)
    v = drawn(*s.shape)
    assert np.isclose((found.outputs["dg_s"] * v).sum(), slope(lambda s: loss(s, t), s, v), rtol=1e-5)
    assert np.isclose((found.outputs["dg_t"] * v).sum(), slope(lambda t: loss(s, t), t, v), rtol=1e-5)
    same(found.trace, {f"{kind}_{key}_{n}": gram for key, clips in (("s", s), ("t", t)) for n, clip in enumerate(clips)
                       for kind, gram in zip(("G", "Gnorm"), grams(clip))}, within=1e-9)


def test_slopes():
    x, dy, w = drawn(2, 2, 3, 4, seed=1), drawn(2, 2, 3, 4, seed=2), np.array([0.5, -2.0])
    at = np.where(x > 0, 1, w[:, None, None])
    same(answered(made("op.prelu", {"x": x, "w": w, "grad_out": dy})).outputs,
         {"out": at * x, "grad_x": at * dy, "grad_w": (dy * np.minimum(x, 0)).sum(OVER)})


@pytest.mark.parametrize("r", [2, 3])
def test_shuffles(r):
    """Channel c r r + i r + j is row i and column j of the r x r pixels of channel c; unshuffle is its reverse."""
    x = drawn(1, 2 * r * r, 2, 3)
    large = np.empty((1, 2, 2 * r, 3 * r))
    for c, i, j in np.ndindex(2, r, r):
        large[:, c, i::r, j::r] = x[:, (c * r + i) * r + j]
    same(answered(made("op.pixel_shuffle", {f"x_r{r}": x, f"u_r{r}": large})).outputs,
         {f"y_r{r}": large, f"unshuffle_r{r}": x}, within=0)


@pytest.mark.parametrize("family, inputs, config, says", [
    ("op.conv2d", {"x": drawn(1, 1, 2, 2), "dy": drawn(1, 1, 2, 2)}, {}, "no input 'weight', expected x, weight, dy"),
    ("op.batchnorm2d", NORM, {"momentum": 0.1, "training": True}, "got eps = None in meta, expected float"),
    ("op.prelu", {"x": drawn(1, 1, 2, 2), "w": drawn(1)}, {}, "no input 'grad_out'")])
def test_what_a_case_lacks(family, inputs, config, says):
    with pytest.raises(InputError, match=f"made.h5: {says}"):
        answered(made(family, inputs, config=config))
