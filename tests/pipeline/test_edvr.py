"""EDVR over a clip."""
import numpy as np
import pytest
from small_edvr import clip, drawn

from refvr.pipeline.edvr import BORDERS, centred_windows, frame_indices, restore_edvr, restore_two_stages
from refvr.pipeline.windows import reflect_whole
from refvr.plan.memory import Planned


@pytest.mark.parametrize("border, first, last", [
    ("replicate", [0, 0, 0, 1, 2], [6, 7, 8, 8, 8]), ("reflection", [2, 1, 0, 1, 2], [6, 7, 8, 7, 6]),
    ("reflection_circle", [4, 3, 0, 1, 2], [6, 7, 8, 5, 4]), ("circle", [3, 4, 0, 1, 2], [6, 7, 8, 4, 5])])
def test_frames_of_a_window(border, first, last):
    assert frame_indices(0, 9, 5, border) == first and frame_indices(8, 9, 5, border) == last
    assert frame_indices(4, 9, 5, border) == [2, 3, 4, 5, 6]


@pytest.mark.parametrize("size", [1, 3, 5, 7])
@pytest.mark.parametrize("border", BORDERS)
def test_windows_of_any_clip(border, size):
    for n in range(1, 2 * size + 5):
        most, windows = 0, []
        for indices, held in centred_windows((str(j) for j in range(n)), size, border):
            windows.append(indices)
            assert [held[j] for j in indices] == [str(j) for j in indices]
            most = max(most, len(held))
        assert windows == [[reflect_whole(j, n) for j in frame_indices(i, n, size, border)] for i in range(n)]
        assert most <= 2 * size


@pytest.mark.parametrize("options", [{}, {"border": "replicate", "hr_in": True, "predeblur": True}],
                         ids=["x4", "hr_in"])
@pytest.mark.parametrize("n", [1, 2, 4, 7])
def test_kept_features_change_no_bit(n, options):
    net = drawn(np.float32, **options)
    frames, side = clip(n, 16, 16, np.float32), 16 * net.config.scale
    results = list(restore_edvr(net, iter(frames)))
    assert len(results) == n
    for i, y in enumerate(results):
        window = [reflect_whole(j, n) for j in frame_indices(i, n, 3, net.config.border)]
        literal = np.clip(net(frames[window][None])[0], 0, 1)
        assert y.shape == (side, side, 3) and y.tobytes() == literal.tobytes()


def test_features_of_a_frame_are_computed_once(monkeypatch):
    net, calls, run = drawn(np.float32), [], Planned.__call__
    monkeypatch.setattr(Planned, "__call__", lambda page, *inputs, **options: calls.append(page._page.__name__)
                        or run(page, *inputs, **options))
    assert len(list(restore_edvr(net, clip(9, dtype=np.float32)))) == 9
    assert calls.count("extract") == calls.count("fuse") == 9


def test_the_ensemble_commutes_with_flips():
    net, frames = drawn(), clip(4)
    plain, mean = (np.stack(list(restore_edvr(net, frames, ensemble=on))) for on in (False, True))
    flipped = np.stack(list(restore_edvr(net, frames[:, ::-1, ::-1], ensemble=True)))
    np.testing.assert_allclose(flipped[:, ::-1, ::-1], mean, rtol=0, atol=1e-14)
    assert np.abs(plain - mean).max() > 1e-4


def test_two_stages():
    first, second = drawn(np.float32), drawn(np.float32, hr_in=True)
    frames = clip(3, 4, 4, np.float32)
    between = [np.rint(y * 255) / 255 for y in map(np.float32, restore_edvr(first, frames, ensemble=True))]
    want = list(restore_edvr(second, [y.astype(np.float32) for y in between]))
    got = list(restore_two_stages(first, second, frames))
    assert [y.tobytes() for y in got] == [y.tobytes() for y in want] and got[0].shape == (16, 16, 3)
