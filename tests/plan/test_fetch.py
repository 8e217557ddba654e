"""A warp of a map that lies in a file: the bits of `ops.warp`, by pieces of any size."""
import numpy as np
import pytest

from refvr import ops
from refvr.plan import Like, capture, fetch
from refvr.plan.lines import Stored


def stored(x):
    found = Stored(x.shape, x.dtype, 1)
    found.add(0, x)
    return found


def given(n=2, h=9, w=5, c=3, far=3.0, dtype=np.float32):
    rng = np.random.default_rng(3)
    return rng.standard_normal((n, h, w, c)).astype(dtype), (far * rng.standard_normal((n, h, w, 2))).astype(dtype)


@pytest.mark.parametrize("rows_at_once", [2, 3, 5, 100])
@pytest.mark.parametrize("far", [0.2, 3.0, 40.0])
@pytest.mark.parametrize("coordinates", ["pixels", "round_trip"])
def test_pieces_of_any_size_have_the_bits_of_the_whole(rows_at_once, far, coordinates, monkeypatch):
    x, flow = given(far=far)
    monkeypatch.setattr(fetch, "CHUNK", rows_at_once * x[:, 0].nbytes)
    whole = ops.warp(x, flow, coordinates=coordinates)
    for first, last in ((0, 9), (0, 2), (4, 5), (7, 9)):
        got = fetch.fetched(stored(x), flow[:, first:last], first, coordinates=coordinates)
        assert got.tobytes() == np.ascontiguousarray(whole[:, first:last]).tobytes()


def test_no_more_rows_are_read_at_once_than_a_piece_may_have(monkeypatch):
    x, flow = given(far=10)
    read, part = [], Stored.part
    monkeypatch.setattr(Stored, "part", lambda self, start, stop: read.append((start, stop)) or part(self, start, stop))
    monkeypatch.setattr(fetch, "CHUNK", 3 * x[:, 0].nbytes)
    fetch.fetched(stored(x), flow, 0, coordinates="pixels")
    assert len(read) > 1 and max(stop - start for start, stop in read) == 3
    for rows, pieces in ((2, [(4, 7)]), (3, [(4, 7), (6, 9)])):   # with the row below the last, whose share is 0
        read.clear()
        fetch.fetched(stored(x), 0 * flow[:, 4:4 + rows], 4, coordinates="pixels")
        assert read == pieces


def test_a_place_that_is_not_a_number_is_none():
    x, flow = given()
    flow[0, 2, 3] = np.nan
    got = fetch.fetched(stored(x), flow, 0, coordinates="pixels")
    assert np.isnan(got[0, 2, 3]).all() and np.isnan(got).sum() == x.shape[3]


def test_what_can_be_fetched():
    """A map of the input that lies in a file, along a flow that is another value, with the border that repeats."""
    def answer(page, stored=True):
        graph = capture(page, Like((1, 9, 5, 3), stored=stored), Like((1, 9, 5, 2)))
        return fetch.can_be_fetched(graph.result, graph.result.operands[0])

    assert answer(ops.warp)
    assert not answer(ops.warp, stored=False)
    assert not answer(lambda x, flow: ops.warp(x, flow, border="zero"))
    assert not answer(lambda x, flow: ops.warp(ops.relu(x), flow))
    assert not answer(lambda x, flow: ops.grid_sample(x, flow))
    graph = capture(ops.warp, Like((1, 9, 5, 3), stored=True), Like((1, 9, 5, 2), stored=True))
    assert not fetch.can_be_fetched(graph.result, graph.inputs[1])   # of the flow itself rows are enough
    graph = capture(lambda x: ops.warp(x, x), Like((1, 9, 5, 2), stored=True))
    assert not fetch.can_be_fetched(graph.result, graph.inputs[0])


def test_what_it_takes_beside_result_and_flow(monkeypatch):
    """A piece, no more than the map and two rows at least; and 40 bytes for each pixel: places, cells and choices."""
    graph = capture(ops.warp, Like((2, 9, 5, 3), stored=True), Like((2, 9, 5, 2)))
    row, pixels = 2 * 5 * 3 * 4, 4 * 2 * 5
    for chunk, piece in ((1, 2 * row), (5 * row, 5 * row), (1 << 30, 9 * row)):
        monkeypatch.setattr(fetch, "CHUNK", chunk)
        assert fetch.extra(graph.inputs[0], graph.result, 4) == piece + 40 * pixels
