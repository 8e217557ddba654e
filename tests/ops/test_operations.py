"""What every operation owes: its adjoint is its derivative, backends agree, threads change no bit, types stay."""
import re
from pathlib import Path

import numpy as np
import pytest
from operation_cases import CASES

import refvr
from refvr import Tensor, backward, gradcheck, ops

LARGE = {  # above the size from which work is handed to threads
    "relu": [(3, 61, 67, 7)], "leaky_relu": [(3, 61, 67, 7)], "sigmoid": [(3, 61, 67, 7)], "exp": [(3, 61, 67, 7)],
    "prelu": [(3, 61, 67, 5), (5,)], "softmax": [(61, 67, 23)], "add": [(61, 67, 23), (61, 67, 23)],
    "sum": [(61, 67, 23)], "mean": [(61, 67, 23)], "batch_norm": [(3, 61, 67, 5), (5,), (5,)],
    "batch_norm_train": [(3, 61, 67, 5), (5,), (5,)], "similarity_loss": [(2, 3, 61, 67, 3), (2, 3, 61, 67, 3)],
    "mse_loss": [(61, 67, 23), (61, 67, 23)], "pad reflect": [(3, 61, 67, 5)], "channel_dot": [(61, 67, 23)] * 2,
    "warp": [(2, 61, 67, 37), (2, 61, 67, 2)], "grid_sample": [(2, 31, 37, 19), (2, 61, 67, 2)],
    "resize_cubic": [(2, 31, 37, 3)], "imresize": [(2, 131, 137, 5)],
    "concat channels": [(61, 67, 5), (61, 67, 1), (61, 67, 23)], "pixel_shuffle": [(2, 31, 37, 28)],
    "max_pool": [(2, 61, 67, 5)], "avg_pool": [(2, 61, 67, 5)], "resize_bilinear": [(2, 41, 37, 5)],
}


def operands(shapes, dtype=np.float64):
    rng = np.random.default_rng(7)
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def run(name, arrays):
    """The result and all gradients for one fixed weight."""
    leaves = [Tensor(x) for x in arrays]
    y = CASES[name][0](*leaves)
    backward(y, np.random.default_rng(8).standard_normal(y.shape).astype(y.dtype))
    return [y.data] + [leaf.grad for leaf in leaves]


def test_no_operation_is_left_out():
    """Each is in the table above, or in a test file of its own that calls gradcheck."""
    not_operations = {"backend", "current_backend", "precision", "current_precision", "set_threads", "thread_count",
                      "threads", "batch_statistics"}
    others = [path.read_text() for path in Path(__file__).parent.rglob("test_*.py") if path.name != Path(__file__).name]
    checked = " ".join(text for text in others if "gradcheck(" in text)
    for name in set(ops.__all__) - not_operations - {name.split()[0] for name in CASES}:
        assert re.search(rf"\bops\.{name}\b|import .*\b{name}\b", checked), name


@pytest.mark.parametrize("backend", ["plain", "fast"])
@pytest.mark.parametrize("name", CASES)
def test_the_adjoint_is_the_derivative(name, backend):
    function, shapes = CASES[name]
    with refvr.backend(backend):
        gradcheck(function, operands(shapes))


@pytest.mark.parametrize("name", CASES)
def test_both_backends_agree(name):
    """Rounding only: each result is a handful of roundings away from the exact one, relative to the largest term."""
    arrays = operands(CASES[name][1])
    results = {}
    for backend in ("plain", "fast"):
        with refvr.backend(backend):
            results[backend] = run(name, arrays)
    for plain, fast in zip(results["plain"], results["fast"]):
        assert plain.shape == fast.shape
        assert np.abs(plain - fast).max() <= 16 * np.finfo(np.float64).eps * max(1, np.abs(plain).max())


@pytest.mark.parametrize("backend", ["plain", "fast"])
@pytest.mark.parametrize("name", CASES)
def test_float32_stays_float32_and_near_float64(name, backend):
    singles = operands(CASES[name][1], np.float32)
    with refvr.backend(backend):
        got, want = run(name, singles), run(name, [x.astype(np.float64) for x in singles])
    for single, double in zip(got, want):
        assert single.dtype == np.float32 and double.dtype == np.float64
        assert np.abs(single - double).max() <= 16 * np.finfo(np.float32).eps * max(1, np.abs(double).max())


@pytest.mark.parametrize("name", LARGE)
def test_threads_change_no_bit(name):
    arrays = operands(LARGE[name], np.float32)
    results = []
    for count in (1, 2):
        with refvr.threads(count):
            results.append([x.tobytes() for x in run(name, arrays)])
    assert results[0] == results[1]


@pytest.mark.parametrize("name", CASES)
def test_strided_operands_give_the_same_bits(name):
    """Views (a crop, a transposed frame) are as good as their copies."""
    arrays = operands(CASES[name][1])
    views = [np.repeat(x, 2, axis=-1)[..., ::2] for x in arrays]
    for copy, view in zip(run(name, arrays), run(name, views)):
        assert copy.tobytes() == view.tobytes()


@pytest.mark.parametrize("name", CASES)
def test_operands_are_left_alone(name):
    arrays = operands(CASES[name][1])
    before = [x.copy() for x in arrays]
    run(name, arrays)
    assert all(np.array_equal(x, y) for x, y in zip(arrays, before))
