"""A factor for each channel: products to the bit, sums whose order no number of threads changes."""
import numpy as np
import pytest

from refvr import ops
from refvr.ops.kernels.channel_rows import by_chunks, by_rows, scale_chunks, scale_rows


@pytest.mark.parametrize("pixels, c", [(0, 3), (1, 1), (5, 24), (700, 3), (33, 600)])
def test_products_and_their_gradients(pixels, c):
    rng = np.random.default_rng(c)
    x, dy = (rng.standard_normal((pixels, c), dtype=np.float32) for _ in range(2))
    w = rng.standard_normal(c, dtype=np.float32)
    assert np.array_equal(by_rows(scale_rows, x, w), x * w)
    dx, dw = by_chunks(scale_chunks, dy, x, w)
    assert np.array_equal(dx, dy * w)
    np.testing.assert_allclose(dw, (dy.astype(np.float64) * x).sum(0), rtol=0, atol=1e-4)


def test_threads_change_no_bit():
    rng = np.random.default_rng(0)
    x, dy = (rng.standard_normal((9, 61, 67, 24), dtype=np.float32) for _ in range(2))
    w, found = rng.standard_normal(24, dtype=np.float32), set()
    for threads in (1, 2, 3):
        with ops.threads(threads):
            found.add(tuple(part.tobytes() for part in (by_rows(scale_rows, x, w), *by_chunks(scale_chunks, dy, x, w))))
    assert len(found) == 1
