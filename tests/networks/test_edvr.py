"""EDVR: the whole network's gradients, its drivers on clips of any length and size, flips, files, bad input."""
import numpy as np
import pytest

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
from refvr.pipeline.edvr import BORDERS, centred_windows, frame_indices, restore_edvr, restore_two_stages
from refvr.pipeline.restore import restore
from refvr.pipeline.windows import reflect_whole
from refvr.plan.memory import Planned

SMALL = {"features": 6, "offset_groups": 3, "extract_blocks": 1, "reconstruct_blocks": 1, "frames": 3}


def drawn(dtype=np.float64, **options):
    """A small network whose offsets are not zero."""
    rng = np.random.default_rng(3)
    net = EDVR(Config(**{**SMALL, **options})).init(rng)
    for path, module in net.modules():
        if path.endswith("conv_offset"):
            module.weight = rng.normal(0, 0.2, module.weight.shape).astype(np.float32)
            module.bias = rng.normal(0, 1, module.bias.shape).astype(np.float32)
    return net.astype(dtype)


def clip(t, h=8, w=12, dtype=np.float64):
    return np.random.default_rng(t).random((t, h, w, 3)).astype(dtype)


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


def test_parameter_counts_of_the_published_configurations():
    counts = {"edvr-m-x4": 3_300_131, "edvr-m-notsa-x4": 2_996_259, "edvr-l-x4": 20_633_827,
              "edvr-l-vimeo-x4": 20_699_363, "edvr-l-blur-x4": 23_306_851, "edvr-l-deblur": 23_602_019,
              "edvr-l-deblurcomp": 23_602_019, "edvr-stage2": 15_025_635, "edvr-stage2-blur": 17_698_659,
              "edvr-stage2-deblur": 17_698_659, "edvr-stage2-deblurcomp": 17_698_659}
    rows = [name for name, row in zoo.MODELS.items() if row.network == "edvr" and row.file]
    assert {name: zoo.build(name).parameter_count() for name in rows} == counts


def test_start_values():
    net = EDVR(Config(features=16)).init(np.random.default_rng(0))
    blocks = np.concatenate([net.reconstruction[k].conv1.weight.ravel() for k in range(10)])
    assert blocks.std() == pytest.approx(0.1 * np.sqrt(2 / (9 * 16)), rel=0.02)
    assert not net.pcd_align.cas_dcnpack.conv_offset.weight.any() and not net.reconstruction[0].conv2.bias.any()
    assert 0.9 / 12 < np.abs(net.pcd_align.l1.dcn.weight).max() <= 1 / 12 and not net.pcd_align.l1.dcn.bias.any()
    with trace() as seen:
        net(np.zeros((1, 5, 4, 4, 3), np.float32))
    assert (seen["frame0.pcd_align.l1.dcn.mask"] == 0.5).all()


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


@pytest.mark.parametrize("h, w", [(1, 1), (7, 13), (8, 5)])
def test_any_size_is_padded_and_cropped(h, w):
    net, frames = drawn(), clip(3, h, w)
    results = list(restore_edvr(net, frames))
    assert [y.shape for y in results] == [(4 * h, 4 * w, 3)] * 3
    rows, columns = ([reflect_whole(k, size) for k in range(size + -size % 4)] for size in (h, w))
    window = frames[[0, 1, 2]][:, rows][:, :, columns]
    assert np.array_equal(results[1], np.clip(net(window[None])[0], 0, 1)[:4 * h, :4 * w])


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


