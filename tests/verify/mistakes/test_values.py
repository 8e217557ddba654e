"""Mistakes in activations, norms and pooling: each by its formula."""
import numpy as np
import pytest
from wrong_calls import drawn, made_in, possible, right, shows, wrong

from refvr.verify.mistakes import values

X = np.array([-7.0, -2.0, -0.5, 0.0, 0.5, 2.0, 7.0])
TWO = X.reshape(1, 1, 7, 1) * np.array([1.0, -1.0])     # two channels, one the other mirrored
W = np.array([0.5, -1.0])
TABLE = drawn(2, 3)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x, axis=-1):
    return np.exp(x) / np.exp(x).sum(axis, keepdims=True)


def bent(x, slope):
    return np.where(x > 0, x, slope * x)


ACTIVATIONS = {   # name -> (what comes out, operands, options)
    **{f"{name}.missing": (X, X) for name in ("relu", "leaky_relu", "sigmoid", "tanh")},
    "clip.missing": (X, X, 0.0, 1.0),
    "softmax.missing": (TABLE, TABLE),
    "prelu.missing": (TWO, TWO, W),
    "leaky_relu.applied_twice": (bent(X, 0.09), X, 0.3),
    "prelu.applied_twice": (bent(bent(TWO, W), W), TWO, W),
    "sigmoid.applied_twice": (sigmoid(sigmoid(X)), X),
    "tanh.applied_twice": (np.tanh(np.tanh(X)), X),
    "softmax.applied_twice": (softmax(softmax(TABLE)), TABLE),
    "leaky_relu.relu_in_its_place": ([0, 0, 0, 0, 0.5, 2, 7], X),
    "prelu.relu_in_its_place": (bent(TWO, 0), TWO, W),
    **{f"{name}.slope_of_a_{part}": (bent(X, slope), X, *told) for name, told in (("relu", ()), ("leaky_relu", (0.3,)))
       for part, slope in (("fifth", 0.2), ("tenth", 0.1), ("hundredth", 0.01))},
    "prelu.slope_of_a_fifth": (bent(TWO, 0.2), TWO, W),
    "sigmoid.tanh_in_its_place": (np.tanh(X), X),
    "tanh.sigmoid_in_its_place": (sigmoid(X), X),
    "sigmoid.hard_sigmoid": ([0, 1 / 6, 5 / 12, 1 / 2, 7 / 12, 5 / 6, 1], X),
    "sigmoid.doubled": (2 * sigmoid(X), X),
    "sigmoid.halved": (sigmoid(X) / 2, X),
    "softmax.over_another_axis": (softmax(TABLE, 0), TABLE),
    "softmax.over_everything": (np.exp(TABLE) / np.exp(TABLE).sum(), TABLE),
    "softmax.softmax_as_sigmoid": (sigmoid(TABLE), TABLE),
    "prelu.one_slope_for_all_channels": (bent(TWO, 0.5), TWO, W),
    "prelu.slope_of_a_quarter": (bent(TWO, 0.25), TWO, W),
    "clip.from_minus_one_to_one": ([-1, -1, -0.5, 0, 0.5, 1, 1], X, 0.0, 1.0),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name):
    expected, *call = ACTIVATIONS[name]
    shows(name, expected, *call)


def test_a_single_row_has_no_other_axis():
    assert not possible("softmax.over_another_axis", X)
    three = drawn(2, 3, 4)
    shows("softmax.over_another_axis", softmax(three, 1), three)


PIXELS = drawn(2, 3, 4, 2)
GAMMA, BETA, MEAN, VAR = np.array([2.0, 0.5]), np.array([1.0, -1.0]), np.array([0.3, -0.2]), np.array([0.04, 4.0])
EACH = (0, 1, 2)


def normed(x=PIXELS, gamma=GAMMA, beta=BETA, mean=MEAN, var=VAR, eps=0.1):
    return gamma * (x - mean) / np.sqrt(var + eps) + beta


def by_its_own(**changes):
    return normed(**{"mean": PIXELS.mean(EACH), "var": PIXELS.var(EACH)} | changes)


NORMS = {
    **{f"{kind}.{name}": formula(**change) for kind, formula in (("batch_norm", normed),
                                                                ("batch_norm_train", by_its_own))
       for name, change in (("eps_of_pytorch", {"eps": 1e-5}), ("eps_of_keras", {"eps": 1e-3}),
                            ("eps_missing", {"eps": 0}), ("gamma_missing", {"gamma": 1}),
                            ("beta_missing", {"beta": 0}))},
    "batch_norm.eps_outside_the_root": GAMMA * (PIXELS - MEAN) / (np.sqrt(VAR) + 0.1) + BETA,
    "batch_norm.variance_taken_for_a_deviation": GAMMA * (PIXELS - MEAN) / (VAR + 0.1) + BETA,
    "batch_norm.statistics_of_the_batch": by_its_own(),
    "batch_norm.mean_and_beta_exchanged": normed(mean=BETA, beta=MEAN),
    "batch_norm_train.unbiased_variance": by_its_own(var=PIXELS.var(EACH, ddof=1)),
    "batch_norm_train.statistics_of_each_image": np.stack([
        normed(image, mean=image.mean((0, 1)), var=image.var((0, 1))) for image in PIXELS]),
}


@pytest.mark.parametrize("name", NORMS)
def test_norms(name):
    statistics = (MEAN, VAR) if name.startswith("batch_norm.") else ()
    shows(name, NORMS[name], PIXELS, GAMMA, BETA, *statistics, eps=0.1)


@pytest.mark.parametrize("name, pixels, eps", [
    ("eps_of_pytorch", PIXELS, 1e-5), ("eps_of_keras", PIXELS, 1e-3),
    ("statistics_of_each_image", PIXELS[:1], 0.1), ("unbiased_variance", PIXELS[:1, :1, :1], 0.1)])
def test_norms_without_room_for_it(name, pixels, eps):
    assert not possible(f"batch_norm_train.{name}", pixels, GAMMA, BETA, eps=eps)
    assert possible(f"batch_norm_train.{name}", PIXELS, GAMMA, BETA, eps=0.1)


def test_two_pixels_have_an_unbiased_variance():
    assert possible("batch_norm_train.unbiased_variance", PIXELS[:1, :1, :2], GAMMA, BETA)


def pooled(x, over, *, before, after, border, k=3, stride=2):
    """`over` (such as np.mean) of the windows of x (n, h, w, c) with `border` around it."""
    x = np.pad(x, ((0, 0), *zip(before, after), (0, 0)), constant_values=border)
    rows, columns = ((size - k) // stride + 1 for size in x.shape[1:3])
    return np.stack([np.stack([over(x[:, stride * i:stride * i + k, stride * j:stride * j + k], axis=(1, 2))
                               for j in range(columns)], 1) for i in range(rows)], 1)


BELOW_ZERO = -np.abs(drawn(1, 4, 6, 2))
ALIKE = {"before": (1, 1), "after": (1, 1)}
POOLS = {
    "max_pool.border_counts_as_zero": (pooled(BELOW_ZERO, np.max, border=0, **ALIKE), {}),
    "max_pool.means_in_place_of_maxima": (pooled(BELOW_ZERO, np.mean, border=0, **ALIKE), {}),
    "avg_pool.maxima_in_place_of_means": (pooled(BELOW_ZERO, np.max, border=-np.inf, **ALIKE), {}),
    "avg_pool.border_not_counted": (pooled(BELOW_ZERO, np.nanmean, border=np.nan, **ALIKE), {}),
    "max_pool.padded_at_the_end_only": (
        pooled(BELOW_ZERO, np.max, border=-np.inf, before=(0, 0), after=(1, 1)), {}),
    "avg_pool.padded_at_the_end_only": (pooled(BELOW_ZERO, np.mean, border=0, before=(0, 0), after=(1, 1)), {}),
}


@pytest.mark.parametrize("name", POOLS)
def test_pools(name):
    shows(name, POOLS[name][0], BELOW_ZERO)


def test_the_border_of_means_that_do_not_count_it():
    shows("avg_pool.border_not_counted", pooled(BELOW_ZERO, np.mean, border=0, **ALIKE), BELOW_ZERO, count="inside")
    shows("avg_pool.padded_at_the_end_only",
          pooled(BELOW_ZERO, np.nanmean, border=np.nan, before=(0, 0), after=(1, 1)), BELOW_ZERO, count="inside")


def test_other_windows():
    """Of two pixels for three, and three for nine: what they are told goes along."""
    told = {"k": 5, "stride": 3, "padding": 2}
    around = {"before": (2, 2), "after": (2, 2), "k": 5, "stride": 3}
    shows("max_pool.border_counts_as_zero", pooled(BELOW_ZERO, np.max, border=0, **around), BELOW_ZERO, **told)
    shows("max_pool.means_in_place_of_maxima", pooled(BELOW_ZERO, np.mean, border=0, **around), BELOW_ZERO, **told)
    shows("avg_pool.maxima_in_place_of_means", pooled(BELOW_ZERO, np.max, border=-np.inf, **around), BELOW_ZERO, **told)


@pytest.mark.parametrize("name", ["max_pool.padded_at_the_end_only", "avg_pool.padded_at_the_end_only"])
def test_tensorflow_pads_odd_sides_alike(name):
    odd = drawn(1, 5, 7, 1)
    assert not possible(name, odd)                                         # (5 - 1) // 2 * 2 + 3 - 5 = 1 + 1
    assert not possible(name, BELOW_ZERO, stride=1) and not possible(name, BELOW_ZERO, k=2, padding=0)
    low = wrong(name, odd[:, :, :6])                                       # rows alike, columns at the end only
    assert low.shape == right(name, odd[:, :, :6]).shape == (1, 3, 3, 1)
    over, border = (np.max, -np.inf) if name.startswith("max") else (np.mean, 0)
    assert np.allclose(low, pooled(odd[:, :, :6], over, border=border, before=(1, 0), after=(1, 1)))


def test_pools_without_a_border():
    for name in ("max_pool.border_counts_as_zero", "avg_pool.border_not_counted"):
        assert not possible(name, BELOW_ZERO, padding=0)


A, B = drawn(1, 2, 3, 4, seed=1), drawn(1, 2, 3, 4, seed=2)
DOT = (A * B).sum(-1, keepdims=True)
DOTS = {"channel_dot.divided_by_the_channels": DOT / 4, "channel_dot.divided_by_the_root_of_the_channels": DOT / 2,
        "channel_dot.cosine": DOT / (np.linalg.norm(A, axis=-1) * np.linalg.norm(B, axis=-1))[..., None]}


@pytest.mark.parametrize("name", DOTS)
def test_products_of_channels(name):
    shows(name, DOTS[name], A, B)


def test_every_mistake_of_the_file_is_here():
    assert made_in(values) == {*ACTIVATIONS, *NORMS, *POOLS, *DOTS}
