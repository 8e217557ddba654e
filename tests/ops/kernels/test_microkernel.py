"""Tiles: sums against their formula, for every kind, and the order of roundings; how many rows a tile has."""
from fractions import Fraction

import numpy as np
import pytest
from plain_convolutions import activated, whole_numbers

from refvr.ops.core.jit import kernel
from refvr.ops.kernels import microkernel as page
from refvr.ops.kernels.microkernel import Kind, fitting_shapes, microkernel, tile_fits, tile_rows, tile_shapes

SHAPES = ((page.TALL, 2), (page.LOW, 2), (1, 2), (page._TALLEST, 1), (3, 1))
_finish = microkernel((Kind("splat", lanes=False, finish=True), SHAPES), (Kind("lanes", lanes=True, finish=True),
                                                                        ((3, 1),)))
_next_k = microkernel((Kind("next_k", lanes=False, finish=True, next_k=True), ((page.LOW, 2),)))
_add = microkernel((Kind("add", lanes=False, finish=False), SHAPES[-1:]))
_next_row = microkernel((Kind("next_row", lanes=True, finish=False, next_row=True), ((3, 1),)))
_bare = microkernel((Kind("bare", lanes=False, finish=False, bare=True), SHAPES[-1:]))


@kernel
def finish(lanes, shape, a, a_steps, b, b_steps, counts, y, y_row, bias, residual, residual_row, slope):
    _finish(lanes, shape[0], shape[1], a, 1, a_steps, b, 2, b_steps, counts, y, 3, y_row, bias, 1, residual, 2,
            residual_row, slope)


@kernel
def next_k(shape, a, a_steps, b, b_steps, counts, y, y_row, bias, none, slope):
    _next_k(False, shape[0], shape[1], a, 1, a_steps, b, 2, b_steps, counts, y, 3, y_row, bias, 1, none, 0, 0, slope)


@kernel
def others(add, bare, shape, a, a_steps, b, b_steps, counts, y, y_row, none, slope):
    if add:
        _add(False, shape[0], shape[1], a, 1, a_steps, b, 2, b_steps, counts, y, 3, y_row, none, 0, none, 0, 0, slope)
    elif bare:
        _bare(False, shape[0], shape[1], a, 1, a_steps, b, 2, b_steps, counts, y, 3, y_row, none, 0, none, 0, 0, slope)
    else:
        _next_row(True, shape[0], shape[1], a, 1, a_steps, b, 2, b_steps, counts, y, 3, y_row, none, 0, none, 0, 0,
                  slope)


COUNTS, A_STEPS, B_STEPS = (2, 3, 5), (7, 220, 31, 3), (510, 160, 33)   # elements; none is another's multiple


def sums(shape, width, a, b, lanes=False, a_steps=A_STEPS):
    """sum_{i,j,k} A[m, i, j, k] * B[i, j, k, v], from the strides alone."""
    rows, lane = np.arange(shape[0])[:, None], np.arange(shape[1] * width)
    total = np.zeros((shape[0], shape[1] * width))
    for i, j, k in np.ndindex(COUNTS):
        at = 1 + rows * a_steps[0] + i * a_steps[1] + j * a_steps[2] + k * a_steps[3]
        total += a[at + (lane if lanes else 0)] * b[2 + i * B_STEPS[0] + j * B_STEPS[1] + k * B_STEPS[2] + lane]
    return total


def rows_of(y, shape, width):
    """The tile in the array, 3 elements on, its rows 70 apart; whatever lies between was not touched."""
    at = 3 + 70 * np.arange(shape[0])[:, None] + np.arange(shape[1] * width)
    found = y[at]
    y[at] = 9
    assert (y == 9).all()
    return found


def given(dtype):
    width = page.vector_bytes() // np.dtype(dtype).itemsize
    a, b, bias, residual = (whole_numbers(k, 2000, dtype=dtype) for k in range(4))
    return width, a, b, np.full(2000, 9, dtype), bias, residual


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("slope", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("lanes, shape", [*((False, shape) for shape in SHAPES), (True, (3, 1))])
def test_a_tile_is_its_sums_with_bias_residual_and_activation(lanes, shape, slope, dtype):
    width, a, b, y, bias, residual = given(dtype)
    lane = np.arange(shape[1] * width)
    for added in (residual, residual[:0]):
        finish(lanes, shape, a, A_STEPS, b, B_STEPS, COUNTS, y, 70, bias, added, 65, dtype(slope))
        z = sums(shape, width, a, b, lanes) + bias[1 + lane]
        if len(added):
            z += residual[2 + 65 * np.arange(shape[0])[:, None] + lane]
        assert np.array_equal(rows_of(y, shape, width), activated(z, slope))


def test_neighbours_in_memory_that_are_neighbours_in_the_sum():
    shape, (width, a, b, y, bias, _) = (page.LOW, 2), given(np.float32)
    next_k(shape, a, (*A_STEPS[:3], 99), b, B_STEPS, COUNTS, y, 70, bias, bias[:0], np.float32(1))
    want = sums(shape, width, a, b, a_steps=(*A_STEPS[:3], 1)) + bias[1:1 + 2 * width]
    assert np.array_equal(rows_of(y, shape, width), want)


@pytest.mark.parametrize("kind", ["add", "bare", "next row"])
def test_a_tile_that_goes_on_one_that_begins_anew_and_one_whose_rows_are_neighbours(kind):
    shape, (width, a, b, y, _, _) = (3, 1), given(np.float32)
    others(kind == "add", kind == "bare", shape, a, A_STEPS, b, B_STEPS, COUNTS, y, 70, y[:0], np.float32(1))
    steps, lanes = ((1, *A_STEPS[1:]), True) if kind == "next row" else (A_STEPS, False)
    want = sums(shape, width, a, b, lanes, steps) + (0 if kind == "bare" else 9)
    assert np.array_equal(rows_of(y, shape, width), want)


def test_sums_are_one_chain_of_fused_multiply_adds_in_order():
    """In float64, whose multiply-add Python gives exactly: the nearest number to a fraction."""
    rng, shape, width = np.random.default_rng(0), (3, 1), page.vector_bytes() // 8
    a, b, bias = (rng.standard_normal(2000) for _ in range(3))
    y = np.full(2000, 9.0)
    finish(False, shape, a, A_STEPS, b, B_STEPS, COUNTS, y, 70, bias, y[:0], 0, 1.0)
    for m, v in np.ndindex(3, width):
        total = 0.0
        for i, j, k in np.ndindex(COUNTS):
            x = a[1 + m * A_STEPS[0] + i * A_STEPS[1] + j * A_STEPS[2] + k * A_STEPS[3]]
            w = b[2 + i * B_STEPS[0] + j * B_STEPS[1] + k * B_STEPS[2] + v]
            total = float(Fraction(x) * Fraction(w) + Fraction(total))
        assert y[3 + 70 * m + v] == total + bias[1 + v]


def test_relu_of_minus_infinity_is_zero_and_nan_stays():
    shape, width = (3, 1), page.vector_bytes() // 4
    a, b, y, bias = np.zeros(2000, np.float32), np.ones(2000, np.float32), np.full(2000, 9, np.float32), np.zeros(
        2000, np.float32)
    a[1:22:7] = -np.inf, np.nan, np.inf
    finish(False, shape, a, A_STEPS, b, B_STEPS, (1, 1, 1), y, 70, bias, y[:0], 0, np.float32(0))
    assert np.array_equal(rows_of(y, shape, width), np.repeat([[0], [np.nan], [np.inf]], width, 1), equal_nan=True)


@pytest.mark.parametrize("vectors", [1, 2])
def test_tiles_cover_a_row_and_none_is_higher_than_there_are_rows(vectors):
    """The last may begin before the end of the one before it, never before the first row."""
    shapes = {rows for rows, v in tile_shapes((1, 2)) if v == vectors}
    for whole in range(1, 80):
        at, count = 0, 0
        while at < whole:
            rows = tile_rows(whole - at, whole, vectors)
            assert rows in shapes and rows <= whole
            at, count = min(at, whole - rows) + rows, count + 1
        assert at == whole and count <= -(-whole // page.TALL) + 3
    assert tile_rows(80, 80, 1) == page._TALLEST and tile_rows(80, 80, 2) == page.TALL
    assert tile_rows(page.TALL + 1, page.TALL + 1, 1) == page.TALL     # too few rows for the tallest


def test_tiles_that_fit_take_each_row_once():
    shapes = {rows for rows, _ in fitting_shapes((1,))}
    for whole in range(1, 80):
        left, taken = whole, []
        while left:
            taken.append(tile_fits(left))
            left -= taken[-1]
            assert taken[-1] in shapes and left >= 0
        assert taken == sorted(taken, reverse=True) and len(taken) <= -(-whole // page.TALL) + 3


def test_all_sums_of_the_highest_tiles_fit_the_registers():
    """32 of AVX-512 and NEON, otherwise 16; some are left for what is multiplied."""
    registers = 32 if page._MANY else 16
    shapes = *tile_shapes((1, 2)), *fitting_shapes((1, 2))
    assert all(rows * vectors + vectors < registers for rows, vectors in shapes)
    assert {v for _, v in tile_shapes((2,))} == {2} and (page._TALLEST, 1) in tile_shapes((1, 2))
