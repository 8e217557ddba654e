"""Values larger than all around them are made and used by bands in the page's order: less memory, the same bytes."""
from __future__ import annotations

import hashes
import numpy as np
import pytest
from network_pages import drawn, filtered, inputs_of

import refvr
from refvr import ops
from refvr.plan import Like, capture
from refvr.plan.graph import leaves
from refvr.plan.local import Passage, Thrifty
from refvr.plan.rules import simplified
from refvr.plan.run import Order


def passages_of(order):
    return [step for step in order.steps if isinstance(step, Passage)]


def widened(x, times=25):
    return ops.conv2d(x, drawn(1, 1, x.shape[3], times * x.shape[3]))


def narrowed(y, c=4):
    return ops.conv2d(y, drawn(1, 1, y.shape[3], c), activation="relu")


PAGES = {  # page -> how many passages it has
    "filters": (filtered, 1), "filters of filters": (lambda x: filtered(filtered(x)), 2),
    "two users": (lambda x: (lambda y: narrowed(y) + narrowed(ops.relu(narrowed(y))))(widened(x)), 1),
    "a user that sees other rows": (lambda x: ops.conv2d(widened(x), drawn(3, 3, 100, 4)), 0),
    "a user as large": (lambda x: narrowed(ops.exp(widened(x) * 0.01)), 0),
    "made from other rows": (lambda x: narrowed(ops.conv2d(x, drawn(3, 3, 4, 100))), 0),
    "in the answer": (lambda x: (lambda y: (y, narrowed(y)))(widened(x)), 0),
    "used before it ends": (lambda x: (lambda y: narrowed(ops.concat(x, ops.relu(narrowed(y)))) * narrowed(y, 4))(
        widened(x)), 0),
    "a mean": (lambda x: ops.mean(widened(x), axis=(1, 2)), 0),
}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("size", [(1, 23, 9, 4), (2, 8, 8, 4)])
def test_drawn_pages(name, size, monkeypatch):
    monkeypatch.setattr("refvr.plan.local.BAND", 4096)
    page, count = PAGES[name]
    x = drawn(*size)
    graph = simplified(capture(page, Like(x.shape)))
    order = Thrifty(graph)
    assert len(passages_of(order)) == count
    assert [y.tobytes() for y in leaves(order.run(x))] == [y.tobytes() for y in leaves(page(x))]
    assert order.peak < 0.8 * Order(graph).peak if count else order.peak == Order(graph).peak


@pytest.mark.parametrize("name", ["stfan", "stfan, skips", "stfan-seed"])
def test_filters_of_stfan_are_never_stored(name, monkeypatch):
    monkeypatch.setattr("refvr.plan.local.BAND", 1 << 16)
    net = hashes.SUBJECTS[name].network()
    arrays, rest, options = inputs_of(net, 48, 32)
    graph = simplified(capture(net, *(Like(x.shape) for x in arrays)))
    order = Thrifty(graph)
    assert len(passages_of(order)) == 2 and order.peak <= Order(graph).peak
    for precision, threads in (("winograd", 1), ("direct", 3)):
        with refvr.precision(precision), refvr.threads(threads):
            found, page = order.run(*arrays), net(*arrays)
        assert [y.tobytes() for y in leaves(found)] == [y.tobytes() for y in leaves(page)]
    assert np.isfinite(found[0]).all() and found[0].std() > 0
