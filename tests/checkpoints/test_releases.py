"""Releases come from the records of networks."""
import pytest

from refvr.checkpoints.releases import of_network, release, releases
from refvr.records import NETWORKS


def test_every_network_has_one_and_names_differ():
    assert all(of_network(network) for network in NETWORKS)
    names = [one.name for one in releases()]
    assert len(set(names)) == len(names)
    assert release("edvr-2019") is of_network("edvr")[1] and of_network("nobody") == ()
    with pytest.raises(KeyError):
        release("nobody")


def test_names_begin_with_that_of_their_network():
    assert all(one.name.split("-")[0] == network for network in NETWORKS for one in of_network(network))
