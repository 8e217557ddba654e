"""Values beyond memory."""
import numpy as np

from refvr.verify.compare.disk_cache import DiskCache


def test_values_beyond_memory_lie_in_files():
    held = DiskCache(in_memory=100)
    arrays = {name: np.arange(size, dtype=np.float32) for name, size in (("a", 20), ("b", 30), ("c", 5), ("b", 31))}
    for name, array in arrays.items():
        held[name] = array
    assert list(held) == ["a", "b", "c"] and len(held) == 3
    assert all(np.array_equal(held[name], arrays[name]) for name in held)
    assert isinstance(held["b"], np.memmap) and not isinstance(held["c"], np.memmap)
