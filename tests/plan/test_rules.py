"""Rules: what is merged computes the same bytes in fewer operations, and what somebody else sees is left alone."""
from __future__ import annotations

import hashes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from network_pages import STEPS, drawn, inputs_of

import refvr
from refvr import ops
from refvr.plan import Like, capture
from refvr.plan.graph import leaves
from refvr.plan.local import Thrifty
from refvr.plan.rules import simplified
from refvr.plan.run import Order


def names(graph):
    return [node.operation.name for node in Order(graph).nodes]


def conv(x, *rest, k=3, o=16, **options):
    return ops.conv2d(x, drawn(k, k, x.shape[3] // options.get("groups", 1), o), *rest, **options)


PAGES = {  # page -> the operations that are left of it
    "residual": (lambda x: conv(x) + x, ["conv2d"]),
    "residual on the left": (lambda x: x + conv(x), ["conv2d"]),
    "activation": (lambda x: ops.leaky_relu(conv(x, drawn(16)), 0.2), ["conv2d"]),
    "both": (lambda x: ops.relu(conv(x) + x), ["conv2d"]),
    "separable": (lambda x: conv(conv(x, k=5, groups=16), None, x, k=1, activation="relu"), ["separable_conv2d"]),
    "separable but for computed weights": (
        lambda x: ops.conv2d(conv(x, k=5, groups=16), x[:1, :1, :1] + drawn(1, 1, 16, 16)),
        ["conv2d", "slice", "add", "conv2d"]),
    "parts": (lambda x: ops.relu(ops.concat(conv(x), conv(x, o=8))[..., 16:]), ["conv2d"]),
    "volume": (lambda x: ops.relu(ops.conv3d(x[None], drawn(1, 3, 3, 16, 8), padding=(0, 1, 1))), ["slice", "conv3d"]),
    "a bias in the middle": (lambda x: conv(conv(x, drawn(16), groups=16), k=1), ["conv2d", "conv2d"]),
    "all of it": (lambda x: ops.relu(ops.concat(conv(x)[:, :, :, :], axis=0)), ["conv2d"]),
    "a part of a part": (lambda x: ops.concat(x, x)[..., 4:16], ["concat", "slice"]),
    "rows of parts": (lambda x: ops.concat(x, x, axis=1)[:, :, :4, :], ["concat", "slice"]),
    "another size": (lambda x: conv(x) + drawn(16), ["conv2d", "add"]),
    "activation, then a sum": (lambda x: conv(x, activation="relu") + x, ["conv2d", "add"]),
    "seen twice": (lambda x: (lambda y: ops.relu(y) * y)(conv(x)), ["conv2d", "relu", "mul"]),
    "in the answer": (lambda x: (lambda y: (ops.relu(y), y))(conv(x)), ["conv2d", "relu"]),
    "with itself": (lambda x: (lambda y: y + y)(conv(x)), ["conv2d", "add"]),
}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("precision", ["winograd", "direct"])
def test_what_is_merged_has_the_bytes_of_the_page(name, precision):
    page, left = PAGES[name]
    x = drawn(2, 13, 9, 16)
    graph = simplified(capture(page, Like(x.shape)))
    assert names(graph) == left
    with refvr.precision(precision):
        assert [y.tobytes() for y in leaves(Order(graph).run(x))] == [y.tobytes() for y in leaves(page(x))]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.sampled_from(["relu", "add", "parts", *sorted(STEPS)]), st.integers(0, 9)), min_size=2,
                max_size=8))
def test_drawn_graphs_have_the_bytes_of_the_page(steps):
    def page(x):
        values = [x]
        for name, pick in steps:
            x = values[-1 - pick % min(3, len(values))]
            if min(x.shape[1:3]) < 4 or x.shape[1] % 2 or x.shape[2] % 2 or x.size > 30_000:
                continue
            if name == "add":
                y = next((x + z for z in values[::-1] if z is not x and z.shape == x.shape), ops.relu(x))
            elif name == "parts":
                y = ops.concat(values[-1], x)[..., values[-1].shape[3]:] if values[-1].shape[:3] == x.shape[:3] else x
            else:
                y = ops.relu(x) if name == "relu" else STEPS[name](x)
            values.append(y if y.shape[3] % 4 == 0 else ops.concat(y, y, y, y))
        return values[-1], values[pick % len(values)]

    x = drawn(1, 12, 8, 16) * np.float32(0.1)
    graph = simplified(capture(page, Like(x.shape)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("refvr.plan.local.BAND", 2048)
        for order in (Order(graph), Thrifty(graph)):
            assert [y.tobytes() for y in leaves(order.run(x))] == [y.tobytes() for y in leaves(page(x))]


@pytest.mark.parametrize("name", [name for name in hashes.SUBJECTS if "chosen" not in name])
def test_networks_have_the_bytes_of_the_page(name):
    net = hashes.SUBJECTS[name].network()
    arrays, rest, options = inputs_of(net)
    graph = capture(net, *(Like(x.shape) for x in arrays), *rest, **options)
    planned, page = Order(simplified(graph)).run(*arrays, *rest), net(*arrays, *rest, **options)
    assert [y.tobytes() for y in leaves(planned) if isinstance(y, np.ndarray)] == [
        y.tobytes() for y in leaves(page) if isinstance(y, np.ndarray)]
    assert Order(simplified(graph)).peak <= 1.1 * Order(graph).peak


def test_separable_convolutions_of_a_page_are_found():
    net = hashes.SUBJECTS["remonet"].network()
    graph = simplified(capture(net, Like((1, 5, 16, 16, 3))))
    left = names(graph)
    assert left.count("separable_conv2d") == 14 * 6 and "relu" not in left
