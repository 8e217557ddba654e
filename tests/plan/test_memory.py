"""A stated memory for a page: the schedule that keeps to it, chosen before anything is computed."""
import math

import numpy as np
import pytest

from refvr import ops, trace, zoo
from refvr.pipeline.pieces import pieces
from refvr.plan import Like, capture
from refvr.plan.lines import Stored
from refvr.plan.memory import Planned, TooLarge, current_limit, fitting, gigabytes, memory
from refvr.plan.run import Order
from refvr.plan.stream import Stream


def test_the_highest_bands_that_fit_are_taken():
    net = zoo.build("duf-s-x2")
    piece, = pieces(net, 200, 64)
    graph = capture(piece.page, *piece.inputs)
    whole = Order(graph).peak
    assert isinstance(fitting(graph, whole), Order)
    low, middle = Stream(graph, 8).peak, Stream(graph, 64).peak
    assert low < middle < whole
    assert fitting(graph, middle).rows == 64 and fitting(graph, middle - 1).rows < 64 and fitting(graph, low).rows == 8
    says = f"take {gigabytes(low)} at least, .*give more memory, or smaller frames"
    with pytest.raises(TooLarge, match=says) as refused:
        fitting(graph, low - 1)
    assert refused.value.needs == low


def test_all_at_once_does_not_take_many_times_the_memory_of_bands():
    def page(x):
        wide = ops.relu(ops.conv2d(x, np.ones((3, 3, 1, 32), np.float32)))
        return ops.conv2d(wide, np.ones((3, 3, 32, 1), np.float32))

    for h, streamed in ((64, False), (256, False), (1024, True)):
        for most in (1 << 30, math.inf):
            assert isinstance(fitting(capture(page, Like((1, h, 1024, 1))), most), Stream) == streamed
    assert fitting(capture(page, Like((1, 1024, 1024, 1))), 1 << 30).rows == 64


def test_frames_that_change_size_get_a_schedule_of_their_own():
    planned = Planned(lambda x: ops.relu(ops.exp(x)))
    with memory(80 << 10):
        for h in (64, 16, 128):
            x = np.random.default_rng(h).random((1, h, 16, 4), np.float32)
            assert planned(x).tobytes() == ops.exp(x).tobytes()
        with pytest.raises(TooLarge):
            planned(np.zeros((1, 1024, 16, 4), np.float32))


def test_a_page_that_branches_on_shapes_or_options_has_a_graph_for_each():
    def page(x, *, twice=False):
        y = ops.exp(x) if x.shape[1] > 8 else -x
        return ops.concat(y, ops.relu(y)) if twice else y

    planned = Planned(page)
    for most in (None, 1 << 20):
        with memory(most):
            for h, twice in ((4, False), (16, False), (4, True), (16, True), (4, False)):
                x = np.random.default_rng(h).random((1, h, 16, 4), np.float32)
                y = planned(x, twice=twice)
                assert y.shape[-1] == 4 + 4 * twice and y.tobytes() == page(x, twice=twice).tobytes()


def test_a_traced_run_goes_by_the_page_and_a_page_that_decides_too():
    x = np.ones((1, 4, 4, 1), np.float32)
    with memory(1), pytest.raises(TooLarge):
        Planned(ops.relu)(x)
    with memory(1), trace():
        assert Planned(ops.relu)(x).tobytes() == x.tobytes()
    with memory(1):
        assert Planned(lambda x: x if ops.sum(x) > 0 else -x)(x) is x


def test_the_limit_is_that_of_the_innermost_block():
    assert current_limit() == (None, False)
    with memory(100, files=True):
        assert current_limit() == (100, True)
        with memory(None):
            assert current_limit() == (None, False)
        assert current_limit() == (100, True)
    assert current_limit() == (None, False)


def test_what_the_caller_holds_counts():
    planned, x = Planned(ops.exp), np.ones((1, 64, 16, 4), np.float32)
    with memory(3 * x.nbytes):
        assert isinstance(planned.schedule(x), Order)
        assert isinstance(planned.schedule(x, held=x.nbytes), Order)   # input and result
        with pytest.raises(TooLarge):
            planned.schedule(x, held=x.nbytes + 1)


def test_results_stay_in_files_where_another_page_reads_them():
    x = np.random.default_rng(1).random((1, 64, 16, 4), np.float32)
    for files, stores in ((True, True), (True, False), (False, True)):
        with memory(1 << 20, files=files):
            y = Planned(ops.exp, stores=stores)(x)
        assert isinstance(y, Stored) == (files and stores)
        assert (y.data if isinstance(y, Stored) else y).tobytes() == ops.exp(x).tobytes()


def test_a_schedule_is_made_once_for_every_shape_limit_and_way_of_adding_up():
    planned, made = Planned(ops.relu), []
    x = np.ones((1, 8, 8, 1), np.float32)
    for limit, precision, shape in ((1 << 20, "winograd", x), (1 << 20, "winograd", x), (1 << 21, "winograd", x),
                                    (1 << 20, "direct", x), (1 << 20, "winograd", x[:, :4])):
        with memory(limit), ops.precision(precision):
            made.append(planned.schedule(shape))
    assert made[0] is made[1] and len({id(schedule) for schedule in made}) == 4


def test_sizes_as_people_write_them():
    assert [gigabytes(count) for count in (3 << 29, 1 << 30, 12 << 20, 1 << 20, 0, 1 << 10, 1536)] == [
        "1.50 GB", "1.00 GB", "12.0 MB", "1.0 MB", "0.0 MB", "1.0 kB", "1.5 kB"]
