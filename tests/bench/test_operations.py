"""What the operations of a round count."""
import numpy as np


def test_operations_count_what_they_do():
    from refvr import ops
    from refvr.bench.operations import Listener

    x, w = np.zeros((1, 5, 7, 4), np.float32), np.zeros((3, 3, 2, 6), np.float32)
    with Listener() as heard:
        ops.conv2d(x, w, None, groups=2)
        ops.relu(x)
    first = next(r for r in heard.rows() if r["operation"] == "conv2d")
    assert (first["calls"], first["flop"]) == (1, 2 * 5 * 7 * 6 * 9 * 2)
    assert first["bytes"] == 4 * (x.size + w.size + 5 * 7 * 6)
    assert heard.flop == first["flop"]
