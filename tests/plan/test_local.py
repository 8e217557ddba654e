"""Values that are large, or put together for one reader, are made and used by bands: less memory, the same bytes."""
from __future__ import annotations

from itertools import product

import hashes
import numpy as np
import pytest
from network_pages import drawn, filtered, inputs_of

import refvr
from refvr import ops, zoo
from refvr.pipeline.drivers import restore_frames
from refvr.pipeline.pieces import pieces
from refvr.plan import Like, capture
from refvr.plan.graph import leaves
from refvr.plan.local import Passage, Thrifty
from refvr.plan.rules import simplified
from refvr.plan.run import Order


def passages_of(order):
    return [step for step in order.steps if isinstance(step, Passage)]


def widened(x, times=25):
    return ops.conv2d(x, drawn(1, 1, x.shape[3], times * x.shape[3]))


def conv(x, **options):
    return ops.conv2d(x, drawn(3, 3, x.shape[3], 4), **options)


def narrowed(y, c=4):
    return ops.conv2d(y, drawn(1, 1, y.shape[3], c), activation="relu")


def moved(x, flow):
    return ops.warp(x, flow[..., :2] * 0.5)


PAGES = {  # page -> how many passages it has
    "filters": (filtered, 1), "filters of filters": (lambda x: filtered(filtered(x)), 2),
    "two users": (lambda x: (lambda y: narrowed(y) + narrowed(ops.relu(narrowed(y))))(widened(x)), 1),
    "a user that sees other rows": (lambda x: ops.conv2d(widened(x), drawn(3, 3, 100, 4)), 0),
    "a user as large": (lambda x: narrowed(ops.exp(widened(x) * 0.01)), 0),
    "made from other rows": (lambda x: narrowed(ops.conv2d(x, drawn(3, 3, 4, 100))), 0),
    "in the answer": (lambda x: (lambda y: (y, narrowed(y)))(widened(x)), 0),
    "used before it ends": (lambda x: (lambda y: ops.sigmoid(narrowed(y) - x) * narrowed(y, 4))(widened(x)), 0),
    "put together by rows": (lambda x: conv(ops.concat(x, *(ops.exp(x),) * 9, axis=1)), 0),
}
TALL = {  # the same of pages that see other rows
    "put together": (lambda x: conv(ops.concat(*(moved(ops.exp(x), x * k) for k in range(6)), x)), 1),
    "put together, by strides": (lambda x: conv(ops.concat(x, *(ops.exp(x),) * 9), stride=2), 1),
    "put together and resized": (lambda x: conv(ops.resize_bilinear(ops.concat(*(moved(x, x),) * 9), scale=0.5)), 1),
    "put together, seen twice": (lambda x: (lambda y: conv(y) + ops.mean(y))(ops.concat(x, *(ops.exp(x),) * 9)), 0),
    "put together for a mean": (lambda x: ops.mean(ops.concat(x, *(ops.exp(x),) * 9), axis=(1, 2)), 0),
    "put together in the answer": (lambda x: (lambda y: (y, conv(y)))(ops.concat(x, *(ops.exp(x),) * 9)), 0),
    "a mean": (lambda x: ops.mean(widened(x), axis=(1, 2)), 0),
}


@pytest.mark.parametrize("name, size", [*product(PAGES, [(1, 23, 9, 4), (2, 8, 8, 4)]),
                                        *product(TALL, [(1, 64, 9, 4), (2, 56, 12, 4)])])
def test_drawn_pages(name, size, monkeypatch):
    monkeypatch.setattr("refvr.plan.local.BAND", 4096)
    page, count = (PAGES | TALL)[name]
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


@pytest.mark.parametrize("name", ["safa, half", "safa, full"])
def test_what_safa_sees_is_never_put_together(name, monkeypatch):
    subject, ran, compute = hashes.SUBJECTS[name], [], Passage.compute
    net, clip = subject.network(), hashes.clip(2, *subject.sizes[0])
    expected = [y.tobytes() for y in restore_frames(clip, net, **subject.told)]
    monkeypatch.setattr("refvr.plan.local.BAND", 1 << 14)
    monkeypatch.setattr(Passage, "compute", lambda self, *inputs: ran.append(self.large) or compute(self, *inputs))
    assert [y.tobytes() for y in restore_frames(clip, net, **subject.told)] == expected
    assert {x.shape[-1] for x in ran} >= {3 * net.config.channels + 7, 2 * net.config.channels + 1}


def test_safa_takes_half_the_memory_where_there_is_plenty():
    for piece in pieces(zoo.build("safa"), 180, 320):
        if piece.name in ("look", "paint"):
            graph = simplified(capture(piece.page, *piece.inputs, **piece.options))
            assert Thrifty(graph).peak < 0.6 * Order(graph).peak
