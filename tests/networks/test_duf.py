"""DUF beside its golden cases: names, sizes, gradients of the whole, folding, clips, small frames, training, files."""

import h5py
import numpy as np
import pytest
from places import GOLDEN, SHARED

from refvr import ops, trace, zoo
from refvr.autodiff import Tensor, backward
from refvr.checkpoints import h5, names_duf
from refvr.degrade.duf import crop_enlarged, demo_low_resolution, downsample, duf_kernel, low_resolution
from refvr.errors import InputError, ShapeError, WeightsError
from refvr.media import open_writer
from refvr.media.clip import ClipInfo, Frame
from refvr.metrics import PROTOCOLS, Protocol, score
from refvr.networks import duf
from refvr.networks.duf import DUF, Config
from refvr.ops.kernels import volume
from refvr.pipeline.chosen import load_network
from refvr.pipeline.drivers import restore_frames
from refvr.pipeline.duf import upscale_duf, window_duf
from refvr.pipeline.edvr import frame_indices
from refvr.pipeline.restore import restore
from refvr.pipeline.windows import reflect_whole
from refvr.plan.by_hand import duf as in_place
from refvr.plan.memory import Planned
from refvr.train.optim import Adam
from refvr.verify import load_case
from refvr.verify.cases.steps.duf import TIME_STEPS, batch, learning_rate, pair, step

CASE = GOLDEN / "duf_16L_x2_a.h5"
DATA = SHARED / "data"
SMALL = {"scale": 2, "blocks": 1, "growth": 3}


def drawn(dtype=np.float32, seed=0, **options):
    """A small network with weights of sensible size, running statistics too."""
    net, rng = DUF(Config(**SMALL | options)).init(np.random.default_rng(seed)).astype(dtype), np.random.default_rng(5)
    for _, module in net.modules():
        if isinstance(module, duf.Norm):
            for name, value in (("running_mean", 0.1 * rng.standard_normal(module.weight.shape)),
                                ("running_var", 0.5 + rng.random(module.weight.shape)),
                                ("weight", 1 + 0.1 * rng.standard_normal(module.weight.shape)),
                                ("bias", 0.1 * rng.standard_normal(module.weight.shape))):
                setattr(module, name, value.astype(dtype))
    return net


def clip(n, h=5, w=7, dtype=np.float32):
    return np.random.default_rng([n, h, w]).random((n, h, w, 3)).astype(dtype)


def test_parameters_of_every_published_configuration():
    counts = {"duf-16-x2": 1_737_488, "duf-16-x3": 1_805_468, "duf-16-x4": 1_900_640, "duf-28-x4": 2_118_432,
              "duf-52-x4": 5_821_952}  # specification of DUF
    rows = [name for name, row in zoo.MODELS.items() if row.network == "duf" and row.file]
    assert {name: zoo.build(name).parameter_count() for name in rows} == counts


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


@pytest.mark.parametrize("options, size", [({"growth": 16}, (5, 7)), ({"growth": 32, "scale": 3}, (1, 1)),
                                           ({"growth": 16, "blocks": 2}, (9, 118))])
def test_in_place_means_the_same(options, size):
    """Growing in one volume, beside the definition in float64; sizes that cut tiles, and strips of 28 tiles."""
    x = clip(7, *size)[None]
    net, definition = drawn(**options), drawn(np.float64, **options)
    assert in_place.fits(net)
    want, answers = definition(x.astype(np.float64)), []
    for count in (1, 2, 3, 4):
        with ops.threads(count):
            answers.append(window_duf(net, x))
    assert all(y.tobytes() == answers[0].tobytes() for y in answers)
    with ops.precision("direct"):
        direct = Planned(net)(x)
    floor = np.abs(direct - want).max()  # Winograd rounds coarser, most of it is lost on the way to the pixels
    assert not np.array_equal(answers[0], direct)
    assert np.abs(answers[0] - want).max() <= 5 * floor < 1e-4


def test_in_place_beside_the_golden_case():
    case = load_case(CASE)
    net = DUF(Config(scale=2)).load(names_duf.from_official(case.state))
    window = case.inputs["lr"].astype(np.float32)
    assert in_place.fits(net)
    y = window_duf(net, window)
    np.testing.assert_allclose(y, case.outputs["sr"][:, 0], rtol=0, atol=1e-5)  # the specification, section 7


def test_who_watches_gets_every_value():
    net, x = drawn(growth=16), clip(7)[None]
    assert in_place.fits(net) and not in_place.fits(net, np.float64) and not in_place.fits(drawn(growth=17))
    for narrow in ({"width": 24}, {"head": 8}):
        assert not in_place.fits(drawn(growth=16, **narrow))
    with trace() as t:
        assert not in_place.fits(net)
        watched = net(x)
    assert t["blocks.3.conv_a"].shape == t["blocks.3.norm_b"].shape == (1, 3, 5, 7, 64 + 3 * 16)
    with ops.precision("direct"):
        assert not in_place.fits(net)
    assert watched.tobytes() == net(x).tobytes()
    assert Planned(net)(x).tobytes() == window_duf(net, x).tobytes() != watched.tobytes()


@pytest.mark.parametrize("border", ["zero", "replicate", "reflection", "reflection_circle"])
@pytest.mark.parametrize("n", [1, 4, 10])
def test_a_clip_in_place_is_its_windows(border, n):
    """What a window leaves for the next one changes no bit; three blocks, so that two leave something."""
    net, frames = drawn(growth=16, blocks=3), clip(n)
    got, want = list(upscale_duf(net, frames, border=border)), list(literal(net, frames, border))
    assert [y.tobytes() for y in got] == [y.tobytes() for y in want]


def test_windows_in_place_share_the_frames_that_see_no_end(monkeypatch):
    """Of seven frames, conv1 is new for one, block 0 for three, block 1 for five, block 2 for all."""
    net, made, run_block = drawn(growth=16, blocks=3), [], volume.run_block
    monkeypatch.setattr(volume, "run_block", lambda *a, **k: made.append(list(a[9])) or run_block(*a, **k))
    list(upscale_duf(net, clip(10)))
    blocks = len(net.blocks) + 1
    assert made[4 * blocks:4 * blocks + 4] == [[0, 5, 6], [0, 1, 4, 5, 6], list(range(7)), list(range(5))]
    assert made[0] == [0, 1, 2, 3, 4, 5, 6] and made[blocks] == [0, 5, 6]  # -1 -1 -1 0 1 2 3, then -1 -1 0 1 2 3 4


def literal(net, frames, border):
    """One whole window after the other, cut from the clip by the words of the specification."""
    n = len(frames)
    for i in range(n):
        if border == "zero":
            around = np.concatenate([np.zeros_like(frames[:1])] * 3 + [frames] + [np.zeros_like(frames[:1])] * 3)
            window = around[i:i + 7]
        else:
            window = frames[[reflect_whole(j, n) for j in frame_indices(i, n, 7, border)]]
        yield np.clip(Planned(net)(window[None])[0], 0, 1)


@pytest.mark.parametrize("border", ["zero", "replicate", "reflection", "reflection_circle"])
@pytest.mark.parametrize("n", [1, 2, 5, 9])
def test_a_clip_is_its_windows(n, border):
    net, frames = drawn(border=border), clip(n)
    got = list(upscale_duf(net, iter(frames)))
    want = list(literal(net, frames, border))
    assert len(got) == n and [y.tobytes() for y in got] == [y.tobytes() for y in want]


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


def test_unknown_borders_are_refused():
    with pytest.raises(InputError, match="got border 'mirror', expected one of zero, replicate"):
        next(upscale_duf(drawn(), clip(2), border="mirror"))


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


def test_training_steps_lower_the_loss_and_state_is_complete():
    net, optimiser = drawn(), Adam(lr=1e-3)
    x, target = clip(14, 5, 4).reshape(2, 7, 5, 4, 3), clip(2, 10, 8)
    losses = [step(net, optimiser, x, target).loss for _ in range(5)]
    assert losses[4] < losses[0]
    other = DUF(Config(**SMALL)).load(net.state()).train()
    assert np.array_equal(other(x), net(x)) and other.norm.steps == net.norm.steps == 6


def test_pairs_are_what_the_gaussian_makes_of_the_whole_frame():
    """Inside of a frame a patch is as cut from the small whole; its place follows from the large middle one."""
    rng, clips = np.random.default_rng(3), [clip(20, 61, 67), clip(7, 53, 59)]
    for scale in (2, 3, 4):
        for _ in range(6):
            frames = clips[rng.integers(2)]
            small, large = pair(frames, scale, rng, patch=5)
            assert small.shape == (7, 5, 5, 3) and large.shape == (5 * scale, 5 * scale, 3)
            t, top, left = next((t, y, x) for t in range(len(frames)) for y, x in np.argwhere(
                np.isclose(frames[t, ..., 0], large[0, 0, 0])) if np.array_equal(
                frames[t, y:y + 5 * scale, x:x + 5 * scale], large))
            whole = downsample(frames[:, top % scale:, left % scale:], scale)
            rows, columns = (slice(k // scale, k // scale + 5) for k in (top, left))
            assert any(all(0 <= t + k * by < len(frames) for k in (-3, 3)) and np.allclose(
                small, whole[[t + k * by for k in range(-3, 4)], rows, columns], rtol=0, atol=1e-6)
                for by in TIME_STEPS)
    steps = [pair(np.arange(20.0)[:, None, None, None] * np.ones((20, 24, 24, 3)), 2, rng, patch=8)[0][:, 0, 0, 0]
             for _ in range(40)]
    assert {round(float(s[1] - s[0])) for s in steps} == set(TIME_STEPS)
    small, large = batch(clips, 2, rng, size=3, patch=7)
    assert small.shape == (3, 7, 7, 7, 3) and large.shape == (3, 14, 14, 3)
    for wrong in (clip(6, 61, 67), clip(7, 15, 67)):
        with pytest.raises(InputError, match="at least 7 of 18x18"):
            pair(wrong, 2, rng, patch=5)
    assert [learning_rate(epoch) for epoch in (0, 9, 10, 20)] == pytest.approx([1e-3, 1e-3, 1e-4, 1e-5])


def test_small_frames():
    for scale, radius in ((2, 3), (3, 5), (4, 6)):  # 4 deviations of 0.4 s, rounded
        kernel = duf_kernel(scale)
        assert kernel.sum() == pytest.approx(1, abs=1e-6) and np.count_nonzero(kernel[6]) == 2 * radius + 1
        impulse = np.zeros((1, 23, 29, 3))
        impulse[0, 2 * scale, 3 * scale] = 1  # small pixel i lies on large pixel s i
        small = downsample(impulse, scale)
        assert small.shape == (1, -(-23 // scale), -(-29 // scale), 3)
        assert np.unravel_index(small[0, ..., 1].argmax(), small.shape[1:3]) == (2, 3)
        np.testing.assert_allclose(downsample(np.full((1, 5, 3, 3), 0.7), scale), 0.7, rtol=1e-6)
    assert low_resolution(np.zeros((2, 24, 33, 3)), 3).shape == (2, 9, 12, 3)  # 3 more, though divisible
    assert low_resolution(np.zeros((2, 25, 33, 3)), 4).shape == (2, 7, 9, 3)
    assert crop_enlarged(np.zeros((2, 27, 36, 3)), 24, 33).shape == (2, 24, 33, 3)
    with pytest.raises(InputError, match="scale 5, expected 2, 3 or 4"):
        downsample(np.zeros((1, 5, 5, 3)), 5)
    with pytest.raises(ShapeError, match="downsample"):
        downsample(np.zeros((5, 5, 3)), 2)


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


def pack(name):
    path = DATA / f"vid4_{name}_7x192x256.h5"
    if not path.is_file():
        pytest.skip("no data folder with the authors' frames beside the repository")
    with h5py.File(path) as file:
        return {key: value[()] for key, value in file.items()}


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


def test_how_the_demo_frames_were_made():
    frames = pack("calendar")
    ours = demo_low_resolution(frames["frames"] / 255.0)
    inside = np.s_[:, 1:-1, 1:-1]  # the kernel reaches 4 large pixels, one small one, beyond the crop
    assert np.array_equal(ours[inside], frames["lr_authors_x4"][inside])
