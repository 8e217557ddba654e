"""What is added up is what is there: all bands from some of them, and all arrays that a run makes."""
from __future__ import annotations

import tracemalloc
from contextlib import nullcontext

import hashes
import pytest
from network_pages import STEPS, drawn, inputs_of

import refvr
from refvr import ops
from refvr.ops.core import arena
from refvr.ops.kernels.winograd import transformed_once
from refvr.plan import Like, capture
from refvr.plan.folding import folded
from refvr.plan.front import Front
from refvr.plan.held import most_held
from refvr.plan.rules import simplified
from refvr.plan.stream import Stream


@pytest.mark.parametrize("name", ["fastdvdnet", "duf x2", "edvr", "stfan, skips", "safa, half"])
def test_bands_that_are_like_others_need_not_be_added_up(name, monkeypatch):
    monkeypatch.setattr("refvr.plan.schedule.LITTLE", 1 << 14)
    net, passed, pass_over = hashes.SUBJECTS[name].network(), [], Front.pass_over
    monkeypatch.setattr(Front, "pass_over", lambda front, *more: passed.append(more) or pass_over(front, *more))
    arrays, rest, options = inputs_of(net, 16, 16)
    for h, rows, stored in ((512, 8, False), (768, 24, True), (80, 5, False)):   # the last: no bands are alike
        shapes = [(*x.shape[:-3], x.shape[-3] * h // 16, *x.shape[-2:]) for x in arrays]
        graph = simplified(capture(net, *(Like(shape, stored=stored) for shape in shapes), *rest, **options))
        stream = Stream(graph, rows, files=stored, results=stored)
        found = most_held(stream)
        assert found == most_held(stream, every_band=True) and found.peak > 0
    assert 1 <= len(passed) < 3 * len(stream.groups)


def used(schedule, inputs, monkeypatch):
    """Bytes that all arrays of a run take at most: in the arena, and outside of it. Transformed weights are there."""
    monkeypatch.setattr("refvr.plan.stream.transformed_once", nullcontext)
    with refvr.threads(1), transformed_once():
        schedule.run(*inputs)
        fresh = arena.Arena()
        monkeypatch.setattr(arena, "_arena", fresh)
        monkeypatch.setattr(arena, "_least", 1 << 13)
        tracemalloc.start()
        try:
            schedule.run(*inputs)
            return fresh.most, tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            monkeypatch.undo()


BESIDE = {  # what some take more: of the values, and bytes
    "volume": (1, 3 << 20),         # what a thread carries in its cache, whatever the size of the image
    "separable": (1.25, 0),         # the middle, for kernels without a fused way; networks' have one
    "cubic, 0.4": (1.2, 0),         # rows that are not columns yet, beside three channels that nobody notices
}


@pytest.mark.parametrize("name", STEPS)
def test_an_operation_takes_what_was_laid_out_for_it_and_all_of_it_from_the_arena(name, monkeypatch):
    """At the borders too: rows of zeros above and below a band are not put around a copy of it."""
    x = drawn(1, 48, 256, 16)
    stream = Stream(capture(lambda x: ops.relu(STEPS[name](ops.relu(x))), Like(x.shape)), 16)
    inside, outside = used(stream, [x], monkeypatch)
    times, more = BESIDE.get(name, (1, 0))
    assert inside <= 1.05 * times * (stream.peak - x.nbytes) + more and outside < stream.peak / 4


@pytest.mark.parametrize("name", ["duf x2", "edvr, no attention", "safa, half"])
def test_a_network_takes_what_was_laid_out_for_it(name, monkeypatch):
    net = hashes.SUBJECTS[name].network()
    arrays, rest, options = inputs_of(net, 96, 64)
    graph = simplified(folded(capture(net, *(Like(x.shape) for x in arrays), *rest, **options)))
    more = 6 << 20 if name == "duf x2" else 0   # see "volume"; and transformed weights of blocks
    stream = Stream(graph, 16)
    inside, outside = used(stream, (*arrays, *rest), monkeypatch)
    assert inside <= 1.05 * (stream.peak - sum(x.nbytes for x in arrays)) + more
    assert outside < 1 << 20   # packed weights
