"""Vectors of single operations."""
from refvr.verify.vectors.operations import VECTORS
from refvr.verify.vectors.recipe import Recipe


def test_shapes_tell_axes_apart():
    """In the first vector of each operation no image has two equal sides beyond 2."""
    for vector in VECTORS:
        shape = vector.arrays.get("x", Recipe(())).shape[1:3]
        assert len(shape) < 2 or shape[0] != shape[1], vector.name
