"""What a driver is given from Python: frames of any shape, type and range, buffers that are used again, bad options."""
import numpy as np
import pytest

from refvr import zoo
from refvr.errors import InputError
from refvr.pipeline.drivers import restore_frames

MODELS = {"ReMoNet": "remonet-s", "FastDVDnet": "fastdvdnet", "DUF": "duf-s-x4", "EDVR": "edvr-s-x4",
          "STFAN": "stfan-s", "SAFA": "safa-s"}
OPTIONS = {"FastDVDnet": {"sigma": 25}}
H, W = 12, 16


def clip(t=4, h=H, w=W, seed=0):
    return np.random.default_rng(seed).random((t, h, w, 3), np.float32)


@pytest.fixture(scope="module", params=MODELS)
def restored(request):
    """frames -> results of one network by its driver."""
    model = MODELS[request.param]
    net = zoo.build(model) if model == "fastdvdnet" else zoo.load(model)
    return lambda frames: [y.copy() for y in restore_frames(frames, net, **OPTIONS.get(request.param, {}))]


@pytest.fixture
def denoised():
    """The same for one of them: what is converted is converted by one function."""
    return lambda frames: list(restore_frames(frames, zoo.load("remonet-s")))


def test_every_driver_is_here():
    assert {record.title for record in zoo.NETWORKS.values()} == {*MODELS, "STFANSeed"}


BAD = {
    "grey": (clip()[2][..., :1], r"frame 2: got shape \(12, 16, 1\), expected \(h, w, 3\), RGB \(grey"),
    "no channels": (clip()[2][..., 0], r"frame 2: got shape \(12, 16\), .*\(grey"),
    "alpha": (np.zeros((H, W, 4), np.float32), r"frame 2: .*\(leave alpha out: frame\[\.\.\., :3\]\)"),
    "channels first": (clip()[2].transpose(2, 0, 1), r"frame 2: .*transpose\(1, 2, 0\)"),
    "a batch": (clip()[2][None], r"frame 2: .*frame\[0\]"),
    "nothing": (np.zeros((0, W, 3), np.float32), "frame 2: .*leave empty frames out"),
    "another size": (clip(1, H + 1)[0], "frame 2: got 16x13 after 16x12, expected one size"),
    "smaller": (clip(1, H, W // 2)[0], "frame 2: got 8x12 after 16x12, expected one size"),
    "0 to 255": (clip()[2] * 255, "frame 2: got values from .* expected .*divide 8-bit values by 255"),
    "nan": (np.full((H, W, 3), np.nan, np.float32), "frame 2: got values that are not finite"),
    "inf": (np.full((H, W, 3), np.inf), "frame 2: got values that are not finite"),
    "integers": (np.zeros((H, W, 3), np.int64), "frame 2: got int64, expected floats"),
    "complex": (np.zeros((H, W, 3), np.complex64), "frame 2: got complex64, expected floats"),
    "bool": (np.zeros((H, W, 3), bool), "frame 2: got bool, expected floats"),
    "None": (None, r"frame 2: got shape \(\)"),
    "words": ("frame.png", r"frame 2: got shape \(\)"),
    "ragged": ([[1, 2, 3], [4, 5]], "frame 2: got list, which gives no array"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_frame_that_does_not_fit_is_named(restored, kind):
    """Whatever came before it: DUF in place read foreign memory for frames of one channel and of changing size."""
    frame, message = BAD[kind]
    with pytest.raises(InputError, match=message) as raised:
        restored([*clip(2), frame, *clip(2)])
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("frames, says", [("clip.mp4", "got str"), (7, "got int"), (clip(1)[0], r"\(w, 3\)|\[frame\]")])
def test_what_is_no_stream_of_frames_is_named(frames, says):
    with pytest.raises(InputError, match=says):
        list(restore_frames(frames, zoo.load("remonet-s")))


def test_a_buffer_may_be_used_again(restored):
    frames, buffer = clip(6), np.empty((H, W, 3), np.float32)

    def camera():
        for frame in frames:
            buffer[:] = frame
            yield buffer
            buffer[:] = np.nan

    for got, want in zip(restored(camera()), restored(frames), strict=True):
        assert np.array_equal(got, want)


@pytest.mark.parametrize("dtype, levels", [(np.uint8, 255), (np.uint16, 65535)])
def test_integers_are_read_as_image_files_are(denoised, dtype, levels):
    whole = (clip(3) * levels).astype(dtype)
    for got, want in zip(denoised(whole), denoised(whole.astype(np.float32) / np.float32(levels)), strict=True):
        assert np.array_equal(got, want)


def test_layouts_and_float_types_make_no_difference(denoised):
    frames = clip(3).astype(np.float16)
    want = denoised(frames.astype(np.float32))
    turned = [np.asfortranarray(frame.astype(np.float64)) for frame in frames]
    strided = np.repeat(frames.astype(np.float32), 2, axis=2)[:, :, ::2]
    for given in (frames, turned, strided, [frame.tolist() for frame in frames], map(np.array, frames)):
        for got, expected in zip(denoised(given), want, strict=True):
            assert np.array_equal(got, expected)


def test_a_stream_that_raises_half_way_leaves_nothing_behind(restored):
    want = restored(clip(5))

    def breaks():
        yield from clip(3, seed=1)
        raise ZeroDivisionError("from outside")

    with pytest.raises(ZeroDivisionError, match="from outside"):
        restored(breaks())
    for got, expected in zip(restored(clip(5)), want, strict=True):
        assert np.array_equal(got, expected)


@pytest.mark.parametrize("options, says", [
    ({"strength": 3}, "got the option 'strength', expected one of sigma"), ({"sigma": "25"}, "sigma: got '25'"),
    ({"sigma": 0}, "sigma: got 0"), ({"sigma": 300.0}, "sigma: got 300"), ({"sigma": True}, "sigma: got True")])
def test_options_that_do_not_fit_are_refused_at_once(options, says):
    with pytest.raises(InputError, match=says):
        restore_frames(clip(), zoo.build("fastdvdnet"), **{"sigma": 25} | options)


def test_what_is_no_network_is_named():
    with pytest.raises(InputError, match="got str, expected a network: ReMoNet"):
        restore_frames(clip(), "remonet-s")


@pytest.mark.parametrize("name", ["ReMoNet", "FastDVDnet"])
def test_the_denoisers_official_way_cuts_off_to_8_bits(name):
    """Saved pictures of both are uint8(255 y): on average half a level darker than rounding."""
    model = MODELS[name]
    net, options = zoo.build(model) if name == "FastDVDnet" else zoo.load(model), OPTIONS.get(name, {})
    frames = clip(5)
    ours, theirs = (np.stack(list(restore_frames(frames, net, official=official, **options)))
                    for official in (False, True))
    assert np.array_equal(np.rint(theirs * 255), (ours[:len(theirs)] * np.float32(255)).astype(np.uint8))
