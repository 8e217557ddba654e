"""Readers on arbitrary bytes: contents or a WeightsError, nothing else; never more than the file could hold."""
import os
import sys
import tempfile
from pathlib import Path

import h5py
import hostile
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from places import ROOT, WEIGHT_FILES

from refvr.checkpoints.contents import Contents, sort_into
from refvr.checkpoints.pickled import HANDLERS, interpret
from refvr.checkpoints.pth_objects import KNOWN
from refvr.checkpoints.read import read
from refvr.errors import WeightsError

QUICK = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
NAMES = ["torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_parameter", "collections OrderedDict", "torch Size",
         "numpy dtype", "numpy.core.multiarray scalar", "_codecs encode", "torch FloatStorage", "os system",
         "torch._tensor _rebuild_from_type_v2", "torch._utils _rebuild_tensor_v3"]


def seeds():
    """One small good file of every format."""
    pickle = hostile.state(hostile.tensor())
    with tempfile.TemporaryDirectory() as folder:
        with h5py.File(Path(folder) / "x.h5", "w") as f:
            f.create_dataset("params/w", data=np.arange(6.0))
        np.savez(Path(folder) / "x.npz", w=np.arange(6.0))
        files = [(Path(folder) / name).read_bytes() for name in ("x.h5", "x.npz")]
    return [hostile.zip_file(pickle), hostile.legacy_file(pickle), *files, hostile.safetensors_file([0, 16]),
            hostile.tar_file(storages=b"\x80\x02K\0.\x80\x02].", tensors=b"\x80\x02K\0.", pickle=b"\x80\x02}."),
            (WEIGHT_FILES / "odd_zip.pth").read_bytes(), (WEIGHT_FILES / "odd_legacy.pth").read_bytes()]


SEEDS = seeds()


def read_bytes(data):
    """Read `data` as a file, arrays too; only WeightsError may come out."""
    handle, path = tempfile.mkstemp()
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        contents = read(path)
        for arrays in contents.groups.values():
            for array in arrays.values():
                value = array.read()
                assert value.shape == array.shape and value.nbytes <= max(64 << 20, 2 * 50 * len(data))
    except WeightsError:
        return
    finally:
        os.unlink(path)


@QUICK
@given(st.binary(max_size=200), st.sampled_from([b"", b"PK\3\4", b"\x80\x02", hostile.MAGIC, b"\x89HDF\r\n\x1a\n"]))
def test_any_bytes(data, beginning):
    read_bytes(beginning + data)


@QUICK
@given(st.sampled_from([k for k in range(len(SEEDS)) if k != 2]), st.lists(st.tuples(
    st.floats(0, 1, exclude_max=True), st.sampled_from(["change", "cut", "insert", "repeat"]), st.binary(
        min_size=1, max_size=8)), min_size=1, max_size=4))
def test_damaged_files(which, damage):
    """Files of every format but HDF5, whose C library has no promise for damaged files (the long test asks it)."""
    data = SEEDS[which]
    for place, kind, new in damage:
        at = int(place * len(data))
        if kind == "change":
            data = data[:at] + new + data[at + len(new):]
        elif kind == "cut":
            data = data[:at] + data[at + len(new) * 4:]
        elif kind == "insert":
            data = data[:at] + new + data[at:]
        else:
            data = data[:at] + data[at:at + 40] * len(new) + data[at + 40:]
    read_bytes(data)


def opcodes():
    """Single opcodes with arguments that fit them, so that pickles get far."""
    plain = st.sampled_from([bytes([op]) for op in HANDLERS if chr(op) not in "cIJKMGLFSVTUXBCPpghjqri\x80\x8a\x8b\x8c"
                             "\x8d\x8e\x95\x96"])
    return st.one_of(plain, plain, st.sampled_from([b"c" + name.replace(" ", "\n").encode() + b"\n" for name in NAMES]),
                     st.integers(0, 255).map(lambda k: b"K" + bytes([k])),
                     st.sampled_from([op + bytes([k]) for op in (b"q", b"h") for k in range(4)]),
                     st.text(max_size=6).map(hostile.text_of), st.integers(-(1 << 62), 1 << 62).map(hostile.long_of),
                     st.sampled_from([hostile.storage(), hostile.tensor(), b"(", b")", b"}", b"]", b"R", b"b", b"u"]))


@QUICK
@given(st.lists(opcodes(), max_size=40))
def test_pickles_of_well_formed_opcodes(ops):
    def storage(pid):
        raise ValueError("no storage")

    try:
        value, _, names = interpret(b"\x80\x02" + b"".join(ops) + b".", known=KNOWN, persistent=storage)
    except WeightsError:
        return
    sort_into(Contents("pickle", globals=names), value)


@pytest.mark.long
def test_hdf5_damaged_at_every_byte():
    """In a process of its own: a crash of the C library would be a finding, not the end of the test run."""
    import subprocess

    code = ("import sys; sys.path[:0] = ['tests/checkpoints', 'tests/support']\n"
            "import test_fuzz as t; data = t.SEEDS[2]\n"
            "for at in range(len(data)):\n"
            "    for bits in (1, 0x80, 0xff):\n"
            "        t.read_bytes(data[:at] + bytes([data[at] ^ bits]) + data[at + 1:])\n")
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-2000:]


@pytest.mark.long
def test_coverage_guided(tmp_path):
    """Two minutes of atheris over all readers; the fuzzer ends its process, hence one of its own."""
    import subprocess

    pytest.importorskip("atheris")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for k, data in enumerate(SEEDS):
        if k != 2:
            (corpus / str(k)).write_bytes(data)
    code = ("import sys, atheris\nsys.path[:0] = ['tests/checkpoints', 'tests/support']\n"
            "with atheris.instrument_imports(include=['refvr']):\n"
            "    from refvr.checkpoints import npz, pth, pth_tar, read, zip_entries\n"
            "import test_fuzz as t\n"
            "def one(data):\n    data[:4] == b'\\x89HDF' or t.read_bytes(data)\n"
            "atheris.Setup(sys.argv, one)\natheris.Fuzz()\n")
    result = subprocess.run([sys.executable, "-c", code, str(corpus), "-max_total_time=120", "-rss_limit_mb=1024",
                             "-timeout=5", "-max_len=20000",
                             f"-artifact_prefix={tmp_path}/"], cwd=ROOT,
                            capture_output=True, text=True)
    assert result.returncode == 0, result.stderr[-3000:]
