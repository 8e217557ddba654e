"""Runs of a depthwise convolution: their sums over a ring of rows, and the planes that they read."""
import numpy as np
import pytest
from plain_convolutions import activated, whole_numbers

from refvr.ops.core.jit import kernel
from refvr.ops.kernels.depthwise_kernel import GROUPS, KINDS, copy_planes, runs
from refvr.ops.kernels.microkernel import vector_bytes

WIDTH = vector_bytes() // 4
LENGTHS = (1, 3)
_run = runs(LENGTHS)


@kernel
def run(kind, pixels, a, a_row, first, ring, b, y, y_pixel, bias, residual, residual_pixel, slope):
    _run(kind[0], kind[1], kind[2], kind[3], pixels, a, 2, a_row, first, ring, b, 3, y, 4, y_pixel, bias, 1, residual,
         5, residual_pixel, slope)


@kernel
def planes_of(inputs, x, pixel, strip, plane, planes, pixels):
    copy_planes(inputs, x, 1, pixel, strip, 2, plane, planes, pixels)


def sums(kind, pixels, a, a_row, first, ring, b):
    """run[p, o] = sum_{i,j,c} strip[i, p*s + j, c, o] * b[i, j, c, o]; outputs of a group share their inputs."""
    total = np.zeros((pixels, WIDTH))
    shared = np.arange(WIDTH) // kind.outputs
    for p, i, j, c in np.ndindex(pixels, ring, kind.columns, kind.inputs):
        at = 2 + (first + i) % ring * a_row + ((p * kind.stride + j) * kind.inputs + c) * WIDTH
        taps = 3 + ((i * kind.columns + j) * kind.inputs + c) * WIDTH
        total[p] += a[at + shared] * b[taps:taps + WIDTH]
    return total


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("pixels", LENGTHS)
def test_a_run_is_its_sums_wherever_the_ring_begins(kind, pixels):
    a_row, (a, b, bias, residual) = 1031, (whole_numbers(seed, 6000) for seed in range(4))
    for ring, first, slope, added in ((3, 0, 1.0, residual[:0]), (3, 2, 0.5, residual), (5, 3, 0.0, residual[:0])):
        y = np.full(600, 9, np.float32)
        run(kind, pixels, a, a_row, first, ring, b, y, 50, bias, added, 70, np.float32(slope))
        at = np.arange(pixels)[:, None] * 50 + 4 + np.arange(WIDTH)
        z = sums(kind, pixels, a, a_row, first, ring, b) + bias[1:1 + WIDTH]
        if len(added):
            z += residual[np.arange(pixels)[:, None] * 70 + 5 + np.arange(WIDTH)]
        assert np.array_equal(y[at], activated(z, slope))
        y[at] = 9
        assert (y == 9).all()


@pytest.mark.parametrize("inputs", sorted({inputs for inputs, _ in GROUPS}))
def test_planes_have_the_inputs_of_each_group_by_their_place_in_it(inputs):
    """Of two planes of `inputs` vectors: strip[plane, pixel, place, group] = x[pixel, plane, group, place]."""
    pixels, planes, pixel = 5, 2, 2 * inputs * WIDTH + 3
    x, strip = whole_numbers(1, 1 + pixels * pixel, most=999), np.full(2000, 9999, np.float32)
    plane = pixels * inputs * WIDTH + 7
    planes_of(inputs, x, pixel, strip, plane, planes, pixels)
    for k in range(planes):
        for p in range(pixels):
            seen = x[1 + p * pixel + k * inputs * WIDTH:][:inputs * WIDTH].reshape(WIDTH, inputs)
            at = 2 + k * plane + p * inputs * WIDTH
            assert np.array_equal(strip[at:at + inputs * WIDTH], seen.T.reshape(-1))
            strip[at:at + inputs * WIDTH] = 9999
    assert (strip == 9999).all()
