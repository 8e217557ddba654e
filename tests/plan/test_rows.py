"""Which axis is an image's rows, and which rows of its operands a row of a value sees."""
from fractions import Fraction

import pytest
from network_pages import drawn

from refvr import ops
from refvr.ops.core.bands import Reach
from refvr.plan import Like, capture
from refvr.plan.rows import needed, rules_of, seen_by_rows
from refvr.plan.run import Order


def rules(page, *shapes):
    graph = capture(page, *map(Like, shapes))
    nodes = Order(graph).nodes
    return rules_of(graph.inputs, nodes), graph.inputs, nodes


@pytest.mark.parametrize("reach, start, stop, rows", [
    (Reach(1), 3, 5, (3, 5)),
    (Reach(1, 1, 1, 2), 3, 5, (2, 7)),                   # one more above, two below: past the last row where 5 is all
    (Reach(1, 2, 1, 1), 3, 5, (5, 11)),                  # two rows for each of ours
    (Reach(1, Fraction(1, 2)), 3, 5, (1, 3)),            # rows 3 and 4 lie in rows 1 and 2
    (Reach(1, Fraction(2, 3), 1), 1, 2, (-1, 2)),        # 2/3 .. 4/3, and one above: outside of the image
])
def test_rows_that_are_needed(reach, start, stop, rows):
    assert needed(reach, start, stop) == rows


def test_rows_are_the_axis_before_columns_and_channels():
    """Of images and clips; what has fewer axes has none."""
    found, inputs, _ = rules(lambda *xs: xs[0] + xs[0], (6, 5, 4), (1, 6, 5, 4), (1, 3, 6, 5, 4), (4,))
    assert [found.axis[x] for x in inputs] == [None, 1, 2, None]
    assert [found.height(x) for x in inputs[1:3]] == [6, 6]


def test_a_value_goes_by_rows_where_its_operation_has_a_rule_for_what_it_is_given():
    def page(x):
        y = ops.conv2d(x, drawn(3, 3, 4, 8))            # one row above and below
        z = ops.mean(y, axis=(1, 2), keepdims=True)     # all rows at once, and has one row itself
        return ops.pixel_shuffle(ops.relu(y * z), 2)    # two rows for each

    found, (x,), (y, z, product, active, shuffled) = rules(page, (1, 6, 5, 4))
    assert z not in found.bands and {y, product, active, shuffled} <= {*found.bands}
    assert list(seen_by_rows(y, found.bands[y])) == [(x, found.bands[y].reach[0])]
    assert needed(found.bands[y].reach[0], 2, 4) == (1, 5)
    assert [value for value, _ in seen_by_rows(product, found.bands[product])] == [y]       # of z all is needed
    assert needed(found.bands[shuffled].reach[0], 2, 4) == (1, 2) and found.height(shuffled) == 12


def test_a_reshape_of_an_input_has_nothing_to_compute():
    found, _, (clip, *_) = rules(lambda x: ops.relu(ops.reshape(x, (1, 2, 6, 5, 4))), (2, 6, 5, 4))
    assert found.axis[clip] == 2 and clip not in found.bands


def test_a_rule_for_other_axes_than_a_value_has_is_none():
    """Rows that became channels: what follows sees no rows where an image has them."""
    def page(x):
        turned = ops.reshape(ops.relu(x), (1, 5, 6, 4))
        return ops.relu(turned)

    found, _, nodes = rules(page, (1, 6, 5, 4))
    assert [node in found.bands for node in nodes] == [True, False, True]


def test_what_has_no_rows_has_no_height():
    graph = capture(lambda x: ops.mean(x, axis=(1, 2)), Like((1, 6, 5, 4)))
    rules = rules_of(graph.inputs, Order(graph).nodes)
    assert rules.height(graph.inputs[0]) == 6
    with pytest.raises(TypeError, match="has no rows; expected an image"):
        rules.height(graph.outputs[0])
