"""DUF beside its golden cases: names, sizes, gradients of the whole, folding, clips, small frames, training, files."""
import numpy as np
import pytest
from places import GOLDEN
from small_duf import SMALL, clip, drawn, pack

from refvr import ops, trace, zoo
from refvr.autodiff import Tensor, backward
from refvr.checkpoints import h5, names_duf
from refvr.errors import InputError, ShapeError, WeightsError
from refvr.media import open_writer
from refvr.media.clip import ClipInfo, Frame
from refvr.metrics import PROTOCOLS, Protocol, score
from refvr.networks import duf
from refvr.networks.duf import DUF, Config
from refvr.pipeline.chosen import load_network
from refvr.pipeline.drivers import restore_frames
from refvr.pipeline.restore import restore
from refvr.plan.memory import Planned
from refvr.verify import load_case

CASE = GOLDEN / "duf_16L_x2_a.h5"


def test_names_both_ways():
    official, ours = load_case(CASE).state, names_duf.from_official(load_case(CASE).state)
    assert set(ours) == set(DUF(Config(scale=2)).state())
    assert all(names_duf.official_name(names_duf.our_name(name)) == name for name in official)
    assert len({names_duf.our_name(name) for name in official}) == len(official) == 88
    assert names_duf.our_name("G_Rbn12b_moving__variance:0") == "blocks.11.norm_b.running_var"
    assert names_duf.variable_name("G_filter__localexpand__1:0") == "G/filter_localexpand_1:0"
    extra = {"G_filter__localexpand:0": np.eye(25), "G_Rbn1a_G_Rbn1a_moving__mean_local__step:0": np.float32(7)}
    assert names_duf.from_official(official | extra).keys() == ours.keys()
    for unknown in ("G_Rbn1a_weight:0", "G_conv9_W:0", "conv1.weight"):
        with pytest.raises(WeightsError, match="has no tensor"):
            names_duf.from_official({unknown: np.zeros(3)})
    with pytest.raises(WeightsError, match=r"missing blocks.0.conv_a.bias"):
        DUF(Config(scale=2)).load(names_duf.from_official({k: v for k, v in official.items() if k != "G_Rconv1a_b:0"}))


def test_weights_as_basicsr_has_them():
    """The table of the specification, forwards; the residual's channels are c s s + u there, u 3 + c with us."""
    ours, theirs = drawn().state(), {}
    layers = {"conv1": "conv3d1", "norm": "bn3d2", "conv2": "conv3d2", "residual1": "conv3d_r1",
              "residual2": "conv3d_r2", "filters1": "conv3d_f1", "filters2": "conv3d_f2"}
    parts = {"norm_a": "0", "conv_a": "2", "norm_b": "3", "conv_b": "5"}
    for name, array in ours.items():
        *path, leaf = name.split(".")
        if leaf in ("steps", "biased_mean", "biased_var"):
            continue
        if path[0] == "residual2":
            order = np.concatenate([np.arange(c, 12, 3) for c in range(3)])
            array = array[..., order]
        array = array.transpose(4, 3, 0, 1, 2) if array.ndim == 5 else array
        place = layers.get(path[0]) or ("dense_block1.dense_blocks.0." if path[1] == "0" else
                                        f"dense_block2.temporal_reduce{path[1]}.") + parts[path[2]]
        theirs[f"module.{place}.{leaf}"] = array
    theirs["bn3d2.num_batches_tracked"] = np.int64(3)
    back = names_duf.from_basicsr(theirs)
    assert back.keys() == ours.keys() and all(np.array_equal(back[name], ours[name]) for name in ours)
    with pytest.raises(WeightsError, match="has no tensor"):
        names_duf.from_basicsr({"conv3d9.weight": np.zeros(3)})


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("h, w", [(1, 1), (3, 2), (5, 7)])
def test_any_frame_size(scale, h, w):
    y = drawn(scale=scale)(clip(7, h, w)[None])
    assert y.shape == (1, scale * h, scale * w, 3) and y.dtype == np.float32 and np.isfinite(y).all()


def test_wrong_windows_are_named():
    for shape in ((1, 6, 5, 7, 3), (7, 5, 7, 3), (1, 7, 5, 7, 4)):
        with pytest.raises(ShapeError, match="DUF"):
            drawn()(np.zeros(shape, np.float32))
    with pytest.raises(InputError, match="no model 'duf-16-x5'"):
        zoo.build("duf-16-x5")


def test_gradients_of_the_whole():
    """By the tape and by a central difference in one direction; float64, good to about 1e-9 where no ReLU switches."""
    net, rng = drawn(np.float64).train(), np.random.default_rng(7)
    leaves = {**net.watch(), "x": Tensor(clip(14, 2, 3, np.float64).reshape(2, 7, 2, 3, 3))}
    y = net(leaves["x"])
    r = rng.standard_normal(y.shape)
    backward(y, r)
    moves = {name: rng.standard_normal(leaf.shape) for name, leaf in leaves.items()}
    got = sum(np.sum(leaf.grad * moves[name]) for name, leaf in leaves.items())
    net.unwatch()
    start, values = {name: leaf.data.copy() for name, leaf in leaves.items()}, []
    state = net.state()
    for h in (1e-7, -1e-7):
        net.load(state | {name: start[name] + h * moves[name] for name in start if name != "x"}).train()
        values.append(np.sum(r * net(start["x"] + h * moves["x"])))
    assert got == pytest.approx((values[0] - values[1]) / 2e-7, rel=1e-5)


def test_folding_changes_rounding_only():
    net, x = drawn(np.float64), clip(7, dtype=np.float64)[None]
    page, folded = net(x), Planned(net)(x)
    np.testing.assert_allclose(folded, page, rtol=0, atol=1e-12)
    assert not np.array_equal(folded, page)


def test_the_trace_names_what_happens():
    with trace() as t:
        drawn()(clip(7)[None])
    assert t["conv1"].shape == t["blocks.0.conv_a"].shape == (1, 7, 5, 7, 64)
    assert [t[f"blocks.{k}"].shape[1:2] for k in (1, 2, 3)] == [(5,), (3,), (1,)]
    assert t["conv2.sum"].min() < 0 <= t["conv2"].min()


def test_threads_change_no_bit():
    net, x, answers = drawn(growth=17), clip(7, 23, 29)[None], []
    for count in (1, 2):
        with ops.threads(count):
            answers.append(Planned(net)(x).tobytes())
    assert answers[0] == answers[1]


def test_a_pixel_sees_as_far_as_the_receptive_field_and_no_farther():
    """conv1, each block and conv2 see one pixel farther; the filters only two."""
    net, x = drawn(np.float64), clip(7, 17, 19, np.float64)[None]
    reach = 1 + 4 + 1
    part = net(x[:, :, :2 * reach + 1, :2 * reach + 1])
    middle = slice(2 * reach, 2 * reach + 2)
    whole, moved = net(x), x.copy()
    assert np.array_equal(part[:, middle, middle], whole[:, middle, middle])
    moved[:, :, 0] += 1
    assert not np.array_equal(net(moved)[:, middle], whole[:, middle])
    assert np.array_equal(net(moved)[:, middle.stop:], whole[:, middle.stop:])


def test_running_statistics_forget_their_start():
    """After k steps the mean of what was seen, weighted by DECAY^age; the start value has no share."""
    norm = duf.Norm(5).astype(np.float64)
    norm.training, norm.running_mean = True, np.full(5, 1e6)
    batches = np.random.default_rng(0).standard_normal((3, 2, 7, 5))
    for x in batches:
        norm(x)
    weights = duf.DECAY ** np.arange(3)[::-1]
    for got, seen in ((norm.running_mean, batches.mean((1, 2))), (norm.running_var, batches.var((1, 2)))):
        np.testing.assert_allclose(got, weights @ seen / weights.sum(), rtol=1e-10)


@pytest.fixture
def weights(tmp_path):
    h5.save(tmp_path / "duf.h5", drawn().state(), {"network": "duf", "config": SMALL})
    return tmp_path / "duf.h5"


def test_files_grow(weights, tmp_path):
    frames = clip(3, 7, 9)
    with open_writer(tmp_path / "in.npy", ClipInfo(9, 7)) as out:
        for frame in frames:
            out.write(Frame(frame))
    report = restore(tmp_path / "in.npy", tmp_path / "out.npy", weights=weights)
    assert (report.frames, report.width, report.height) == (3, 18, 14)
    written = np.load(tmp_path / "out.npy")
    assert np.array_equal(written, np.stack(list(restore_frames(frames, load_network(weights=weights)))))


def test_weights_of_another_network_are_refused(weights):
    with pytest.raises(WeightsError, match="holds weights of duf"):
        load_network("remonet", weights)
    with pytest.raises(InputError, match="blind"):
        restore_frames(clip(3), drawn(), sigma=25)


PACKS = {  # specification of DUF: AVG_PSNR (0, 0), (2, 8), SSIM-Y (0, 0), rounded, (2, 8)
    ("calendar", "duf_16L"): (23.111821, 22.993687, 0.681405, 0.681154, 0.674607),
    ("calendar", "duf_52L"): (23.540199, 23.412731, 0.705628, 0.705419, 0.698686),
    ("walk", "duf_16L"): (26.421111, 26.309146, 0.876137, 0.875602, 0.878088),
    ("walk", "duf_52L"): (27.011266, 26.820828, 0.892238, 0.891692, 0.892543),
}


@pytest.mark.parametrize("clip_name, model", PACKS)
def test_scores_of_the_authors_own_frames(clip_name, model):
    frames = pack(clip_name)
    clean, output = frames["frames"] / 255.0, frames[model] / 255.0
    luma = PROTOCOLS["duf"].luma
    whole, rounded = Protocol("", "round", luma), Protocol("", "round", luma, round_luma=True)
    cut = Protocol("", "round", luma, border_px=8, border_frames=2)
    everything, inner = score(whole, output, clean, with_ssim=True), score(cut, output, clean, with_ssim=True)
    got = (everything.psnr, inner.psnr, everything.ssim, score(rounded, output, clean, with_ssim=True).ssim, inner.ssim)
    np.testing.assert_allclose(got, PACKS[clip_name, model], rtol=0, atol=1e-6)  # the digits that are printed
    assert score("duf", output, clean).psnr == inner.psnr
