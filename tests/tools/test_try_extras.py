"""What becomes of the environments that `tools/try_extras.py` makes."""
import os
import signal
import subprocess
import sys
import tempfile

import pytest
from places import ROOT

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")
RUN = "import try_extras as t\nwith t.scratch() as folder:\n    print(folder, flush=True)\n    input()"


def started(tmp_path):
    """A process that has its folder, and that folder."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "tools"), "TMPDIR": str(tmp_path)}
    process = subprocess.Popen([sys.executable, "-c", RUN], env=environment, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return process, process.stdout.readline().strip()


def test_nothing_is_left_by_a_run_that_is_ended_and_that_of_a_killed_one_goes_with_the_next(tmp_path):
    (tmp_path / "refvr-extras-mine").mkdir()   # of nobody who is known
    processes = []
    for number in (signal.SIGKILL, signal.SIGTERM):
        process, folder = started(tmp_path)
        other, its = started(tmp_path)     # one that lives keeps its own
        processes += [process, other]
        with tempfile.TemporaryFile(dir=folder):
            process.send_signal(number)
            process.wait()
        assert os.path.exists(folder) == (number == signal.SIGKILL) and os.path.exists(its)
    for other in processes[1::2]:
        other.communicate("\n")
    assert [path.name for path in tmp_path.iterdir()] == ["refvr-extras-mine"]
