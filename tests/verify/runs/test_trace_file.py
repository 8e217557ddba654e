"""Trace files: what was computed comes back from them, whatever stops the writing leaves no half file, hostile ones."""
import json

import h5py
import numpy as np
import pytest
from small_ports import C, Chain, drawn, subject_with, values_of

from refvr.errors import InputError, RefvrError
from refvr.nn import Module, note, scope
from refvr.verify.runs import trace_file
from refvr.verify.runs.arrays_in import open_arrays
from refvr.verify.runs.trace_file import is_trace, list_names, open_trace, write_trace

NAMES = ["first", "middle", "last", "output"]


@pytest.fixture
def subject():
    found = subject_with(drawn(Chain()))
    found.about = {"model": "chain", "input": "drawn"}
    return found


@pytest.fixture
def trace(subject, tmp_path):
    write_trace(subject, tmp_path / "t.h5")
    return tmp_path / "t.h5"


def test_every_value_comes_back_in_order_and_the_file_says_how_it_was_made(subject, tmp_path):
    report = write_trace(subject, tmp_path / "t.h5")
    right = values_of(subject)
    arrays, attributes = open_trace(tmp_path / "t.h5")
    assert list(arrays) == list(report.names) == list(right) == NAMES
    assert all(np.array_equal(arrays[name], value) for name, value in right.items())
    assert np.array_equal(open_arrays(tmp_path / "t.h5")["inputs/x"], subject.operands["x"])   # beside the values
    assert attributes["subject"] == subject.about and attributes["complete"] == 1
    assert (attributes["layout"], attributes["dtype"]) == (report.layout, report.dtype) == ("nhwc", "float32")
    assert report.shapes == ((1, 7, 9, C),) * 4 and report.bytes == 4 * 4 * 7 * 9 * C
    assert report.subject == subject.title and list(tmp_path.iterdir()) == [tmp_path / "t.h5"]
    assert is_trace(tmp_path / "t.h5")


def test_names_are_listed_without_a_file(subject):
    assert list_names(subject) == [(name, "n h w c", (1, 7, 9, C)) for name in NAMES]


def test_what_is_asked_for_in_the_layout_and_type_asked_for(subject, tmp_path):
    write_trace(subject, tmp_path / "t.h5", only=["m*", "output"], layout="nchw", dtype="float64")
    arrays, _ = open_trace(tmp_path / "t.h5")
    right = values_of(subject, np.float64)
    assert list(arrays) == ["middle", "output"] and arrays["middle"].dtype == np.float64
    assert np.array_equal(arrays["middle"], right["middle"].transpose(0, 3, 1, 2))
    with h5py.File(tmp_path / "t.h5") as file:
        assert file["middle"].attrs["axes"] == "n c h w" and file["inputs/x"].attrs["axes"] == "n c h w"
    with pytest.raises(InputError, match="no name of the run fits nothing, never"):
        write_trace(subject, tmp_path / "u.h5", only=["nothing", "never"])
    assert not list(tmp_path.glob("u*"))


@pytest.mark.parametrize("network, axes, shape", [("duf", "n c t h w", (1, C, 2, 5, 6)),
                                                  ("edvr", "n t c h w", (1, 2, C, 5, 6))])
def test_of_volumes_channels_come_before_time_as_conv3d_has_them_but_for_pictures(network, axes, shape, tmp_path):
    class Volume(Module):
        def forward(self, x):
            with scope("step1"):
                note("volume", np.concatenate([x, x[..., :1]], -1))
            return x

    write_trace(subject_with(Volume(), network=network, shape=(1, 2, 5, 6, 3)), tmp_path / "t.h5", layout="nchw")
    with h5py.File(tmp_path / "t.h5") as file:
        item = file["step1.volume"]
        assert (item.attrs["axes"], item.shape, item.attrs["scope"]) == (axes, shape, "step1.")
        assert file["output"].attrs["axes"] == "n t c h w" and file["output"].attrs["scope"] == ""


def test_single_operations_have_names_too(subject, tmp_path):
    assert "last:conv2d" in write_trace(subject, tmp_path / "t.h5", every_op=True).names


def test_large_values_are_stored_in_chunks_of_bounded_size(subject, tmp_path, monkeypatch):
    monkeypatch.setattr(trace_file, "CHUNK_BYTES", 256)
    for layout in ("nhwc", "nchw"):
        write_trace(subject, tmp_path / f"{layout}.h5", layout=layout)
    with h5py.File(tmp_path / "nhwc.h5") as one, h5py.File(tmp_path / "nchw.h5") as other:
        assert one["middle"].chunks == (1, 1, 9, C) and other["middle"].chunks == (1, 1, 7, 9)   # 64 numbers each
        assert np.array_equal(one["middle"][()], np.moveaxis(other["middle"][()], 1, -1))


def test_values_without_elements_or_axes_are_values(tmp_path):
    class Odd(Module):
        def forward(self, x):
            note("none", np.zeros((0, 3), np.float32))
            note("one", np.float32(3))
            return x

    write_trace(subject_with(Odd()), tmp_path / "t.h5")
    arrays, _ = open_trace(tmp_path / "t.h5")
    assert arrays["none"].shape == (0, 3) and arrays["one"].shape == () and arrays["one"] == 3


def test_an_interruption_keeps_what_was_written(subject, tmp_path):
    def stop(done, total):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="kept 2 values"):
        write_trace(subject, tmp_path / "t.h5", progress=stop)
    arrays, attributes = open_trace(tmp_path / "t.partial.h5")
    assert list(arrays) == NAMES[:2] and attributes["complete"] == 0
    assert [path.name for path in tmp_path.iterdir()] == ["t.partial.h5"]


@pytest.mark.parametrize("error, says", [(KeyboardInterrupt(), "nothing was kept"), (ValueError("wrong"), "wrong")])
def test_of_a_run_that_computes_nothing_there_is_no_file(error, says, tmp_path):
    class Stops(Module):
        def forward(self, x):
            raise error

    with pytest.raises(type(error), match=says):
        write_trace(subject_with(Stops()), tmp_path / "t.h5")
    assert not list(tmp_path.iterdir())


def test_an_error_on_the_way_leaves_no_file_and_an_older_one_as_it_was(subject, trace):
    before = trace.read_bytes()

    def stop(done, total):
        if done == 2:
            raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        write_trace(subject, trace, progress=stop)
    assert trace.read_bytes() == before and list(trace.parent.iterdir()) == [trace]


def test_the_clip_that_it_is_made_of_is_not_written_over(subject, tmp_path):
    (tmp_path / "clip.h5").write_bytes(b"frames")
    subject.about["input"] = str(tmp_path / "clip.h5")
    with pytest.raises(RefvrError, match=r"clip\.h5"):
        write_trace(subject, tmp_path / "clip.h5")
    assert (tmp_path / "clip.h5").read_bytes() == b"frames"


# files that are no traces

def test_a_file_that_was_cut_off_is_refused_wherever_it_was_cut(trace, tmp_path):
    whole = trace.read_bytes()
    for size in (0, 7, 100, 2000, len(whole) // 2, len(whole) - 1):
        (tmp_path / "cut.h5").write_bytes(whole[:size])
        assert not is_trace(tmp_path / "cut.h5")
        with pytest.raises(InputError, match=r"cut\.h5 is no trace file of refvr"):
            open_trace(tmp_path / "cut.h5")


@pytest.mark.parametrize("said", ["", "{", "[" * 100_000, "[1]", 3, np.arange(2), None])
def test_a_subject_that_makes_no_sense_is_said(said, trace):
    with h5py.File(trace, "a") as file:
        if said is None:
            del file.attrs["subject"]
        else:
            file.attrs["subject"] = said
    if said is None:
        assert open_trace(trace)[1]["subject"] == {}
        return
    with pytest.raises(InputError, match=r"t\.h5 does not say what it is a trace of"):
        open_trace(trace)


@pytest.mark.parametrize("mark", [0, "", "1", 1.5, np.zeros(2), np.ones(2), np.zeros(0)])
def test_a_mark_that_is_not_ours_makes_no_trace(mark, trace):
    with h5py.File(trace, "a") as file:
        file.attrs["refvr_trace"] = mark
    assert not is_trace(trace)
    with pytest.raises(InputError, match="is no trace file of refvr"):
        open_trace(trace)


def test_values_stand_in_the_order_of_their_index_and_others_are_none(trace):
    with h5py.File(trace, "a") as file:
        file["first"].attrs["index"], file["output"].attrs["index"] = 9, -1
        file["middle"].attrs["index"] = "2"
        file["added"] = np.ones(3)
        file.attrs["subject"] = json.dumps({"model": "other"})
    arrays, attributes = open_trace(trace)
    assert list(arrays) == ["output", "last", "first"] and attributes["subject"] == {"model": "other"}
