"""Figures by name."""
import pytest

from refvr.errors import InputError
from refvr.explain.draw import check_figure, figures_of
from refvr.records import NETWORKS


@pytest.mark.parametrize("network", NETWORKS)
def test_every_network_has_those_that_all_have_and_its_own(network):
    there = figures_of(network)
    assert {"provenance", "dataflow", *NETWORKS[network].explained.figures} == set(there)
    for name in there:
        check_figure(name, network)
    with pytest.raises(InputError, match="has no figure 'clouds'"):
        check_figure("clouds", network)
