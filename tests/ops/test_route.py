"""route: hard forward, the soft formula's derivative backward, and every way to decide."""
import numpy as np
import pytest

import refvr
from refvr import Tensor, backward, gradcheck, ops
from refvr.errors import InputError, ShapeError
from refvr.ops.route import decide, taken

ALL = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], np.uint8)  # quarter, quarter, half, full
rng = np.random.default_rng(11)


def operands(n=4, dtype=np.float64):
    return [rng.standard_normal((n, 2)).astype(dtype)] + [rng.standard_normal((n, 3, 5, 2)).astype(dtype)
                                                           for _ in range(3)]


def soft(s, full, half, quarter):
    """The formula whose derivative the adjoint takes."""
    s0, s1 = (s[:, k, None, None, None] for k in (0, 1))
    return s0 * s1 * full + (1 - s0) * s1 * half + (1 - s1) * quarter


def gradients(arrays, decisions, dy, **options):
    leaves = [None if x is None else Tensor(x) for x in arrays]
    y = ops.route(*leaves, decisions=decisions, **options)
    backward(y, dy)
    return y.data, [None if leaf is None else leaf.grad for leaf in leaves]


@pytest.mark.parametrize("backend", ["plain", "fast"])
def test_forward_is_hard_and_backward_soft(backend):
    arrays = operands()
    dy = rng.standard_normal(arrays[1].shape)
    with refvr.backend(backend):
        y, grads = gradients(arrays, ALL, dy)
    assert np.array_equal(y, soft(ALL.astype(float), *arrays[1:]))
    for n, k in np.ndindex(4, 2):  # the soft formula is linear in each decision: differences are exact
        ends = []
        for value in (0, 1):
            s = ALL.astype(float)
            s[n, k] = value
            ends.append((dy * soft(s, *arrays[1:])).sum())
        assert abs(grads[0][n, k] - (ends[1] - ends[0])) < 1e-12
    for branch, grad in enumerate(grads[1:]):
        mask = taken(ALL)[:, None, None, None] == branch
        assert np.array_equal(grad, np.where(mask, dy, 0))
    gradcheck(lambda *branches: ops.route(arrays[0], *branches, decisions=ALL), arrays[1:])


def test_only_what_was_taken():
    arrays = operands()
    dy = rng.standard_normal(arrays[1].shape)
    _, grads = gradients(arrays, ALL, dy, terms="taken")
    by = [(dy * f).sum((1, 2, 3)) for f in arrays[1:]]
    want = [[0, -by[2][0]], [0, -by[2][1]], [-by[1][2], by[1][2]], [by[0][3], by[0][3]]]
    assert np.abs(grads[0] - want).max() < 1e-12
    alone, some = gradients([arrays[0][3:], arrays[1][3:], None, None], ALL[3:], dy[3:], terms="taken")
    assert np.array_equal(alone, arrays[1][3:]) and np.array_equal(some[0], grads[0][3:]) and some[2] is None


def test_what_was_not_taken_does_not_matter():
    p, full, half, quarter = operands(1, np.float32)
    assert np.array_equal(ops.route(p, full, np.nan * half, np.inf * quarter, decisions=ALL[3:]), full)


def test_decide():
    p = np.array([[0.5, 0.49999], [0.2, 0.9], [0.99, 0.51]])
    assert decide(p).tolist() == [[1, 0], [0, 1], [1, 1]]
    assert decide(Tensor(p)).tolist() == decide(p).tolist()
    assert [taken(decide(p, rule)).tolist() for rule in ("full", "half", "quarter")] == [[0] * 3, [1] * 3, [2] * 3]
    assert decide(p, [[1, 1], [0, 0], [1, 0]]).tolist() == [[1, 1], [0, 0], [1, 0]]
    assert taken(ALL).tolist() == [2, 2, 1, 0]


def test_draws_are_repeatable_and_follow_p():
    p = np.tile([[0.2, 0.7]], (4000, 1))
    first, again = (decide(p, np.random.default_rng(1)) for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, decide(p, np.random.default_rng(2)))
    assert np.abs(first.mean(0) - [0.2, 0.7]).max() < 4 * 0.5 / np.sqrt(4000)  # four standard deviations
    one_by_one = np.random.default_rng(1)
    assert np.array_equal(first[:5], np.concatenate([decide(p[:1], one_by_one) for _ in range(5)]))
    assert not decide(np.zeros((9, 2)), np.random.default_rng(0)).any()
    assert decide(np.ones((9, 2)), np.random.default_rng(0)).all()


def test_threads_change_no_bit():
    results = []
    for count in (1, 2):
        with refvr.threads(count):
            rng = np.random.default_rng(0)
            arrays = [rng.random((2, 2), np.float32)] + [rng.random((2, 61, 67, 13), np.float32) for _ in range(3)]
            y, grads = gradients(arrays, ALL[2:], arrays[2])
            results.append([x.tobytes() for x in (y, *grads) if x is not None])
    assert results[0] == results[1]


def test_a_branch_that_no_sample_takes_gets_no_gradient():
    rng = np.random.default_rng(0)
    arrays = [rng.random((2, 2))] + [rng.random((2, 3, 4, 5)) for _ in range(3)]
    dy = rng.random((2, 3, 4, 5))
    _, (_, *branches) = gradients(arrays, np.array([(1, 1), (1, 1)], np.uint8), dy)
    assert np.array_equal(branches[0], dy) and branches[1:] == [None, None]


def test_bad_input_is_named():
    p, full, half, quarter = operands()
    with pytest.raises(InputError, match="'round'"):
        decide(p, "round")
    with pytest.raises(InputError, match="0 and 1 only"):
        decide(p[:1], [[0, 0.5]])
    with pytest.raises(ShapeError, match="n = 4"):
        decide(p, ALL[:3])
    with pytest.raises(ShapeError, match="'half' is missing"):
        ops.route(p, full, None, quarter, decisions=ALL)
    with pytest.raises(ShapeError, match="'half' is missing"):
        ops.route(p, full, None, quarter, decisions=ALL, terms="taken")
    with pytest.raises(ShapeError, match="route quarter"):
        ops.route(p, full, half, quarter[:, :2], decisions=ALL)
    with pytest.raises(InputError, match="'some'"):
        ops.route(p, full, half, quarter, decisions=ALL, terms="some")
