"""Arrays on disk: types, shapes, alpha, datasets; bad values named with frame and count."""
from fractions import Fraction

import h5py
import numpy as np
import pytest

from refvr.errors import InputError, OutputError
from refvr.media import ClipInfo, Frame, open_reader, open_writer


def write(path, array, name="frames", **attributes):
    if path.suffix == ".npy":
        np.save(path, array)
    else:
        with h5py.File(path, "w") as file:
            file[name] = array
            file[name].attrs.update(attributes)
    return path


@pytest.mark.parametrize("suffix", [".npy", ".h5"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(3, 5, 7, 3), (2, 5, 7, 1), (2, 5, 7, 4), (5, 7, 3)])
def test_types_and_shapes(tmp_path, suffix, dtype, shape):
    integer = np.dtype(dtype).kind == "u"
    top = np.iinfo(dtype).max if integer else 1
    array = (np.random.default_rng(0).random(shape) * top).astype(dtype)
    with open_reader(write(tmp_path / f"in{suffix}", array)) as clip:
        frames = list(clip)
    t, c, info = (shape[0] if len(shape) == 4 else 1), shape[-1], clip.info
    assert (info.frames, info.height, info.width, info.kind) == (t, 5, 7, suffix[1:])
    assert (info.grey, info.has_alpha) == (c == 1, c == 4)
    assert info.bit_depth == (8 * np.dtype(dtype).itemsize if integer else 32)
    expected = (array.astype(np.float32) / np.float32(top)).reshape(t, 5, 7, c)
    for frame, values in zip(frames, expected):
        assert frame.rgb.dtype == np.float32 and frame.rgb.shape == (5, 7, 3)
        assert np.array_equal(frame.rgb, values[..., :3] if c > 1 else values.repeat(3, 2))
        assert (frame.alpha is None) if c != 4 else np.array_equal(frame.alpha, values[..., 3])


@pytest.mark.parametrize("suffix", [".npy", ".h5"])
@pytest.mark.parametrize("channels", [3, 4])
def test_floats_are_written_as_they_are(tmp_path, suffix, channels):
    values = np.random.default_rng(1).normal(0.5, 0.3, (11, 5, 7, channels)).astype(np.float32)
    like = ClipInfo(7, 5, fps=Fraction(30000, 1001), has_alpha=channels == 4)
    with open_writer(tmp_path / f"out{suffix}", like) as out:
        for picture in values:
            out.write(Frame(picture[..., :3], alpha=picture[..., 3] if channels == 4 else None))
    if suffix == ".npy":
        back = np.load(tmp_path / "out.npy", mmap_mode="r", allow_pickle=False)
        assert back.offset % 64 == 0
    else:
        with h5py.File(tmp_path / "out.h5") as file:
            back = file["frames"][:]
        with open_reader(write(tmp_path / "x.h5", back.clip(0, 1), fps=30000 / 1001)) as clip:
            assert clip.info.fps == Fraction(30000, 1001)
    assert back.dtype == np.float32 and np.array_equal(back, values)


@pytest.mark.parametrize("suffix", [".npy", ".h5"])
def test_bad_values_are_named(tmp_path, suffix):
    array = np.random.default_rng(0).random((4, 5, 7, 3), np.float32)
    array[2, 1, :, 0], array[2, 0, 0, 1] = np.nan, np.inf
    with open_reader(write(tmp_path / f"in{suffix}", array)) as clip, pytest.raises(InputError) as error:
        list(clip)
    assert "frame 2" in str(error.value) and "has 8 values that are NaN or infinite" in str(error.value)
    assert clip.decoded == 2
    with open_reader(write(tmp_path / f"big{suffix}", np.full((1, 5, 7, 3), 200.0))) as clip, \
            pytest.raises(InputError, match=r"values from 200 to 200; expected \[0, 1\]"):
        list(clip)


@pytest.mark.parametrize("suffix", [".npy", ".h5"])
@pytest.mark.parametrize("array, what", [
    (np.zeros((2, 3, 5, 7), np.float32), "transpose"), (np.zeros((5, 7), np.float32), "expected .t, h, w, c."),
    (np.zeros((0, 5, 7, 3), np.float32), "no empty axis"), (np.zeros((2, 5, 7, 3), np.int32), "holds int32"),
    (np.zeros((2, 5, 7, 3), complex), "holds complex128")])
def test_arrays_that_are_no_clip(tmp_path, suffix, array, what):
    with pytest.raises(InputError, match=what):
        open_reader(write(tmp_path / f"in{suffix}", array))


def test_files_that_are_no_arrays(tmp_path):
    for name in ("zero.npy", "zero.h5"):
        (tmp_path / name).write_bytes(b"")
        with pytest.raises(InputError, match="is empty"):
            open_reader(tmp_path / name)
    for name in ("text.npy", "text.h5"):
        (tmp_path / name).write_bytes(b"just some words, no array at all" * 9)
        with pytest.raises(InputError, match="cannot be read"):
            open_reader(tmp_path / name)
    whole = write(tmp_path / "whole.npy", np.zeros((3, 5, 7, 3), np.float32)).read_bytes()
    (tmp_path / "cut.npy").write_bytes(whole[:-100])
    with pytest.raises(InputError, match="cannot be read"):
        open_reader(tmp_path / "cut.npy")


def test_pickles_are_never_loaded(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (tmp_path.joinpath("ran").write_text, ("1",))

    np.save(tmp_path / "bomb.npy", np.array([Bomb()], object), allow_pickle=True)
    with pytest.raises(InputError, match="cannot be read"):
        open_reader(tmp_path / "bomb.npy")
    assert not (tmp_path / "ran").exists()


def test_choice_of_the_dataset(tmp_path):
    path = write(tmp_path / "in.h5", np.zeros((2, 5, 7, 3), np.uint8), name="group/clip")
    with h5py.File(path, "a") as file:
        file["weights"] = np.zeros(3)
    with open_reader(path) as clip:
        assert clip.info.frames == 2 and clip.info.fps is None
    with h5py.File(path, "a") as file:
        file["other"] = np.zeros((4, 5, 7, 3), np.uint8)
    with pytest.raises(InputError, match="group/clip, other, weights; expected one called frames"):
        open_reader(path)
    with h5py.File(path, "a") as file:
        file["frames"] = np.zeros((6, 5, 7, 3), np.uint8)
    with open_reader(path) as clip:
        assert clip.info.frames == 6


def npy_file(path, header, data=b"\0" * 600):
    """A .npy file of any header."""
    text = header.encode().ljust(117) + b"\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data)
    return path


@pytest.mark.parametrize("shape, what", [
    ("(-1, 5, 7, 3)", "has the shape"), ("(True, 5, 7, 3)", "has the shape"),
    (f"({1 << 63}, 5, 7, 3)", "has the shape"), (f"({1 << 31}, {1 << 31}, 7, 3)", "has the shape"),
    ("(5, 7, -3)", "has the shape"), ("(9, 5, 7, 3)", "by its header"),
    ("(2.0, 5, 7, 3)", "no readable header"), ("((2, 5), 7, 3)", "no readable header|has the shape"),
    ("('a', 5, 7, 3)", "no readable header|has the shape"), ("(0, 5, 7, 3)", "no empty axis"),
    ("(" * 90 + ")" * 9, "no readable header")])
def test_shapes_that_lie(tmp_path, shape, what):
    path = npy_file(tmp_path / "in.npy", f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}")
    with pytest.raises(InputError, match=what) as error:
        open_reader(path)
    assert str(error.value).isprintable() and "in.npy" in str(error.value)


@pytest.mark.parametrize("kind", ["|O", "<U4", "|S9", "<M8[s]", "<c8", "|V12", "[('a', '<f4')]"])
def test_types_that_are_no_pixels(tmp_path, kind):
    descr = kind if kind[0] == "[" else repr(kind)
    path = npy_file(tmp_path / "in.npy", f"{{'descr': {descr}, 'fortran_order': False, 'shape': (1, 5, 7, 1), }}",
                    b"\0" * 5000)
    with pytest.raises(InputError, match="expected"):
        open_reader(path)


@pytest.mark.parametrize("suffix", [".npy", ".h5"])
@pytest.mark.parametrize("kind", [">u2", ">f4", ">f8"])
def test_big_endian(tmp_path, suffix, kind):
    values = np.random.default_rng(0).random((2, 5, 7, 3))
    array = (values * 65535).astype(kind) if kind == ">u2" else values.astype(kind)
    with open_reader(write(tmp_path / f"in{suffix}", array)) as clip:
        assert clip.info.bit_depth == (16 if kind == ">u2" else 32)
        for frame, expected in zip(clip, values):
            assert np.abs(frame.rgb - expected).max() < (1e-4 if kind == ">u2" else 1e-6)


def test_columns_first(tmp_path):
    values = np.asfortranarray(np.random.default_rng(0).random((2, 5, 7, 3), np.float32))
    with open_reader(write(tmp_path / "in.npy", values)) as clip:
        assert all(np.array_equal(frame.rgb, expected) for frame, expected in zip(clip, values))


@pytest.mark.parametrize("fps, rate", [(np.inf, None), (np.nan, None), (-25.0, None), (0.0, None), (1e300, None),
                                       ("fast", None), (b"x", None), (25, 25),
                                       (np.float32(29.97), Fraction(2997, 100))])
def test_rates_of_hdf5(tmp_path, fps, rate):
    with open_reader(write(tmp_path / "in.h5", np.zeros((2, 5, 7, 3), np.float32), fps=fps)) as clip:
        assert clip.info.fps == rate and len(list(clip)) == 2
        assert bool(clip.warnings) == (rate is None)


@pytest.mark.parametrize("suffix", [".npy", ".h5", ".png", ".gif", ".y4m", ".mkv"])
def test_a_frame_after_the_end_is_refused_and_nothing_is_lost(tmp_path, suffix):
    out = open_writer(tmp_path / f"out{suffix}", ClipInfo(16, 16, frames=1))
    out.write(Frame(np.full((16, 16, 3), 0.5, np.float32)))
    out.close()
    whole = out.path.read_bytes()
    with pytest.raises(OutputError, match="after out.* was closed"):
        out.write(Frame(np.zeros((16, 16, 3), np.float32)))
    assert out.path.read_bytes() == whole and out.written == 1
