"""Operations that fetch pixels between pixels, as cases have them; what is not comparable is left out."""
import numpy as np
import pytest
from made_cases import answered, made, names, same, slope
from plain_sampling import fetched
from wrong_calls import drawn, right

from refvr.errors import InputError
from refvr.verify.cases.families import OPERATIONS

X, FLOW, DY = drawn(2, 3, 4, 5, seed=1), 0.7 * drawn(2, 2, 4, 5, seed=2), drawn(2, 3, 4, 5, seed=3)
SAFE = (drawn(2, 4, 5, seed=4) > 0).astype(np.uint8)


def sampled(x, rows, columns, border):
    """Every image of x (n, c, h, w) at its own places (n, y, x)."""
    return np.stack([np.moveaxis(fetched(np.moveaxis(image, 0, -1), r, c, border), -1, 0)
                     for image, r, c in zip(x, rows, columns)])


def warped(x, flow):
    rows, columns = np.indices(x.shape[2:])
    return sampled(x, rows + flow[:, 1], columns + flow[:, 0], "edge")


def warp_case(**outputs):
    inputs = {"x": X, "flow": FLOW, "grad_out": DY, "grad_flow_safe": SAFE}
    return made("op.warp", inputs, outputs=outputs, outputs64=outputs)


def test_a_warp():
    """The flow is right, then down; its gradient counts where the case calls it safe."""
    found, v = answered(warp_case()).outputs, drawn(*X.shape, seed=5)
    w = drawn(*FLOW.shape, seed=6) * SAFE[:, None]
    assert np.isclose((found.pop("grad_x") * v).sum(), (warped(v, FLOW) * DY).sum())
    dflow = found.pop("grad_flow")
    assert np.isclose((dflow * w).sum(), slope(lambda flow: (warped(X, flow) * DY).sum(), FLOW, w), rtol=1e-5)
    assert not (dflow * (1 - SAFE[:, None])).any() and dflow.any()
    same(found, {"out": warped(X, FLOW)})


def test_what_the_original_rounds_otherwise_is_not_judged():
    given = {"grad_flow": np.ones((2, 2, 4, 5)), "out": np.ones(3)}
    case = OPERATIONS["op.warp"].prepare(warp_case(**given))
    for outputs in (case.outputs, case.outputs64):
        assert np.array_equal(outputs["grad_flow"], np.stack([SAFE, SAFE], 1)) and outputs["out"].all()


GRID = 1.3 * drawn(2, 3, 4, 2, seed=7)
GRID_DY = drawn(2, 3, 3, 4, seed=8)


@pytest.mark.parametrize("name, border", [("zeros", "zero"), ("border", "edge"), ("reflection", "mirror")])
@pytest.mark.parametrize("corners", [0, 1])
def test_a_grid_of_every_border(name, border, corners):
    def gridded(x, grid):
        places = []
        for unit, n in ((grid[..., 1], 4), (grid[..., 0], 5)):
            place = (unit + 1) / 2 * (n - 1) if corners else ((unit + 1) * n - 1) / 2
            if border == "mirror":
                low = 0 if corners else -0.5
                away = (place - low) % (2 * (n - 1 - 2 * low))
                place = np.clip(low + np.minimum(away, 2 * (n - 1 - 2 * low) - away), 0, n - 1)
            places.append(place)
        return sampled(x, *places, "zero" if border == "zero" else "edge")

    found = answered(made("op.grid_sample", {"x": X, "grid": GRID, "grad_out": GRID_DY})).outputs
    assert len(found) == 18
    key, v, w = f"{name}_ac{corners}", drawn(*X.shape, seed=5), drawn(*GRID.shape, seed=6)
    assert np.allclose(found[f"out_{key}"], gridded(X, GRID))
    assert np.isclose((found[f"grad_x_{key}"] * v).sum(), (gridded(v, GRID) * GRID_DY).sum())
    assert np.isclose((found[f"grad_grid_{key}"] * w).sum(),
                      slope(lambda grid: (gridded(X, grid) * GRID_DY).sum(), GRID, w), rtol=1e-5)


def test_points_at_exact_corners_are_judged_by_the_float64_answer():
    """The first seven of each grid: float32 of the original may have taken another side there."""
    single = {"grad_grid_zeros_ac0": np.zeros((1, 2, 9, 2)), "out_zeros_ac0": np.zeros((1, 1, 2, 9)),
              "more": np.ones(1)}
    double = {name: np.ones_like(array) for name, array in single.items() if name != "more"}
    case = OPERATIONS["op.grid_sample"].prepare(made("op.grid_sample", {}, outputs=single, outputs64=double))
    kept = np.ones((2, 9))
    kept[0, :7] = 0
    assert np.array_equal(case.outputs["grad_grid_zeros_ac0"][0], np.stack([1 - kept] * 2, -1))
    assert not case.outputs["out_zeros_ac0"].any() and not single["grad_grid_zeros_ac0"].any()


def test_four_times_larger_in_the_type_of_the_case():
    """Of columns 0 to 4, column o lies at (o + 1/2) / 4 - 1/2; OpenCV's cubic has a = -3/4, the edge repeated."""
    image = np.tile([10, 200, 30, 40, 90], (3, 1))[:, :, None]
    found = answered(made("op.cv2_cubic_resize", {"bytes": image.astype(np.uint8), "floats": image.astype(np.float32)}))
    at = (np.arange(20) + 0.5) / 4 - 0.5
    expected = np.zeros(20)
    for k in range(-2, 8):
        t = np.abs(at - k)
        near, far = 1.25 * t ** 3 - 2.25 * t ** 2 + 1, -0.75 * (t ** 3 - 5 * t ** 2 + 8 * t - 4)
        expected += np.where(t <= 1, near, np.where(t < 2, far, 0)) * image[0, min(max(k, 0), 4), 0]
    for name, dtype, within in (("bytes_x4", np.uint8, 0.6), ("floats_x4", np.float32, 1e-4)):
        y = found.outputs[name]
        assert y.shape == (12, 20, 1) and y.dtype == dtype
        assert np.abs(y[5, :, 0] - (np.clip(expected, 0, 255) if dtype == np.uint8 else expected)).max() <= within


def resized(image, *how, **told):
    return right("imresize", image[None], *how, **told)[0]


def test_resizes_by_name():
    images = {"a": drawn(8, 12, 3, seed=1), "b_c": drawn(4, 8, 3, seed=2)}
    found = answered(made("op.imresize_matlab", images, outputs=names("a_half", "b_c_x2", "a_quarter"))).outputs
    same(found, {"a_half": resized(images["a"], 0.5), "b_c_x2": resized(images["b_c"], 2),
                 "a_quarter": resized(images["a"], 0.25)})
    with pytest.raises(InputError, match="got output 'a_third', expected a name ending in half, x2, quarter"):
        answered(made("op.imresize_matlab", images, outputs=names("a_third")))


def test_resizes_by_what_the_case_states():
    x = drawn(9, 12, 1)
    stated = {"9x12_third": {"scale": 1 / 3, "antialiasing": True}, "9x12_plain": {"scale": 0.5, "antialiasing": False}}
    case = made("op.matlab_imresize", {"x_9x12": x}, outputs=names("y_9x12_third", "y_9x12_plain"), cases=stated)
    same(answered(case).outputs, {"y_9x12_third": resized(x, 1 / 3),
                                  "y_9x12_plain": resized(x, 0.5, antialias=False)})
    with pytest.raises(InputError, match="got 9x12_other = None in meta, expected dict"):
        answered(made("op.matlab_imresize", {"x_9x12": x}, outputs=names("y_9x12_other"), cases=stated))
