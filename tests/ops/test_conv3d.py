"""conv3d: the fast path against the definition, gradients, borders in time, and the promise of the same bits."""
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refvr import Tensor, backward, gradcheck, ops
from refvr.errors import InputError, ShapeError
from refvr.ops.conv3d import adjoint, conv3d, fast, plain, plain_adjoint, short

NAMES = ("y", "dx", "dweight", "dbias")
DUF = [((1, 1, 1), (0, 0, 0)), ((1, 3, 3), (0, 1, 1)), ((3, 3, 3), (1, 1, 1)), ((3, 3, 3), (0, 1, 1))]
OTHERS = [((2, 1, 3), (2, 3, 2)), ((3, 5, 2), (0, 0, 0)), ((1, 1, 1), (1, 0, 2))]


def draw(seed, shape=(2, 3, 5, 7, 11), kernel=(3, 3, 3), o=13, padding=(1, 1, 1), dtype=np.float64, **options):
    """Operands, dy and options of one convolution."""
    rng = np.random.default_rng(seed)
    size = tuple(s + 2 * p - k + 1 for s, p, k in zip(shape[1:4], padding, kernel))
    shapes = (shape, (*kernel, shape[4], o), (o,), (shape[0], *size, o))
    *operands, dy = (rng.standard_normal(s).astype(dtype) for s in shapes)
    return operands, dy, {"padding": padding, "activation": "none", "slope": 0.1, **options}


def results(operands, dy, options, forward, back, y=None):
    out = forward(*operands, **options)
    return [out, *back(dy, out if y is None else y, *operands, needs=(True,) * 3, **options)]


def bounds(operands, dy, options, unit):
    """What rounding can do to each result: a chain of k products errs by at most k * unit * sum of |products|."""
    sizes, options = [np.abs(a).astype(np.float64) for a in operands], {**options, "activation": "none"}
    sums = results(sizes, np.abs(dy).astype(np.float64), options, plain, plain_adjoint)
    taps, pixels = operands[1][..., 0].size, dy[..., 0].size
    terms = (taps, taps // sizes[1].shape[3] * dy.shape[4], pixels, pixels)
    return [(k + 4) * unit * total for k, total in zip(terms, sums)]


def assert_close(got, want, allowed):
    for name, a, b, bound in zip(NAMES, got, want, allowed):
        assert a.shape == b.shape and np.all(np.abs(a - b) <= bound), name


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(DUF + OTHERS), st.sampled_from([(2, 3, 5, 7, 3), (1, 3, 7, 5, 19), (1, 5, 5, 113, 2)]),
       st.sampled_from([1, 13, 37]), st.sampled_from(["none", "relu", "leaky_relu"]),
       st.sampled_from([np.float32, np.float64]), st.integers(0, 99))
def test_fast_equals_the_definition(taps, shape, o, activation, dtype, seed):
    operands, dy, options = draw(seed, shape, taps[0], o, taps[1], dtype, activation=activation)
    got = results(operands, dy, options, fast, adjoint)
    wide = [a.astype(np.float64) for a in operands]
    want = results(wide, dy.astype(np.float64), options, plain, plain_adjoint, y=got[0])
    unit = np.finfo(dtype).eps / 2 * (1 if dtype == np.float32 else 2)  # in float64 both sides round
    assert_close(got, want, bounds(operands, dy, options, unit))


def test_the_comparison_rejects_time_reversed_and_frames_taken_for_rows():
    operands, dy, options = draw(1, dtype=np.float32)
    allowed = bounds(operands, dy, options, np.finfo(np.float32).eps / 2)
    want = results(operands, dy, options, plain, plain_adjoint)
    for wrong in (operands[1][::-1], operands[1].swapaxes(0, 1)):
        with pytest.raises(AssertionError):
            assert_close([fast(operands[0], np.ascontiguousarray(wrong), operands[2], **options)], want, allowed)


@pytest.mark.parametrize("backend", ["fast", "plain"])
@pytest.mark.parametrize("taps", DUF, ids=str)
def test_gradients(taps, backend):
    operands, _, options = draw(2, (1, 3, 5, 2, 3), taps[0], 5, taps[1], activation="leaky_relu", slope=0.3)
    with ops.backend(backend):
        gradcheck(lambda *a: conv3d(*a, **options), operands, elements=10)


def test_one_frame_between_zeros_is_a_convolution_of_images():
    """A clip of one frame with padding 1 in time sees the middle frame of the kernel only."""
    (x, weight, bias), _, options = draw(3, (2, 1, 5, 7, 3))
    assert np.array_equal(fast(x, weight, bias, **options)[:, 0], ops.conv2d(x[:, 0], weight[1], bias))


def test_a_longer_clip_changes_no_bit_of_what_does_not_see_it():
    (x, weight, bias), _, options = draw(4, (1, 7, 5, 17, 3), dtype=np.float32)
    whole, part = fast(x, weight, bias, **options), fast(x[:, 1:6], weight, bias, **options)
    assert whole[:, 2:5].tobytes() == part[:, 1:4].tobytes()


def test_threads_do_not_change_a_bit():
    found = set()
    case = draw(5, (2, 5, 13, 37, 11), activation="relu", dtype=np.float32)
    for threads in (1, 2, 3):
        with ops.threads(threads):
            found.add(b"".join(np.ascontiguousarray(a).tobytes() for a in results(*case, fast, adjoint)))
    assert len(found) == 1


def test_only_what_is_asked_for_gets_a_gradient_and_views_are_as_good_as_copies():
    (x, weight, bias), dy, options = draw(6)
    leaf = Tensor(weight)
    view = np.repeat(x, 2, axis=3)[:, :, :, ::2]
    y = conv3d(view, leaf, bias, padding=1)
    backward(y, dy)
    assert np.array_equal(y.data, fast(x, weight, bias, **options))
    assert np.array_equal(leaf.grad, adjoint(dy, y.data, x, weight, bias, needs=(False, True, False), **options)[1])


def test_no_clips_give_no_result():
    x, weight = Tensor(np.zeros((0, 3, 5, 7, 2))), Tensor(np.ones((3, 3, 3, 2, 5)))
    y = conv3d(x, weight, padding=1)
    backward(y, y.data)
    assert y.shape == (0, 3, 5, 7, 5) and x.grad.shape == x.shape and not weight.grad.any()


@pytest.mark.parametrize("changes, error, words", [
    ({"x": np.zeros((5, 5, 7, 3))}, ShapeError, "conv3d input"),
    ({"weight": np.zeros((3, 3, 2, 5))}, ShapeError, "conv3d weight"),
    ({"weight": np.zeros((3, 3, 3, 2, 5))}, ShapeError, "c = 3"),
    ({"bias": np.zeros(7)}, ShapeError, "o = 5"),
    ({"weight": np.zeros((5, 3, 3, 3, 5)), "padding": 0}, ShapeError, "as the kernel has"),
    ({"padding": (1, 1)}, InputError, "none negative"),
    ({"padding": -1}, InputError, "none negative"),
    ({"activation": "gelu"}, InputError, "gelu"),
    ({"slope": -1.0}, InputError, "slope -1.0"),
])
def test_errors_say_what_came(changes, error, words):
    call = {"x": np.zeros((1, 3, 5, 7, 3)), "weight": np.zeros((3, 3, 3, 3, 5)), **changes}
    with pytest.raises(error, match=words):
        conv3d(**call)


SHORT = [((3, 3, 3), (1, 1, 1)), ((3, 3, 3), (0, 1, 1)), ((3, 3, 3), (2, 1, 1)), ((1, 3, 3), (0, 1, 1)),
         ((1, 3, 3), (0, 0, 2))]


@pytest.mark.parametrize("taps, padding", SHORT)
@pytest.mark.parametrize("size", [(3, 5, 7), (4, 1, 1), (3, 9, 118)])
def test_winograds_way_is_the_definition(taps, padding, size):
    """Outputs have deviation about 1; the bound is that of kernels/test_winograd.py, which has more channels."""
    if min(s + 2 * p - k for s, p, k in zip(size, padding, taps)) < 0:
        return
    operands, _, options = draw(4, (2, *size, 19), taps, 21, padding, np.float32, activation="leaky_relu")
    operands[1] /= np.sqrt(operands[1][..., 0].size, dtype=np.float32)
    y = conv3d(*operands, **options)
    want = plain(*(a.astype(np.float64) for a in operands), **options)
    assert y.shape == want.shape and np.abs(y - want).max() < 1.4e-5
    assert y.tobytes() == conv3d(*operands, **options).tobytes()
    with ops.precision("direct"):
        exact = conv3d(*operands, **options)
        assert exact.tobytes() == fast(*operands, **options).tobytes() != y.tobytes()
        assert conv3d(Tensor(operands[0]), *operands[1:], **options).data.tobytes() == exact.tobytes()
    assert conv3d(Tensor(operands[0]), *operands[1:], **options).data.tobytes() == y.tobytes()


def test_winograds_way_is_for_some_kernels_only():
    for taps, padding, c, o in (((3, 3, 3), (1, 0, 0), 16, 16), ((3, 3, 3), (1, 1, 1), 15, 16),
                                ((1, 3, 3), (0, 1, 1), 16, 9), ((1, 3, 3), (1, 1, 1), 16, 16),
                                ((2, 3, 3), (1, 1, 1), 16, 16)):
        operands, _, options = draw(5, (1, 3, 5, 7, c), taps, o, padding, np.float32)
        assert short(*operands, **options) is None
    assert short(*(a.astype(np.float64) for a in draw(6, (1, 3, 5, 7, 16), o=16)[0]), **options) is None


def test_winograds_way_has_the_same_bits_on_any_threads_and_for_any_frames_beside():
    (x, weight, bias), _, options = draw(7, (2, 5, 9, 121, 16), o=16, dtype=np.float32)
    found = []
    for count in (1, 2, 3, 4):
        with ops.threads(count):
            found.append(conv3d(x, weight, bias, padding=1))
    assert all(y.tobytes() == found[0].tobytes() for y in found)
    assert np.array_equal(conv3d(x[1:, 1:4], weight, bias, padding=(0, 1, 1))[0], found[0][1, 2:3])
