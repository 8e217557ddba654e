"""Files that mean harm: none executes anything, none takes 2 s or 256 MB, each gives one clear error or its tensors."""
import json
import pickle
import subprocess
import sys

import hostile
import numpy as np
import pytest
from places import ROOT

from refvr.checkpoints import pickled
from refvr.checkpoints.read import read
from refvr.errors import RefvrError

SECONDS, MEGABYTES = 2, 256

# Reads every file of a folder; prints for each: seconds of the processor, peak memory so far in MB, what came of it.
READER = """
import json, sys, time
from pathlib import Path
import h5py, numpy
from refvr.checkpoints import npz, pth, pth_tar, safetensors
from refvr.checkpoints.read import read
from refvr.errors import RefvrError

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024

if not Path("/proc/self/status").exists():
    peak = lambda: 0
start, report = peak(), {}
for path in sorted(Path(sys.argv[1]).iterdir()):
    began = time.process_time()
    try:
        contents = read(path)
        for arrays in contents.groups.values():
            for array in list(arrays.values())[:1000]:
                array.read()
        outcome, names = "read", contents.globals
        del contents, arrays, array
    except RefvrError as error:
        outcome, names = str(error), ()
    report[path.name] = [time.process_time() - began, peak() - start, outcome, list(names)]
json.dump(report, sys.stdout)
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "files").mkdir()
    for name, data in hostile.files(str(folder / "executed")).items():
        (folder / "files" / name).write_bytes(data)
    result = subprocess.run([sys.executable, "-c", READER, folder / "files"], capture_output=True, text=True,
                            cwd=ROOT)
    assert result.returncode == 0, result.stderr[-2000:]
    assert not (folder / "executed").exists(), "something was executed"
    return json.loads(result.stdout)


def test_none_executes_and_each_gives_one_clear_error(report):
    for name, (_, _, outcome, _) in report.items():
        harmless = name.startswith("beside") or name.endswith(("deep_below_steps", "many_tensors"))
        if not (harmless and outcome == "read"):
            assert outcome != "read" and len(outcome) < 1000 and "\n" not in outcome, (name, outcome)
            assert name.split()[-1] in outcome or "executed" not in outcome, (name, outcome)


def test_tensors_beside_calls_are_read_and_the_calls_are_listed(report):
    beside = {name: row for name, row in report.items() if name.startswith("beside")}
    unread = {name for name, row in beside.items() if row[2] != "read"}
    assert {name.split()[-1] for name in unread} <= {"extension"}  # an opcode that needs a registry
    listed = {name: row[3] for name, row in beside.items() if name not in unread and "subclass_chain" not in name}
    assert all(listed.values()), "what was not imported is named"
    assert "os.system" in listed["beside zip os.system"]


def test_none_takes_long_or_much(report):
    slow = {name: row[0] for name, row in report.items() if row[0] > SECONDS}
    assert not slow
    assert max(row[1] for row in report.values()) < MEGABYTES
    if sys.platform == "linux":
        assert max(row[1] for row in report.values()) > 10, "the measurement sees something"


def test_the_calls_would_execute_elsewhere(tmp_path):
    """The same opcodes, given to Python's own pickle, do what they say: the tests above can fail."""
    marker = tmp_path / "executed"
    pickle.loads(b"\x80\x02" + hostile.calls(str(marker))["os.system"] + b".")
    assert marker.exists()


@pytest.mark.parametrize("make", [hostile.zip_file, hostile.legacy_file], ids=["zip", "legacy"])
def test_truncated_at_every_byte(tmp_path, make):
    data = make(hostile.state(hostile.tensor()))
    path = tmp_path / "cut.pth"
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(RefvrError) as caught:
            read(path)
        assert "cut.pth" in str(caught.value)
    path.write_bytes(data)
    assert read(path).groups[""]["w"].read().shape == (4,)


@pytest.mark.parametrize("make", [hostile.zip_file, hostile.legacy_file], ids=["zip", "legacy"])
def test_every_byte_changed(tmp_path, make):
    """A changed byte gives an error or a tensor of the right kind; in a zip file, never other numbers."""
    pickle, numbers = hostile.state(hostile.tensor()), np.array([1.5, -2, 3, 0.25], "<f4").tobytes()
    data = make(pickle, (numbers,) if make is hostile.zip_file else ((4, numbers),))
    path = tmp_path / "changed.pth"
    for at in range(len(data)):
        path.write_bytes(data[:at] + bytes([data[at] ^ 0x15]) + data[at + 1:])
        try:
            arrays = [array.read() for group in read(path).groups.values() for array in group.values()]
        except RefvrError:
            continue
        if make is hostile.zip_file:
            assert [array.tobytes() for array in arrays] == [numbers], at


def test_limits_are_above_what_checkpoints_need(tmp_path):
    """A thousand layers with Adam's state take a small part of what is allowed."""
    one = hostile.tensor() + b"0"
    path = tmp_path / "many.pth"
    path.write_bytes(hostile.zip_file(b"\x80\x02" + one * 4000 + hostile.state(hostile.tensor())))
    assert read(path).groups[""]["w"].size == 4
    assert pickled.STEPS > 4 * 4000 * 25
