"""Motion estimated without a network, and the small SAFA that begins at it."""
import numpy as np
import pytest

from refvr import ops, zoo
from refvr.pipeline.motion import estimated
from refvr.pipeline.safa import interpolate, restore_safa


def texture(h, w, down=0.0, right=0.0):
    """A smooth picture, moved."""
    y, x = np.mgrid[:h, :w]
    y, x = y - down, x - right
    waves = np.sin(0.31 * x + 0.2 * y) + np.sin(0.17 * y - 0.4 * x) + np.sin(0.53 * y + 0.1 * x)
    return np.repeat((0.5 + waves / 8)[..., None], 3, -1).astype(np.float32)


@pytest.fixture(scope="module")
def net():
    return zoo.load("safa-s-moved")


@pytest.mark.parametrize("down, right", [(0, 3), (-2, 0), (2.5, -1.5)])
def test_a_shift_is_found(down, right):
    motion = estimated(texture(40, 56), texture(40, 56, down, right), 4)
    assert motion.shape == (160, 224, 4) and motion.dtype == np.float32
    inside = motion[40:-40, 40:-40].reshape(-1, 4)
    assert np.abs(np.median(inside, 0) - 4 * np.array([-right, -down, right, down])).max() < 0.5


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2, 2), (3, 40)])
def test_frames_too_small_or_flat_are_taken_to_be_still(size):
    flat = np.full((*size, 3), 0.5, np.float32)
    assert not estimated(flat, flat, 2).any()


def test_the_first_flow_is_as_far_along_as_the_time(net):
    motion = np.arange(4, dtype=np.float32) + np.zeros((2, 8, 8, 1), np.float32)
    flow = net.first_flow(motion, np.array([0.25, 0.5], np.float32), np.zeros((2, 8, 8, 3), np.float32))
    assert np.allclose(flow[0, 0, 0], [0, 0.25, 1.5, 2.25, np.log(3), 0])
    assert np.allclose(flow[1, 0, 0], [0, 0.5, 1, 1.5, 0, 0])


def test_it_follows_what_safa_s_loses(net):
    """A texture that moves by 5 small pixels: half of that between the frames."""
    pair = texture(48, 64), texture(48, 64, 0, 5)
    want = ops.resize_cubic(texture(48, 64, 0, 2.5)[None], 4)[0]
    errors = [np.abs(interpolate(one, *pair, [0.5])[0] - want)[40:-40, 60:-60].mean() for one in
              (net, zoo.load("safa-s"))]
    assert errors[0] < 0.5 * errors[1]


def test_a_clip_is_its_pairs(net):
    frames = [texture(12, 20, 0, k) for k in range(3)]
    clip = [y for _, y in restore_safa(net, frames, rate=2)]
    assert len(clip) == 5
    assert (clip[1] == interpolate(net, *frames[:2], [0.5])[0]).all()
    assert (clip[3] == interpolate(net, *frames[1:], [0.5])[0]).all()


def test_a_motion_of_another_size_is_refused(net):
    from refvr.errors import ShapeError

    image = np.zeros((1, 32, 32, 3), np.float32)
    with pytest.raises(ShapeError, match="SAFA motion"):
        net(image, image, [0.5], motion=np.zeros((1, 8, 8, 4), np.float32))


def test_a_trace_and_a_graph_have_the_motion_as_an_input(net):
    """A call of the verifier gets it by name; without it the flow begins at zero, and the answer is another."""
    from refvr.plan import Like, capture
    from refvr.verify.runs.inputs import subject_of

    subject = subject_of("safa-s-moved", "scene:32x24", frame=1)
    assert list(subject.operands) == ["image0", "image1", "motion"]
    y = subject.run()
    still = subject.call(*list(subject.operands.values())[:2], np.zeros_like(subject.operands["motion"])).frames
    assert y.shape == still.shape and np.abs(y - still).max() > 1e-3
    graph = capture(subject.call, *(Like(x.shape) for x in subject.operands.values()), routing="full")
    assert len(graph.inputs) == 3
