"""EDVR: the whole network's gradients, its drivers on clips of any length and size, flips, files, bad input."""
import numpy as np
import pytest
from small_edvr import SMALL, clip, drawn

from refvr import Tensor, backward, ops, zoo
from refvr.checkpoints import h5, names_edvr
from refvr.checkpoints.releases import release
from refvr.errors import InputError, ShapeError, WeightsError
from refvr.media import open_reader, open_writer
from refvr.media.clip import ClipInfo, Frame
from refvr.networks.edvr import EDVR, Config
from refvr.nn import trace
from refvr.pipeline.chosen import load_network
from refvr.pipeline.drivers import restore_frames
from refvr.pipeline.edvr import frame_indices, restore_edvr
from refvr.pipeline.restore import restore
from refvr.pipeline.windows import reflect_whole


@pytest.mark.parametrize("options", [{}, {"tsa": False}, {"predeblur": True}, {"hr_in": True}, {"centre": 0}],
                         ids=lambda o: next(iter(o), "tsa"))
def test_gradients_of_the_whole(options):
    net = drawn(**options)
    side = net.config.multiple
    x = np.random.default_rng(0).random((1, 3, side, side, 3))
    parameters = net.watch()
    y = net(Tensor(x))
    r = np.random.default_rng(1).standard_normal(y.shape)
    backward(y, r)
    rng = np.random.default_rng(2)
    direction = {name: rng.standard_normal(p.shape) for name, p in parameters.items()}
    slope = sum(float(np.sum(p.grad * direction[name])) for name, p in parameters.items())
    state = net.unwatch().state()

    def loss(step):
        return float(np.sum(r * net.load({k: v + step * direction[k] for k, v in state.items()})(x)))

    step = 1e-7  # small, so that few positions pass an integer and few numbers their kink
    assert slope == pytest.approx((loss(step) - loss(-step)) / (2 * step), rel=1e-5)


def test_start_values():
    net = EDVR(Config(features=16)).init(np.random.default_rng(0))
    blocks = np.concatenate([net.reconstruction[k].conv1.weight.ravel() for k in range(10)])
    assert blocks.std() == pytest.approx(0.1 * np.sqrt(2 / (9 * 16)), rel=0.02)
    assert not net.pcd_align.cas_dcnpack.conv_offset.weight.any() and not net.reconstruction[0].conv2.bias.any()
    assert 0.9 / 12 < np.abs(net.pcd_align.l1.dcn.weight).max() <= 1 / 12 and not net.pcd_align.l1.dcn.bias.any()
    with trace() as seen:
        net(np.zeros((1, 5, 4, 4, 3), np.float32))
    assert (seen["frame0.pcd_align.l1.dcn.mask"] == 0.5).all()


@pytest.mark.parametrize("h, w", [(1, 1), (7, 13), (8, 5)])
def test_any_size_is_padded_and_cropped(h, w):
    net, frames = drawn(), clip(3, h, w)
    results = list(restore_edvr(net, frames))
    assert [y.shape for y in results] == [(4 * h, 4 * w, 3)] * 3
    rows, columns = ([reflect_whole(k, size) for k in range(size + -size % 4)] for size in (h, w))
    window = frames[[0, 1, 2]][:, rows][:, :, columns]
    assert np.array_equal(results[1], np.clip(net(window[None])[0], 0, 1)[:4 * h, :4 * w])


def test_threads_change_no_bit():
    net = drawn(np.float32, features=24)
    x, answers = clip(3, 44, 52, np.float32)[None], []
    for count in (1, 2):
        with ops.threads(count):
            answers.append(net(x).tobytes())
    assert answers[0] == answers[1]


@pytest.fixture
def weights(tmp_path):
    h5.save(tmp_path / "edvr.h5", drawn(np.float32).state(), {"network": "edvr", "config": SMALL})
    return tmp_path / "edvr.h5"


def test_files_grow(weights, tmp_path):
    frames = clip(3, 7, 9, np.float32)
    with open_writer(tmp_path / "in", ClipInfo(9, 7, has_alpha=True)) as out:
        for frame in frames:
            out.write(Frame(frame, alpha=frame[..., 0]))
    report = restore(tmp_path / "in", tmp_path / "out.npy", weights=weights, ensemble=True)
    assert (report.frames, report.width, report.height) == (3, 36, 28)
    written = np.load(tmp_path / "out.npy")
    assert written.shape == (3, 28, 36, 4)
    with open_reader(tmp_path / "in") as source:
        read = [frame.rgb for frame in source]
    net = load_network(weights=weights)
    assert np.array_equal(written[..., :3], np.stack(list(restore_frames(read, net, ensemble=True))))


def test_bad_input(weights):
    net = drawn(np.float32)
    with pytest.raises(ShapeError, match="EDVR"):
        net(np.zeros((1, 2, 8, 8, 3), np.float32))
    with pytest.raises(ShapeError, match="multiples of 4"):
        net(np.zeros((1, 3, 8, 10, 3), np.float32))
    with pytest.raises(ShapeError, match="multiples of 16"):
        drawn(np.float32, hr_in=True)(np.zeros((1, 3, 8, 16, 3), np.float32))
    with pytest.raises(InputError, match="expected the middle one"):
        next(restore_edvr(drawn(np.float32, centre=0), clip(3)))
    with pytest.raises(InputError, match="expected one of replicate"):
        frame_indices(0, 5, 5, "mirror")
    with pytest.raises(InputError, match="blind"):
        restore_frames(clip(3), net, sigma=25)
    with pytest.raises(InputError, match="no ensemble"):
        restore_frames(clip(3), zoo.build("remonet"), ensemble=True)
    with pytest.raises(WeightsError, match="holds weights of edvr"):
        load_network("remonet", weights)


@pytest.mark.parametrize("options", [{}, {"tsa": False}, {"hr_in": True}, {"predeblur": True},
                                     {"predeblur": True, "hr_in": True}], ids=lambda o: "-".join(o) or "tsa")
def test_names_of_2019_both_ways(options):
    ours = set(EDVR(Config(**options)).state())
    name = "edvr-2019-hr" if options.get("hr_in") else "edvr-2019"
    way = release(name)
    official = {way.official_name(name) for name in ours}
    assert len(official) == len(ours) and {way.our_name(name) for name in official} == ours
    assert names_edvr.fitting(official) == name
    assert not any("temporal_attn" in name or ".l1." in name or "predeblur" in name for name in official)


def test_the_two_releases_agree():
    ours = "fusion.temporal_attn1.weight"
    assert release("edvr-2019").official_name(ours) == "tsa_fusion.tAtt_2.weight" != release("edvr").official_name(ours)
    ours = "pcd_align.l2.dcn.conv_offset.bias"
    assert release("edvr").official_name(ours) == "pcd_align.dcn_pack.l2.conv_offset.bias"
