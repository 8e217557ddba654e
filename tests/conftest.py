"""Set before NumPy is imported: one BLAS thread. Plain definitions call small matrix products by the thousand, whose
threads wait actively for each other; beside other programs that takes a hundred times as long.
"""
import os

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import subprocess
import sys
from importlib.util import find_spec

import pytest

_started = []


def pytest_collection_finish(session):
    """mypy takes half a minute on one core: it begins with the first test, and test_types.py reads what it says."""
    wanted = any(item.name == "test_mypy" for item in session.items) and not session.config.option.collectonly
    if wanted and find_spec("mypy"):
        command = [sys.executable, "-m", "mypy", "--no-error-summary"]
        _started.append(subprocess.Popen(command, cwd=session.config.rootpath, text=True, stdout=subprocess.PIPE,
                                         stderr=subprocess.STDOUT))


def pytest_unconfigure():
    for process in _started:
        process.kill()


@pytest.fixture
def typed():
    """mypy at work, or None."""
    return next(iter(_started), None)
