"""Mistakes in warps and grid samples: the places that they fetch from, written out."""
import numpy as np
import pytest
from plain_sampling import fetched
from wrong_calls import drawn, made_in, possible, right, shows

from refvr.verify.mistakes import sampling

H, W = 4, 6
X, FLOW = drawn(1, H, W, 2, seed=1), 1.5 * drawn(1, H, W, 2, seed=2)        # of the flow first right, then down
ROWS, COLUMNS = np.indices((H, W))


def fold(place, low, high):
    """A place mirrored between two marks, as often as needed."""
    place = (place - low) % (2 * (high - low))
    return low + np.minimum(place, 2 * (high - low) - place)


def warped(flow=FLOW, border="edge"):
    return fetched(X[0], ROWS + flow[0, :, :, 1], COLUMNS + flow[0, :, :, 0], border)[None]


TO_CENTRES = ROWS + FLOW[0, :, :, 1], COLUMNS + FLOW[0, :, :, 0]
# the unit square is h - 1 pixels high for aligned corners, h for others: place p of the first is p h / (h - 1) - 1/2
NOT_ALIGNED = [p * n / (n - 1) - 0.5 for p, n in zip(TO_CENTRES, (H, W))]
WARP = {
    "flow_down_then_right": warped(FLOW[..., ::-1]),
    "flow_the_other_way": warped(-FLOW),
    "flow_halved": warped(FLOW / 2),
    "flow_doubled": warped(2 * FLOW),
    "flow_in_halves_of_the_image": warped(FLOW * [2.5, 1.5]),
    "flow_normalised_by_the_size": warped(FLOW * [5 / 6, 3 / 4]),
    "zeros_outside": warped(border="zero"),
    "corners_not_aligned": fetched(X[0], *(np.clip(p, 0, n - 1) for p, n in zip(NOT_ALIGNED, (H, W))))[None],
    "mirrored_outside": fetched(X[0], *(fold(p, 0, n - 1) for p, n in zip(TO_CENTRES, (H, W))))[None],
    "nearest_pixel_of_the_flow": warped(np.floor(FLOW + 0.5)),
}


@pytest.mark.parametrize("name", WARP)
def test_warp(name):
    assert np.allclose(right("warp", X, FLOW), warped())
    shows(f"warp.{name}", WARP[name], X, FLOW, within=1e-9)


def test_warp_with_zeros_outside():
    shows("warp.nearest_pixel_outside", warped(), X, FLOW, border="zero")
    shows("warp.corners_not_aligned", fetched(X[0], *NOT_ALIGNED)[None], X, FLOW, border="zero", within=1e-9)
    assert not possible("warp.nearest_pixel_outside", X, FLOW)
    assert not possible("warp.zeros_outside", X, FLOW, border="zero")
    assert not possible("warp.mirrored_outside", X, FLOW, border="reflection")


def test_an_image_of_one_row_has_no_unit():
    assert not possible("warp.corners_not_aligned", X[:, :1], FLOW[:, :1])
    assert not possible("warp.corners_not_aligned", X[:, :, :1], FLOW[:, :, :1])
    assert possible("warp.corners_not_aligned", X[:, :2], FLOW[:, :2])


GRID = 1.2 * drawn(1, 3, 5, 2, seed=3)                                      # first across, then down


def places(grid, corners):
    """Rows and columns of a grid from -1 to 1: over pixel centres with aligned corners, over whole pixels otherwise."""
    across, down = grid[0, :, :, 0], grid[0, :, :, 1]
    return [(u + 1) / 2 * (n - 1) if corners else ((u + 1) * n - 1) / 2 for u, n in ((down, H), (across, W))]


def gridded(grid=GRID, corners=False, border="zero", low=-0.5):
    rows, columns = places(grid, corners)
    if border == "mirror":
        rows, columns = (np.clip(fold(p, low, n - 1 - low), 0, n - 1) for p, n in ((rows, H), (columns, W)))
    return fetched(X[0], rows, columns, "edge" if border == "mirror" else border)[None]


@pytest.mark.parametrize("name, expected, told", [
    ("align_corners_exchanged", gridded(corners=True), {}),
    ("align_corners_exchanged", gridded(), {"align_corners": True}),
    ("grid_y_x", gridded(GRID[..., ::-1]), {}),
    ("grid_from_0_to_1", gridded(2 * GRID - 1), {}),
    ("border_zero", gridded(), {"border": "replicate"}),
    ("border_replicate", gridded(border="edge"), {}),
    ("border_reflection", gridded(border="mirror"), {}),
    ("border_reflection", gridded(corners=True, border="mirror", low=0), {"align_corners": True}),
    ("mirrored_at_pixel_centres", gridded(border="mirror", low=0), {"border": "reflection"})])
def test_grid_sample(name, expected, told):
    shows(f"grid_sample.{name}", expected, X, GRID, within=1e-9, **told)


def test_grid_sample_without_room_for_it():
    for border in ("zero", "replicate", "reflection"):
        assert not possible(f"grid_sample.border_{border}", X, GRID, border=border)
    name = "grid_sample.mirrored_at_pixel_centres"
    assert not possible(name, X, GRID) and not possible(name, X, GRID, border="reflection", align_corners=True)
    assert not possible(name, X[:, :1], GRID, border="reflection") and possible(name, X[:, :2], GRID,
                                                                                border="reflection")


def test_every_mistake_of_the_file_is_here():
    grids = ("align_corners_exchanged", "grid_y_x", "grid_from_0_to_1", "border_zero", "border_replicate",
             "border_reflection", "mirrored_at_pixel_centres")
    assert made_in(sampling) == {*(f"warp.{name}" for name in (*WARP, "nearest_pixel_outside")),
                                 *(f"grid_sample.{name}" for name in grids)}
