"""A pair reads their array in our axes: cut out of a batch, put together, channels in order."""
import numpy as np

from refvr.verify.compare.nearness import Place
from refvr.verify.compare.pairs import Alignment, Pair
from refvr.verify.runs.tracing import Named

X = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)   # n h w c
NCHW = np.moveaxis(X, -1, 1)


def test_their_axes_become_ours():
    assert np.array_equal(Pair("y", X.shape, (("t", None),), "n c h w", "exact").read({"t": NCHW}), X)


def test_a_call_is_cut_out_of_a_batch_and_calls_are_put_together():
    cut = Pair("y", (1, 3, 4, 5), (("t", (1, 2)),), "n c h w", "exact")
    assert np.array_equal(cut.read({"t": NCHW}), X[1:])
    first = Pair("y", (1, 3, 4, 5), (("t", (0, 1)),), "n c h w", "exact")
    assert np.array_equal(first.read({"t": NCHW}), X[:1])
    joined = Pair("y", X.shape, (("t", None), ("u", None)), "n c h w", "exact")
    assert np.array_equal(joined.read({"t": NCHW[:1], "u": NCHW[1:]}), X)


def test_channels_come_in_our_order_and_frames_stay_apart():
    order = (4, 3, 2, 1, 0)
    assert np.array_equal(Pair("y", X.shape, (("t", None),), "n c h w", "exact", order).read({"t": NCHW}), X[..., ::-1])
    five = Pair("y", (1, 2, 3, 4, 5), (("t", None),), "n h w c", "exact")
    assert np.array_equal(five.read({"t": X}), X[None])


def test_other_pairs_leave_theirs_unknown_and_stand_in_our_order():
    def pair(ours, theirs, how="exact"):
        return Pair(ours, (1,), ((theirs, None),), "c", how)

    places = [Place(Named(name, name, "", 0), (1,), np.zeros(1)) for name in "abc"]
    before = Alignment({"a": pair("a", "t"), "b": pair("b", "u", "value")}, ["v", "w"], places=places)
    assert before.counts() == {"exact": 1, "value": 1}
    after = before.with_pairs({"c": pair("c", "v"), "b": before.pairs["b"], "not_ours": pair("x", "w")})
    assert list(after.pairs) == ["b", "c"] and after.unknown == ["t"]
    assert list(before.pairs) == ["a", "b"] and before.unknown == ["v", "w"]
