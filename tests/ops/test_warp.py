"""warp and grid_sample: the formula in loops, on pixels and borders, and what the original's detour costs."""
import h5py
import numpy as np
import pytest
from places import GOLDEN

import refvr
from refvr import Tensor, backward, ops
from refvr.errors import InputError, ShapeError
from refvr.ops.warp import places as fetched_from

BACKENDS = pytest.mark.parametrize("backend", ["plain", "fast"])
rng = np.random.default_rng(3)


def loops(x, places, fetch):
    """The formula for one image, one output at a time; `fetch` answers for pixels outside."""
    y = np.zeros((*places.shape[:2], x.shape[2]))
    for index in np.ndindex(*places.shape[:2]):
        p, q = places[index]
        i, j = int(np.floor(p)), int(np.floor(q))
        for di, dj in np.ndindex(2, 2):
            y[index] += fetch(x, i + di, j + dj) * (1 - abs(p - i - di)) * (1 - abs(q - j - dj))
    return y


def zero(x, i, j):
    return x[i, j] if 0 <= i < x.shape[0] and 0 <= j < x.shape[1] else np.zeros(x.shape[2])


def nearest(x, i, j):
    return x[min(max(i, 0), x.shape[0] - 1), min(max(j, 0), x.shape[1] - 1)]


def mirrored(x, i, j):
    return np.pad(x, ((99, 99), (99, 99), (0, 0)), mode="reflect")[i + 99, j + 99]


@BACKENDS
@pytest.mark.parametrize("border, fetch", [("replicate", nearest), ("zero", zero), ("reflection", mirrored)])
def test_warp_is_its_formula(backend, border, fetch):
    """A place that is moved sees what stands where it was, so `nearest` and `mirrored` may look beyond the edge."""
    x, flow = rng.standard_normal((2, 7, 5, 3)), 4 * rng.standard_normal((2, 7, 5, 2))
    rows, cols = np.meshgrid(np.arange(7), np.arange(5), indexing="ij")
    with refvr.backend(backend):
        y = ops.warp(x, flow, border=border)
    for n in range(2):
        places = np.stack([rows + flow[n, ..., 1], cols + flow[n, ..., 0]], axis=-1)
        assert np.abs(y[n] - loops(x[n], places, fetch)).max() < 1e-13


@BACKENDS
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_whole_pixels_are_copied(backend, kind):
    x = rng.standard_normal((1, 7, 11, 3)).astype(kind)
    flow = np.zeros((1, 7, 11, 2), kind)
    with refvr.backend(backend):
        assert np.array_equal(ops.warp(x, flow), x)
        flow[..., 0], flow[..., 1] = 2, -3
        moved = x[:, np.clip(np.arange(7) - 3, 0, 6)][:, :, np.clip(np.arange(11) + 2, 0, 10)]
        assert np.array_equal(ops.warp(x, flow), moved)
        moved[:, :3], moved[:, :, 9:] = 0, 0
        assert np.array_equal(ops.warp(x, flow, border="zero"), moved)


def flow_gradient(x, flow, **options):
    flow = Tensor(flow)
    backward(ops.sum(ops.warp(x, flow, **options)))
    return flow.grad


@BACKENDS
def test_flow_gradient_on_pixels_looks_right_and_down(backend):
    x = np.array([[1.0, 4.0, 9.0, 16.0], [2.0, 8.0, 32.0, 64.0], [0.0, 3.0, 5.0, 6.0]]).reshape(1, 3, 4, 1)
    zero_flow = np.zeros((1, 3, 4, 2))
    with refvr.backend(backend):
        held, free = flow_gradient(x, zero_flow), flow_gradient(x, zero_flow, border="zero")
    assert np.array_equal(held[0, 1, :, 0], [0, 24, 32, 0])      # columns 0 and 3 are held by the border
    assert np.array_equal(held[0, :, 1, 1], [0, -5, 0])          # so are rows 0 and 2
    assert np.array_equal(free[0, 1, :, 0], [6, 24, 32, -64])    # without a border the next pixel is 0
    assert np.array_equal(free[0, :, 1, 1], [4, -5, -3])


@BACKENDS
def test_places_far_away_and_not_a_number(backend):
    x, flow = rng.standard_normal((1, 5, 7, 2)), np.zeros((1, 5, 7, 2))
    flow[0, 0, 0], flow[0, 1, 1], flow[0, 2, 2] = (1e300, -np.inf), (-1e30, 1e30), (np.nan, 0)
    with refvr.backend(backend):
        y, y0 = ops.warp(x, flow), ops.warp(x, flow, border="zero")
    assert np.array_equal(y[0, 0, 0], x[0, 0, 6]) and np.array_equal(y[0, 1, 1], x[0, 4, 0])
    assert not y0[0, 0, 0].any() and not y0[0, 1, 1].any()
    assert np.isnan(y[0, 2, 2]).all() and np.isnan(y0[0, 2, 2]).all()
    assert np.array_equal(y[0, 3:], x[0, 3:])


def test_the_round_trip_is_the_originals_to_the_bit():
    """On whole pixels its float32 rounding decides which neighbour the flow gradient takes: all or nothing."""
    with h5py.File(GOLDEN / "op_warp_int.h5") as file:
        given = {name: np.ascontiguousarray(np.moveaxis(item[()], 1, -1)) for name, item in file["inputs"].items()
                 if item.ndim == 4}
        want = np.moveaxis(file["outputs/grad_flow"][()], 1, -1)
    peak = np.abs(want).max()
    errors = {}
    for coordinates in ("pixels", "round_trip"):
        flow = Tensor(given["flow"])
        backward(ops.warp(given["x"], flow, coordinates=coordinates), given["grad_out"])
        errors[coordinates] = np.abs(flow.grad - want).max() / peak
    assert errors["round_trip"] < 4 * np.finfo(np.float32).eps < 0.1 < errors["pixels"]


def test_what_the_round_trip_costs():
    """Zero flow moves float32 places by rounding, up to 1.5e-4 pixels at this width; the formula by nothing."""
    x = np.tile(np.arange(1280, dtype=np.float32)[:, None], (1, 2, 1, 1))
    flow = np.zeros((1, 2, 1280, 2), np.float32)
    assert np.array_equal(ops.warp(x, flow), x)
    off = np.abs(ops.warp(x, flow, coordinates="round_trip") - x).max()
    assert 1e-5 < off < 2e-4
    exact = ops.warp(x.astype(np.float64), flow.astype(np.float64), coordinates="round_trip")
    assert np.abs(exact - x).max() < 1280 * 4 * np.finfo(np.float64).eps


def test_bad_input_is_named():
    x, flow = np.zeros((1, 4, 5, 3)), np.zeros((1, 4, 5, 2))
    with pytest.raises(ShapeError, match="warp flow_px: got shape .1, 4, 5, 3."):
        ops.warp(x, x)
    with pytest.raises(ShapeError, match="h = 4"):
        ops.warp(x, flow[:, :3])
    with pytest.raises(InputError, match="border 'reflect'"):
        ops.warp(x, flow, border="reflect")
    with pytest.raises(ShapeError, match="coordinates='pixels'"):
        ops.warp(x[:, :1], flow[:, :1], coordinates="round_trip")
    with pytest.raises(InputError, match="zero, replicate, reflection"):
        ops.grid_sample(x, flow, border="zeros")
    with pytest.raises(ShapeError, match="grid_sample"):
        ops.grid_sample(x, flow[..., :1])
    with pytest.raises(ShapeError, match="0 x 5 pixels"):
        ops.grid_sample(x[:, :0], flow)


@pytest.mark.parametrize("coordinates", ["pixels", "round_trip"])
def test_some_rows_of_an_image_are_fetched_from_where_all_are(coordinates):
    flow = np.random.default_rng(5).standard_normal((1, 9, 5, 2)).astype(np.float32)
    whole = fetched_from(flow, coordinates)
    assert np.array_equal(fetched_from(np.ascontiguousarray(flow[:, 3:7]), coordinates, 3, 9), whole[:, 3:7])
