"""What a clip will cost: the schedule that the driver takes, sums over its pieces, and time that grows with them."""
import sys
from itertools import count
from types import SimpleNamespace

import pytest

from refvr import zoo
from refvr.errors import InputError
from refvr.media.encoders import HELD
from refvr.pipeline import forecast as page
from refvr.pipeline.forecast import forecast
from refvr.pipeline.memory import SHARE, laid_out
from refvr.pipeline.pieces import pieces
from refvr.plan.cost import cost
from refvr.plan.graph import capture, leaves
from refvr.plan.memory import TooLarge
from refvr.plan.run import Order
from refvr.plan.stream import Stream

SMALL = (16, 24)


@pytest.fixture(autouse=True)
def one_second(monkeypatch):
    """Everything that is timed takes a second, and is small."""
    monkeypatch.setattr(page, "SMALL", SMALL)
    ticks = count()
    monkeypatch.setattr(page, "time", SimpleNamespace(perf_counter=lambda: float(next(ticks))))


def macs(net, h, w):
    """Multiply-adds of a call of each piece."""
    return [cost(capture(piece.page, *piece.inputs, **piece.options))[0] for piece in pieces(net, h, w)]


def test_what_was_timed_on_a_small_frame_grows_with_the_multiply_adds():
    net = zoo.build("duf-s-x2")
    small, = forecast(net, *SMALL, "2G").stages
    assert small.seconds == 1
    h, w = SMALL[0] * 3, SMALL[1] * 2
    large, = forecast(net, h, w, "2G").stages
    assert large.seconds == macs(net, h, w)[0] / macs(net, *SMALL)[0]
    assert large.gmacs == macs(net, h, w)[0] / 1e9 and 5.5 < large.seconds < 6.5


def test_making_inputs_takes_time_by_their_pixels():
    """Motion between frames has no multiply-adds: its call grows with the bytes, what it looks at with the pixels."""
    net = zoo.build("safa-s-moved")
    found = forecast(net, SMALL[0] * 3, SMALL[1] * 2, "2G").stages[0]
    (small, large) = (pieces(net, SMALL[0] * k, SMALL[1] * m)[0] for k, m in ((1, 1), (3, 2)))
    moved = found.moved / cost(capture(small.page, *small.inputs, **small.options))[1]
    pixels = max(x.shape[1] * x.shape[2] for x in leaves(large.inputs))
    assert (found.name, found.gmacs) == ("motion", 0) and moved > 1
    assert found.seconds == pytest.approx(moved + pixels / (SMALL[0] * SMALL[1]))


def test_a_piece_runs_once_before_it_is_timed(monkeypatch):
    done, run = [], Order.run
    monkeypatch.setattr(Order, "run", lambda self, *inputs: done.append("run") or run(self, *inputs))
    monkeypatch.setattr(page.time, "perf_counter", lambda: float(len(done.append("look") or done)))
    forecast(zoo.build("remonet-s"), 16, 24, "2G")
    assert done == ["run", "look", "run", "look"]


def test_sums_are_those_of_all_pieces_for_a_frame():
    """Of SAFA, whose selector is asked three times."""
    found = forecast(zoo.build("safa-s"), 48, 64, "2G")
    for name in ("gmacs", "moved", "seconds"):
        assert getattr(found, name) == pytest.approx(sum(getattr(stage, name) * stage.calls for stage in found.stages))
    assert {stage.calls for stage in found.stages} == {1, 3} and (found.width, found.height) == (64, 48)


def least(net, h, w):
    """Bytes that are just enough, for bands that are as low as there are."""
    with pytest.raises(TooLarge) as refused:
        laid_out(net, h, w, 1)
    return int(refused.value.needs) + (1 << 20)


def test_the_schedule_is_the_one_that_the_driver_takes():
    """EDVR in little memory goes by bands, its middle in two passes over the image; in plenty all at once."""
    net, ways = zoo.build("edvr-s-x4"), set()
    for most in (least(net, 48, 64), 2 << 30):
        found, layout = forecast(net, 48, 64, most), laid_out(net, 48, 64, most)
        for stage, piece, schedule in zip(found.stages, layout.pieces, layout.schedules, strict=True):
            streamed = isinstance(schedule, Stream)
            assert stage.schedule == (f"bands of {schedule.rows} rows" if streamed else "all at once")
            assert (stage.name, stage.held, stage.values) == (piece.name, piece.held, schedule.peak)
            assert not streamed or stage.stages == len({schedule.stage[node] for node in schedule.nodes})
            ways.add((streamed, stage.stages))
        assert (found.memory, found.peak, found.disk) == (most, layout.peak, layout.disk) and found.peak <= most
    assert ways == {(True, 1), (True, 2), (False, 1)} and all(stage.held > 0 for stage in found.stages)


def test_the_limit_is_a_share_of_what_is_free_unless_it_is_told(monkeypatch):
    net = zoo.build("remonet-s")
    for free, told, limit in ((8 << 30, None, int(SHARE * (8 << 30))), (8 << 30, "1G", 1 << 30), (None, None, None),
                              (None, "1G", 1 << 30)):
        monkeypatch.setattr("refvr.pipeline.memory.available", lambda free=free: free)
        assert forecast(net, 16, 24, told).memory == limit
    with pytest.raises(InputError, match="no size would fit"):
        forecast(net, 16, 24, "1M")


def test_a_video_takes_the_frames_that_its_encoder_keeps():
    """Of the output: four times as many pixels by twice the side."""
    assert forecast(zoo.build("duf-s-x2"), 36, 64, "2G").video == int(HELD["libx264"] * 12 * 72 * 128)


def test_what_runs_whole_is_named_with_how_often(monkeypatch):
    monkeypatch.setattr(sys.modules["refvr.ops.imresize"]._imresize, "rows", lambda *operands, **options: None)
    net = zoo.build("edvr-s-x4")
    found = forecast(net, 48, 64, least(net, 48, 64))
    assert [row for stage in found.stages for row in stage.whole] == [("imresize", 1)]
