"""conv_transpose2d: the fast path against the definition, gradients, as the adjoint of conv2d, the same bits."""
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refvr import gradcheck, ops
from refvr.errors import InputError, ShapeError
from refvr.ops.conv_transpose2d import adjoint, conv_transpose2d, fast, plain, plain_adjoint

NAMES = ("y", "dx", "dweight", "dbias")


def draw(seed, size=(2, 5, 7), channels=(3, 11), k=(4, 4), dtype=np.float64, **options):
    """Operands, dy and options of one transposed convolution."""
    rng, (n, h, w), (c, o) = np.random.default_rng(seed), size, channels
    options = {"stride": 2, "padding": 1, "output_padding": 0, "activation": "none", "slope": 0.1, **options}
    rows, columns = ((s - 1) * options["stride"] - 2 * options["padding"] + extent + options["output_padding"]
                     for s, extent in zip((h, w), k))
    *operands, dy = (rng.standard_normal(shape).astype(dtype)
                     for shape in ((n, h, w, c), (*k, c, o), (o,), (n, rows, columns, o)))
    return operands, dy, options


def results(operands, dy, options, forward, back):
    y = forward(*operands, **options)
    return [y, *back(dy, y, *operands, needs=(True,) * 3, **options)]


def bounds(operands, dy, options, unit):
    """What two sums may differ by, element by element: as many roundings as terms, of the sum of the terms' sizes."""
    kh, kw, c, o = operands[1].shape
    sizes = results([np.abs(x).astype(np.float64) for x in operands], np.abs(dy).astype(np.float64),
                    {**options, "activation": "none"}, plain, plain_adjoint)
    terms = kh * kw * c, kh * kw * o, dy.size // o, dy.size // o
    return [(k + 4) * unit * size for k, size in zip(terms, sizes)]   # 4: bias, activation and its slope


def assert_close(got, want, allowed):
    for name, a, b, bound in zip(NAMES, got, want, allowed):
        assert a.shape == b.shape and a.dtype == b.dtype, name
        excess = np.abs(a - b) - bound
        assert excess.max() <= 0, f"{name}: {excess.max()} more than allowed"


@settings(max_examples=25, deadline=None)
@given(st.sampled_from([(4, 2, 1, 0), (3, 2, 1, 1), (3, 2, 1, 0), (2, 2, 0, 1), (1, 3, 0, 2), (5, 3, 2, 1),
                        (5, 1, 2, 0)]), st.sampled_from([(2, 5, 7), (1, 1, 3), (3, 13, 2)]),
       st.sampled_from([(3, 11), (1, 1), (17, 3)]), st.sampled_from(["none", "relu", "leaky_relu"]), st.integers(0, 99))
def test_fast_equals_the_definition(numbers, size, channels, activation, seed):
    k, stride, padding, output_padding = numbers
    case = draw(seed, size, channels, (k, k), stride=stride, padding=padding, output_padding=output_padding,
                activation=activation)
    assert_close(results(*case, fast, adjoint), results(*case, plain, plain_adjoint),
                 bounds(*case, np.finfo(np.float64).eps))


def test_the_comparison_rejects_a_kernel_turned_round():
    (x, weight, bias), dy, options = case = draw(1)
    wrong = fast(x, np.ascontiguousarray(weight[::-1]), bias, **options)
    with pytest.raises(AssertionError, match="y: .* more than allowed"):
        assert_close([wrong], results(*case, plain, plain_adjoint), bounds(*case, np.finfo(np.float64).eps))


def test_float32_stays_float32():
    case, exact = draw(3, dtype=np.float32), draw(3)
    assert_close(results(*case, fast, adjoint), [a.astype(np.float32) for a in results(*exact, plain, plain_adjoint)],
                 bounds(*exact, np.finfo(np.float32).eps))


@pytest.mark.parametrize("backend", ["fast", "plain"])
@pytest.mark.parametrize("options", [{}, {"k": (3, 2), "output_padding": 1, "activation": "leaky_relu"},
                                     {"k": (1, 2), "stride": 3, "padding": 0, "output_padding": 2}])
def test_gradients(options, backend):
    operands, _, options = draw(5, **options)
    with ops.backend(backend):
        gradcheck(lambda *a: conv_transpose2d(*a, **options), operands, elements=30)


def test_it_is_the_adjoint_of_conv2d():
    """<conv2d(u), v> = <u, conv_transpose2d(v)> with c and o of the weight exchanged."""
    (v, weight, _), _, options = draw(7, k=(3, 3), output_padding=1)
    u = np.random.default_rng(8).standard_normal((2, 10, 14, 11))
    forward = ops.conv2d(u, weight.transpose(0, 1, 3, 2), stride=2, padding=1)
    assert np.sum(forward * v) == pytest.approx(np.sum(u * conv_transpose2d(v, weight, **options)), rel=1e-12)


def test_taps_by_hand():
    """One input pixel paints its kernel, the padding cut off; 3/2/1 with output padding leaves the last row one tap."""
    x, weight = np.full((1, 1, 1, 1), 2.0), np.arange(16.0).reshape(4, 4, 1, 1)
    for backend in ("fast", "plain"):
        with ops.backend(backend):
            assert conv_transpose2d(x, weight)[0, ..., 0].tolist() == [[10, 12], [18, 20]]
            got = conv_transpose2d(x, weight[:3, :3], np.array([1.0]), output_padding=1)[0, ..., 0]
            assert got.tolist() == [[11, 13], [19, 21]]


def test_threads_change_no_bit():
    operands, dy, options = draw(11, (2, 19, 31), (37, 17), dtype=np.float32, activation="leaky_relu")
    answers = []
    for count in (1, 2, 3):
        with ops.threads(count):
            answers.append([a.tobytes() for a in results(operands, dy, options, fast, adjoint)])
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize("change, error, words", [
    (lambda a: a.update(weight=a["weight"][:, :, 1:]), ShapeError, "c = 3"),
    (lambda a: a.update(bias=a["bias"][1:]), ShapeError, "o = 11"),
    (lambda a: a.update(output_padding=2), InputError, "less than the stride"),
    (lambda a: a.update(stride=0), InputError, "stride 0"),
    (lambda a: a.update(padding=9), ShapeError, "at least one pixel"),
    (lambda a: a.update(activation="gelu"), InputError, "gelu"),
    (lambda a: a.update(x=a["x"][:, :0]), ShapeError, "empty"),
])
def test_bad_input(change, error, words):
    operands, _, options = draw(1)
    call = dict(zip(("x", "weight", "bias"), operands)) | options
    change(call)
    with pytest.raises(error, match=words):
        conv_transpose2d(**call)
