"""HDF5 files that mean harm: as clips, weights, cases, traces. None reaches outside, none takes 2 s or 256 MB."""
import json
import subprocess
import sys

import h5py
import numpy as np
import pytest
from places import ROOT

from refvr import hdf5
from refvr.checkpoints import h5
from refvr.checkpoints.read import read
from refvr.errors import InputError, RefvrError, WeightsError
from refvr.media import open_reader
from refvr.verify.cases.case import load_case
from refvr.verify.runs.arrays_in import open_arrays

SECONDS, MEGABYTES = 2, 256
SHAPE = (2, 4, 5, 3)


def elsewhere(path, kind, name="frames"):
    """A file whose data set `name` lies in another one, which holds a secret."""
    secret = path.with_name("secret.h5")
    with h5py.File(secret, "w") as f:
        f["frames"] = np.full(SHAPE, 0.5, np.float32)
    raw = path.with_name("raw")
    raw.write_bytes(b"root:x:0:0" * 100)
    with h5py.File(path, "w") as f:
        f.attrs["network"] = "remonet"
        f.attrs["meta"] = json.dumps({"family": "op"})
        if kind == "external storage":
            f.create_dataset(name, SHAPE, "u1", external=[(str(raw), 0, 120)])
        elif kind == "virtual":
            layout = h5py.VirtualLayout(SHAPE, "f4")
            layout[:] = h5py.VirtualSource(str(secret), "frames", SHAPE)
            f.create_virtual_dataset(name, layout)
        elif kind == "external link":
            f[name] = h5py.ExternalLink(str(secret), "frames")
        elif kind == "group elsewhere":
            f[name.split("/")[0] if "/" in name else "group"] = h5py.ExternalLink(str(secret), "/")
        else:
            f["inside"] = h5py.ExternalLink(str(secret), "frames")
            f[name] = h5py.SoftLink("/inside")
    return path


KINDS = ["external storage", "virtual", "external link", "group elsewhere", "link to a link"]


@pytest.mark.parametrize("kind", KINDS)
def test_clips_elsewhere_are_refused(tmp_path, kind):
    with pytest.raises(InputError, match="in other files|expected one called frames") as error:
        open_reader(elsewhere(tmp_path / "clip.h5", kind))
    assert "clip.h5" in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("kind", KINDS)
def test_cases_and_arrays_elsewhere_are_refused(tmp_path, kind):
    path = elsewhere(tmp_path / "case.h5", kind, "inputs/x")
    with pytest.raises(InputError, match="in other files|not an array inside|no group|expected a case"):
        load_case(path)
    try:
        arrays = open_arrays(path)
        assert not any(array.size for array in arrays.values())
    except RefvrError as error:
        assert "in other files" in str(error) or "holds no arrays" in str(error)
    with pytest.raises(InputError):
        load_case(elsewhere(tmp_path / "case.h5", kind, "table"))
    try:
        assert h5.load(path)[0] == {}
    except WeightsError as error:
        assert "in other files" in str(error)


def test_the_library_would_follow(tmp_path):
    """The same files, read by h5py: the tests above can fail."""
    for kind in KINDS:
        if kind != "group elsewhere":
            with h5py.File(elsewhere(tmp_path / "clip.h5", kind)) as f:
                assert f["frames"][()].shape == SHAPE and f["frames"][()].any()


def bombs(folder):
    """Files that would take time or memory, written into a folder."""
    def write(name, *, latest=True):
        file = h5py.File(folder / f"{name}.h5", "w", libver="latest" if latest else None)
        file.attrs["meta"] = json.dumps({"family": "op"})
        return file

    with write("frames_never_stored") as f:
        f.create_dataset("frames", (10 ** 12, 16, 16, 3), "u1", chunks=(1, 16, 16, 3))
    with write("frames_all_but_one", latest=False) as f:
        f.create_dataset("frames", (10 ** 12, 16, 16, 3), "u1", chunks=(64, 16, 16, 3))[0] = 1
    with write("frame_of_gigabytes") as f:
        f.create_dataset("frames", (2, 20_000, 20_000, 3), "f8", chunks=(1, 100, 100, 3))[0, 0, 0] = 1
    with write("chunk_of_gigabytes", latest=False) as f:
        made = f.create_dataset("frames", (20_000, 64, 64, 3), "f8", chunks=(10_000, 64, 64, 3), compression="gzip")
        made.id.write_direct_chunk((0, 0, 0, 0), b"x\x9c" + bytes(300_000))
    with write("packed_twice") as f:
        create = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        create.set_chunk((1, 64, 64, 3))
        create.set_deflate(9)
        create.set_deflate(9)
        h5py.h5d.create(f.id, b"frames", h5py.h5t.NATIVE_DOUBLE, h5py.h5s.create_simple((4, 64, 64, 3)), dcpl=create)
        h5py.Dataset(h5py.h5d.open(f.id, b"frames"))[()]
    with write("overflowing_shape", latest=False) as f:
        f.create_dataset("frames", (1 << 20, 1 << 20, 1 << 20, 3), "f8", chunks=(1, 64, 64, 3))[0, :8, :8] = 1
    with write("deep_groups") as f:
        group = f
        for _ in range(3000):
            group = group.create_group("a")
    with write("group_in_itself") as f:
        f["a/b/frames"] = np.zeros(SHAPE, "f4")
        f["a/b/c"] = f["a"]
    with write("many_names", latest=False) as f:
        f["frames"] = np.zeros(SHAPE, "f4")
        for k in range(60_000):
            f.id.links.create_soft(f"{k}".encode(), b"/frames")
    with write("wide_paths") as f:
        group = f.create_group("g" * 60_000)
        for k in range(300):
            group.create_group(f"{k}")
    with write("many_attributes") as f:
        f["frames"] = np.zeros(SHAPE, "f4")
        for k in range(3000):
            f["frames"].attrs[f"a{k}"] = k
    with write("one_text_many_times") as f:
        f["frames"] = np.zeros(SHAPE, "f4")
        f.attrs.create("fps", ["25"] * 4000, dtype=h5py.string_dtype())
        f.attrs.create("network", np.zeros(1, [("a", "f4"), ("b", "f4")]))
    with write("odd_types") as f:
        f["frames"] = np.zeros(SHAPE, [("a", "f4")])
        f["text"], f["nothing"] = "abc", h5py.Empty("f4")
        f["reference"] = np.array([f["text"].ref], h5py.ref_dtype)
        h5py.h5d.create(f.id, b"bits", h5py.h5t.STD_B8LE, h5py.h5s.create_simple((4,)))
    with write("odd_rates") as f:
        f["frames"] = np.zeros(SHAPE, "f4")
        f["frames"].attrs["fps"] = np.inf


READER = """
import json, sys, time
from pathlib import Path
import h5py, numpy
from refvr.checkpoints.read import read
from refvr.errors import RefvrError
from refvr.media import open_reader
from refvr.verify.cases.case import load_case
from refvr.verify.runs.trace_file import is_trace

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024

def clip(path):
    with open_reader(path) as reader:
        return [frame.rgb.shape for frame in reader], reader.warnings

def weights(path):
    return [array.read().shape for group in read(path).groups.values() for array in group.values()]

if not Path("/proc/self/status").exists():
    peak = lambda: 0
start, report = peak(), {}
for path in sorted(Path(sys.argv[1]).iterdir()):
    for reader in (clip, weights, load_case, is_trace):
        began = time.process_time()
        try:
            outcome = str(reader(path))
        except RefvrError as error:
            outcome = str(error)
        report[f"{path.stem} {reader.__name__}"] = [time.process_time() - began, peak() - start, outcome]
json.dump(report, sys.stdout)
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bombs")
    bombs(folder)
    result = subprocess.run([sys.executable, "-c", READER, folder], capture_output=True, text=True,
                            cwd=ROOT)
    assert result.returncode == 0, result.stderr[-2000:]
    return json.loads(result.stdout)


def test_no_bomb_takes_long_or_much(report):
    assert not {name: row[0] for name, row in report.items() if row[0] > SECONDS}
    assert max(row[1] for row in report.values()) < MEGABYTES
    assert len(report) >= 50


def test_every_bomb_is_one_line(report):
    for name, (_, _, outcome) in report.items():
        assert len(outcome) < 1000 and outcome.isprintable(), name
    for name in ("frames_never_stored", "frames_all_but_one", "frame_of_gigabytes", "overflowing_shape"):
        assert "are stored" in report[f"{name} clip"][2], name
    for name in ("deep_groups", "many_names", "wide_paths"):
        assert "expected at most" in report[f"{name} clip"][2] and "expected at most" in report[f"{name} weights"][2]
    assert report["group_in_itself clip"][2].startswith("([(4, 5, 3)")
    assert "fps" in report["odd_rates clip"][2] and report["odd_rates clip"][2].startswith("([(4, 5, 3)")


def test_what_is_ordinary_stays_possible(tmp_path):
    """Black frames pack to a thousandth; a long clip of them is a clip."""
    with h5py.File(tmp_path / "black.h5", "w") as f:
        f.create_dataset("frames", data=np.zeros((300, 256, 256, 3), np.uint8), chunks=(1, 256, 256, 3),
                         compression="gzip")
        f["frames"].attrs["fps"] = np.float32(30)
    with open_reader(tmp_path / "black.h5") as clip:
        assert clip.info.frames == 300 and clip.info.fps == 30
        assert not next(iter(clip)).rgb.any()


def test_plugins_are_not_loaded(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as f:
        create = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        create.set_chunk((1, 4, 5, 3))
        create.set_filter(32001, h5py.h5z.FLAG_OPTIONAL)
        h5py.h5d.create(f.id, b"frames", h5py.h5t.NATIVE_FLOAT, h5py.h5s.create_simple(SHAPE), dcpl=create)
    with pytest.raises(InputError, match="packed in a way"):
        open_reader(tmp_path / "x.h5")
    with pytest.raises(WeightsError, match="packed in a way"):
        read(tmp_path / "x.h5").groups[""]["frames"].read()


def test_control_characters_of_names_are_escaped(tmp_path, capsys):
    """A name that would clear the terminal, or write backwards."""
    from refvr.cli.main import main

    for name in ("\x1b[2J\x07clear", "back\u202ewards", "two\nlines\r"):
        with h5py.File(tmp_path / "x.h5", "w") as f:
            f[name], f.attrs[name] = np.zeros(3), name
        with pytest.raises(RefvrError) as error:
            open_reader(tmp_path / "x.h5")
        assert str(error.value).isprintable()
        assert main(["inspect", str(tmp_path / "x.h5")]) == 0
        assert main(["convert", str(tmp_path / "x.h5"), "-o", str(tmp_path / "y.h5")]) == 2
        shown = "".join(capsys.readouterr())
        assert all(sign.isprintable() or sign == "\n" for sign in shown) and "\\" in shown


def test_limits_are_above_what_files_need(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as f:
        for k in range(4000):
            f[f"a/{k % 10}/{k}"] = np.float32(k)
    assert len(read(tmp_path / "x.h5").groups) == 10 and hdf5.NAMES > 2 * 4000


def test_attributes_are_numbers_few_numbers_and_single_texts(tmp_path):
    """Many texts of any length may be one and the same in the file, and gigabytes in memory."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs.update({"text": "word", "number": 3, "few": [1.5, 2.5], "texts": ["a", "b"],
                           "nothing": h5py.Empty("f")})
    with hdf5.opened(tmp_path / "a.h5") as file:
        found = hdf5.attributes(file)
    assert sorted(found) == ["few", "number", "text"] and found["text"] == "word"
