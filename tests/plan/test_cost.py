"""Multiply-adds of a graph."""
import pytest
from network_pages import inputs_of

from refvr import zoo
from refvr.bench.operations import flop_of
from refvr.ops import fac
from refvr.plan import Like, capture
from refvr.plan.cost import cost, multiply_adds


@pytest.mark.parametrize("name", ["remonet", "fastdvdnet", "duf-16-x2", "stfan"])
def test_multiply_adds_are_those_of_a_run_of_the_definitions(name):
    net = zoo.build(name)
    arrays, _, _ = inputs_of(net, 8, 8)
    graph = capture(net, *(Like(x.shape) for x in arrays))
    sums, moved = cost(graph)
    assert 2 * sums == pytest.approx(flop_of(net, arrays)) and moved > 0


def test_what_is_no_sum_of_products_counts_nothing():
    assert multiply_adds("relu", [(1, 2, 3, 4)], (1, 2, 3, 4)) == 0
    graph = capture(fac, Like((1, 4, 5, 2)), Like((1, 4, 5, 9, 2)))
    assert cost(graph)[0] == 4 * 5 * 9 * 2
