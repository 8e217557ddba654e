"""Pictures of races and growth: what is drawn is the numbers that were measured."""
from dataclasses import replace

import numpy as np
import pytest

from refvr.bench import plot
from refvr.bench.growth import Point
from refvr.bench.race import Row, Side

pytest.importorskip("matplotlib", reason="pictures need matplotlib (extra plot)")
OURS, PEER = Side(40.0, 39.0, 200.0, 50.0, (40.0,)), Side(100.0, 99.0, 800.0, 20.0, (100.0,))
DOTS = [{"flop": 4e9, "bytes": 2e8, "seconds": 0.03}, {"flop": 1e8, "bytes": 1e8, "seconds": 0.01},
        {"flop": 0, "bytes": 1e8, "seconds": 0.02}]   # the last computes nothing
ROW = Row("edvr-s-x4", "clip", "320x180", 2, "winograd", 2.0, OURS, PEER, 2.5, 0.25, 80.0, 16.0, operations=DOTS)
ALONE = replace(ROW, network="stfan", ours=replace(OURS, ms=1500.0), peer=None, sgemm_gflops=90.0, copy_gb_s=10.0)


@pytest.fixture
def drawn(monkeypatch):
    """Draws without writing; the figure and where it would go."""
    def figure(draw, *given):
        saved = []
        monkeypatch.setattr(plot, "save", lambda figure, path, dpi: saved.append((figure, path)))
        draw(*given, "race.png")
        (found, path), = saved
        assert path == "race.png"
        return found

    yield figure
    plot.pyplot().close("all")


def bars(axis):
    """(row, length) of each bar of a panel that has one; the legend's have none."""
    return sorted((round(bar.get_y() + bar.get_height() / 2, 6), bar.get_width()) for bar in axis.patches
                  if bar.get_width())


def test_bars_are_shares_of_the_peers_with_the_figures_beside_them(drawn):
    """Ours above the peer's; without a peer ours is the whole."""
    figure = drawn(plot.draw_races, [ROW, ALONE])
    time, memory, _ = figure.axes
    assert bars(time) == [(-0.2, 0.4), (0.2, 1.0), (0.8, 1.0)] and bars(memory) == [(-0.2, 0.25), (0.2, 1), (0.8, 1)]
    assert [text.get_text() for text in time.texts] == ["40 ms", "100 ms", "1.5 s"]
    assert [text.get_text() for text in memory.texts] == ["200 MB", "800 MB", "200 MB"]
    assert [text.xy for text in time.texts] == [(0.4, -0.2), (1.0, 0.2), (1.0, 0.8)]
    assert [label.get_text() for label in time.get_yticklabels()] == ["edvr-s-x4\n320x180, 2 thr.",
                                                                      "stfan\n320x180, 2 thr."]
    assert time.yaxis_inverted() and time.get_xlim() == (0, 1.25) and time.get_title() == "time per frame, PyTorch = 1"
    assert [text.get_text() for text in time.get_legend().get_texts()] == ["refvr", "PyTorch"]
    colours = {bar.get_facecolor() for bar in time.patches}
    assert len(colours) == 2, "a side is a colour"


def test_a_training_step_is_called_one_and_without_peers_none_is_named(drawn):
    figure = drawn(plot.draw_races, [replace(ALONE, job="train", ours=replace(OURS, ms=999.4))])
    assert figure.axes[0].get_title() == "time per step" and figure.axes[0].texts[0].get_text() == "999 ms"
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == ["refvr"]
    assert figure.axes[1].get_title() == "peak memory"


def test_the_roofline_has_a_dot_for_each_operation_below_what_the_machine_can(drawn):
    """Operations per byte against operations per second; lines are the best matrix product and copy of all races."""
    roof = drawn(plot.draw_races, [ROW, ALONE]).axes[2]
    first, second = roof.collections
    np.testing.assert_allclose(first.get_offsets(), [(20, 4e9 / 0.03 / 1e9), (1, 10)])
    np.testing.assert_allclose(first.get_sizes(), [10 + 300 * 0.03 / 0.06, 10 + 300 * 0.01 / 0.06])
    assert (first.get_label(), second.get_label()) == ("edvr-s-x4", "stfan")
    line, = roof.lines
    assert line.get_xydata().tolist() == [[0.1, 1.6], [90 / 16, 90], [1e4, 90]]
    assert roof.get_xscale() == roof.get_yscale() == "log"
    assert roof.get_xlabel() == "operations per byte" and "GFLOP/s" in roof.get_ylabel()
    assert "sgemm 90 GFLOP/s, copy 16 GB/s" in roof.get_title()
    assert {tuple(handle.get_sizes()) for handle in roof.get_legend().legend_handles} == {(20,)}


def test_a_race_that_listened_to_nothing_has_no_dots(drawn):
    roof = drawn(plot.draw_races, [replace(ROW, operations=[])]).axes[2]
    assert len(roof.collections[0].get_offsets()) == 0


def test_growth_has_time_and_memory_along_each_axis(drawn):
    found = [Point("safa", axis, count, "8x8", 1, count / 10, 100 + count)
             for axis, counts in (("frames", (5, 10)), ("pixels", (64, 256, 1024)), ("threads", (1,)))
             for count in counts]
    figure = drawn(plot.draw_growth, found)
    times, memories = figure.axes[:3], figure.axes[3:]
    for axis, memory, name, counts in zip(times, memories, ("frames", "pixels", "threads"),
                                          ((5, 10), (64, 256, 1024), (1,))):
        (line,), (beside,) = axis.lines, memory.lines
        assert line.get_xydata().tolist() == [[count, count / 10] for count in counts]
        assert beside.get_xydata().tolist() == [[count, 100 + count] for count in counts]
        assert axis.get_xlabel() == name
        assert axis.get_ylim() == pytest.approx((0, 1.1 * counts[-1] / 10))
        assert memory.get_ylim() == pytest.approx((0, 1.1 * (100 + counts[-1])))
    assert [axis.get_ylabel() for axis in times] == ["seconds per clip", "seconds per frame", "seconds per frame"]
    assert {axis.get_ylabel() for axis in memories} == {"peak memory, MB"}
    assert figure.get_suptitle() == "safa"


def test_an_axis_that_was_not_measured_is_empty(drawn):
    figure = drawn(plot.draw_growth, [Point("safa", "frames", 5, "8x8", 1, 0.5, 100.0)])
    assert len(figure.axes[1].lines[0].get_xdata()) == 0 and figure.axes[1].get_ylim() == (0, pytest.approx(1.1))
