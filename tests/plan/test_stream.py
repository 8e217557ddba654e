"""Streams: whole networks, single operations and drawn graphs band by band have the bytes of the whole."""
from __future__ import annotations

import hashes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from network_pages import STEPS, drawn, inputs_of

import refvr
from refvr import ops, zoo
from refvr.plan import Like, capture
from refvr.plan.graph import leaves
from refvr.plan.lines import Stored
from refvr.plan.run import Order
from refvr.plan.stream import Stream


def check(page, x, rows, threads=None):
    """Bytes of the page by bands and whole."""
    graph = capture(page, Like(x.shape))
    with refvr.threads(threads):
        streamed = Stream(graph, rows).run(x)
    assert streamed.tobytes() == page(x).tobytes() and streamed.std() > 0


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("precision", ["winograd", "direct"])
def test_every_operation_has_the_bytes_of_the_whole(name, precision):
    with refvr.precision(precision):
        for h, rows in ((24, 4), (22, 8), (6, 1), (13, 5)):
            if name == "unshuffle" and h % 2:
                continue
            x = drawn(1, h, 8, 16)
            check(lambda x: STEPS[name](ops.relu(x)), x, rows)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 9)), min_size=2, max_size=7),
       st.sampled_from([4, 12, 16, 28]), st.integers(1, 30), st.sampled_from([1, 3]))
def test_drawn_graphs_have_the_bytes_of_the_whole(steps, h, rows, threads):
    def page(x):
        values = [ops.concat(x, x * 0.5, x, x)]
        for name, pick in steps:
            x = values[-1 - pick % min(2, len(values))]
            if min(x.shape[1:3]) < 4 or x.shape[1] % 2 or x.shape[2] % 2 or x.size > 40_000:
                continue
            y = ops.tanh(STEPS[name](x))
            same = [z for z in values if z.shape == y.shape]
            values.append(y + same[pick % len(same)] if same and pick > 4 else y)
            if values[-1].shape[3] % 4:
                values[-1] = ops.concat(*[values[-1]] * 4)
        return values[-1]

    check(page, drawn(1, h, 8, 4), rows, threads)


@pytest.mark.parametrize("name", [name for name in hashes.SUBJECTS if "chosen" not in name])
def test_networks_have_the_bytes_of_the_whole(name):
    net = hashes.SUBJECTS[name].network()
    arrays, rest, options = inputs_of(net, 48, 16)
    graph = capture(net, *(Like(x.shape) for x in arrays), *rest, **options)
    whole = [x.tobytes() for x in leaves(net(*arrays, *rest, **options)) if isinstance(x, np.ndarray)]
    for rows, threads in ((4, 1), (20, 3), (48, 2)):
        with refvr.threads(threads):
            y = Stream(graph, rows).run(*arrays, *rest)
        assert [x.tobytes() for x in leaves(y) if isinstance(x, np.ndarray)] == whole


@pytest.mark.parametrize("name, change", [("duf-16-x4", {"blocks": 1}), ("remonet", {"frames": 2}), ("fastdvdnet", {})])
def test_memory_does_not_grow_with_the_height(name, change):
    net = zoo.build(name, **change)
    peaks = []
    for h in (512, 1024):
        graph = capture(net, *(Like((*x.shape[:-3], h, *x.shape[-2:])) for x in inputs_of(net, 4, 4)[0]))
        around = sum(node.nbytes for node in (*graph.inputs, *graph.outputs))
        peaks.append((Stream(graph, 16).peak - around, Order(graph).peak - around))
    (low, whole), (high, larger) = peaks
    assert high <= 1.1 * low and larger > 1.9 * whole and high < larger / 2


def test_maps_in_files_are_in_memory_for_one_operation_at_a_time(monkeypatch):
    monkeypatch.setattr("refvr.plan.schedule.LITTLE", 1)

    def page(xs):
        found = [ops.warp(x, x[..., :2], border="zero") for x in xs]       # each wants its own x whole
        return ops.concat(*[ops.relu(x) for x in found])

    one = 64 * 48 * 16 * 4
    graph = capture(page, [Like((1, 64, 48, 16), stored=True)] * 4)
    stream = Stream(graph, 8, files=True, results=True)
    assert one < stream.peak < 2 * one and stream.disk == 8 * one
    xs = [np.random.default_rng(k).random((1, 64, 48, 16), np.float32) for k in range(4)]
    given = []
    for x in xs:
        given.append(Stored(x.shape, x.dtype, 1))
        given[-1].add(0, x)
    y = stream.run(given)
    assert isinstance(y, Stored) and y.data.tobytes() == page(xs).tobytes()
