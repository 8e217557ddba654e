"""How a convolution is cut up: panels and their weights, blocks and the strips of input that they read."""
import numpy as np
import pytest
from plain_convolutions import seen_by, taken, whole_numbers

from refvr.ops.core.jit import kernel
from refvr.ops.kernels import conv_plan as cut
from refvr.ops.kernels.microkernel import vector_bytes

WIDTH = vector_bytes() // 4
CHANNELS = [(1, 3, 1), (1, 3, 5), (1, 7, 2 * WIDTH), (1, 7, 2 * WIDTH + 1), (1, 7, 5 * WIDTH - 3), (2, 30, 66),
            (5, 35, 20), (17, 17, 17), (40, 40, 40), (16, 16, 64), (16, 64, 16)]


@pytest.mark.parametrize("groups, c, o", CHANNELS)
def test_panels_take_every_output_once_with_the_inputs_of_its_group(groups, c, o):
    table, seen = cut.panels(groups, c, o, 4), []
    lanes = cut.is_lanes(groups, c, o)
    for panel in map(cut.Panel._make, table):
        outputs = range(panel.o_at, panel.o_at + panel.outputs)
        seen.extend(outputs)
        assert 0 < panel.outputs <= panel.lanes == panel.vectors * WIDTH <= 2 * WIDTH
        if lanes:
            assert panel.vectors == 1 and panel.a_at == panel.o_at
        else:
            group, = {k // (o // groups) for k in outputs}
            assert panel.a_at == group * (c // groups)
    assert seen == [*range(o)]
    ends = table[:, 4] + table[:, 3]
    assert table[0, 4] == 0 and (table[1:, 4] == ends[:-1]).all() and cut.lanes_of(table) == ends[-1]


@pytest.mark.parametrize("groups, c, o", CHANNELS)
def test_packed_weights_lie_together_by_panels_with_zeros_beside_them(groups, c, o):
    table, weight = cut.panels(groups, c, o, 4), np.arange(1.0, 9 * o + 1, dtype=np.float32).reshape(9, o)
    packed = cut.pack(weight, table)
    assert np.count_nonzero(packed) == weight.size and packed.size == 9 * cut.lanes_of(table)
    assert np.array_equal(cut.unpack(packed, table, 9, o), weight)
    _, o_at, outputs, lanes, packed_at, _ = table[-1]
    last = packed[9 * packed_at:].reshape(9, lanes)
    assert np.array_equal(last[:, :outputs], weight[:, o_at:]) and not last[:, outputs:].any()


def test_few_channels_of_a_group_lie_in_lanes():
    """Up to twelve products of a group, and never without groups."""
    assert [cut.is_lanes(*channels) for channels in ((1, 1, 1), (8, 8, 8), (4, 4, 48), (4, 8, 24), (4, 12, 16),
                                                     (4, 4, 52))] == [False, True, True, True, True, False]


@pytest.mark.parametrize("groups, c, o", [(17, 17, 17), (16, 16, 64), (16, 64, 16), (3, 6, 9)])
def test_in_lanes_every_output_has_its_own_inputs(groups, c, o):
    sources = cut.lane_sources(groups, c, o, 4).reshape(c // groups, -1)
    assert sources.shape[1] % WIDTH == 0 and sources.max() < c
    for k in range(o):
        assert sources[:, k].tolist() == [k // (o // groups) * (c // groups) + i for i in range(c // groups)]


def test_a_view_is_flat_as_far_as_its_last_element():
    y = np.arange(2 * 7 * 9 * 3.0).reshape(2, 7, 9, 3)
    part = y[:, 1::2, 2::3]
    found = cut.flat(part)
    assert np.shares_memory(found, y) and found[0] == part[0, 0, 0, 0] and found[-1] == part[-1, -1, -1, -1]
    assert cut.flat(y).size == y.size and cut.flat(y[:0]).size == cut.flat(y[:0, ::2]).size == 0


@pytest.mark.parametrize("length, most, part", [(10, 14, 10), (14, 14, 14), (15, 14, 14), (29, 28, 28), (100, 60, 56),
                                                (100, 30, 28)])
def test_a_row_is_cut_into_even_parts_of_whole_tiles(length, most, part):
    assert cut.even(length, most) == part


@kernel
def strip_of(x, sources, p, n, top, left, rows, columns):
    strip = np.full(cut.strip_length(p), np.float32(np.nan))
    a, at, pitch = cut.strip_of(x, strip, sources, p, n, top, left, rows, columns)
    return a[at:].copy(), pitch


CASES = {  # shape, kernel, stride, dilation, groups, offset
    "zeros around it": ((2, 9, 11, 5), (3, 3, 5, 7), 1, 1, 1, (-1, -1)),
    "no border": ((2, 9, 11, 5), (1, 1, 5, 7), 1, 1, 1, (0, 0)),
    "one row of border": ((2, 9, 11, 5), (3, 1, 5, 7), 1, 1, 1, (-1, 0)),
    "stride, dilation": ((2, 14, 15, 4), (3, 2, 2, 8), 2, 3, 2, (-4, -3)),
    "depthwise": ((2, 9, 11, 19), (5, 5, 1, 19), 1, 1, 19, (-2, -2)),
    "more outputs than inputs": ((2, 9, 11, 3), (3, 3, 1, 12), 2, 1, 3, (-1, -1)),
    "below and to the right": ((2, 5, 6, 4), (3, 3, 4, 4), 1, 1, 1, (2, 3)),
    "whole vectors": ((1, 6, 7, 2 * WIDTH), (3, 3, 1, 2 * WIDTH), 1, 1, 2 * WIDTH, (-1, -1)),
}


@pytest.mark.parametrize("name", CASES)
def test_taps_lie_where_the_plan_says_in_a_strip_of_any_block(name):
    """At the borders, in the midst, of the first and of the last image; what is outside is 0, and nothing else."""
    shape, taps, stride, dilation, groups, offset = CASES[name]
    x, o = whole_numbers(1, *shape), taps[3]
    size = tuple((s + (2 * -min(first, 0)) - dilation * (k - 1) - 1) // stride + 1 if first <= 0 else s
                 for s, k, first in zip(shape[1:3], taps, offset))
    p = cut.plan(shape, size, taps, stride, dilation, groups, offset, 4)
    table = cut.panels(groups, shape[3], o, 4)
    sources = cut.lane_sources(groups, shape[3], o, 4) if p.lanes else np.empty(0, np.uint64)
    assert p.lanes == cut.is_lanes(groups, shape[3], o) and (p.y, p.x) == size
    for n in range(shape[0]):
        for top, left in ((0, 0), (size[0] // 2, size[1] // 3), (size[0] - 1, size[1] - 2)):
            rows, columns = min(2, size[0] - top), min(3, size[1] - left)
            a, pitch = strip_of(x.reshape(-1), sources, p, n, top, left, rows, columns)
            for i, j, r, q in np.ndindex(*taps[:2], rows, columns):
                seen = taken(x[n:n + 1], *seen_by(i, j, size, offset, stride, dilation))[0, top + r, left + q]
                at = (r * stride + i * dilation) * pitch + (q * stride + j * dilation) * p.depth
                for panel in map(cut.Panel._make, table):
                    for c in range(taps[2]):
                        place = at + panel.a_at + c * p.step_k
                        if p.lanes:
                            group = (panel.o_at + np.arange(panel.outputs)) // (o // groups)
                            assert np.array_equal(a[place:place + panel.outputs], seen[group * taps[2] + c])
                        else:
                            assert a[place] == seen[panel.a_at + c]


@pytest.mark.parametrize("name", CASES)
def test_the_inner_loops_walk_over_all_taps_of_a_kernel_row(name):
    shape, (kh, kw, cg, o), stride, dilation, groups, offset = CASES[name]
    p = cut.plan(shape, (3, 3), (kh, kw, cg, o), stride, dilation, groups, offset, 4)
    walked = [j * p.step_j + k * p.step_k for j in range(p.taps_j) for k in range(p.taps_k)]
    assert walked == [j * dilation * p.depth + c * p.step_k for j in range(kw) for c in range(cg)]


def test_only_an_image_without_a_border_is_its_own_strip():
    assert {name for name, (shape, taps, *rest) in CASES.items()
            if cut.plan(shape, shape[1:3], taps, *rest, 4).direct} == {"no border"}


def test_a_strip_of_a_large_image_stays_in_its_cache():
    for shape, taps, groups in (((1, 1080, 1920, 64), (3, 3, 64, 64), 1), ((1, 1080, 1920, 3), (7, 7, 3, 8), 1),
                                ((1, 540, 960, 256), (5, 5, 1, 256), 256)):
        p = cut.plan(shape, shape[1:3], taps, 1, 1, groups, (-(taps[0] // 2),) * 2, 4)
        length = cut.strip_length.py_func(p)
        assert 0.3 * cut.STRIP_BYTES < 4 * length <= 1.1 * cut.STRIP_BYTES
        assert 1 <= p.block_y <= p.y and p.block_x % 14 == 0
        assert length == (p.block_y + taps[0] - 1) * (p.block_x + taps[1] - 1) * p.depth
