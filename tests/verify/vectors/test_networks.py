"""Vectors of whole networks."""
import numpy as np
import pytest

from refvr.records import NETWORKS
from refvr.verify.vectors.networks import network_vectors

VECTORS = {vector.network: vector for vector in network_vectors()}


def test_every_network_that_was_published_has_one():
    assert set(VECTORS) == set(NETWORKS) - {"stfan_seed"}


@pytest.mark.parametrize("network", VECTORS)
def test_inputs_are_what_the_network_takes_and_repeat(network):
    vector = VECTORS[network]
    inputs, again = vector.inputs(), vector.inputs()
    assert all(np.array_equal(inputs[name], again[name]) for name in inputs)
    assert all(x.dtype == np.float32 and x.shape == vector.arrays[name].shape for name, x in inputs.items())
    assert vector.weights.keys() <= vector.build().state().keys()
