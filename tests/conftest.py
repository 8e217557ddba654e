"""Set before NumPy is imported: one BLAS thread. Plain definitions call small matrix products by the thousand, whose
threads wait actively for each other; beside other programs that takes a hundred times as long.
"""
import os

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
for name in ("COLUMNS", "LINES"):   # readline gives them to processes that pytest starts; tests state their own
    os.environ.pop(name, None)

import gc

import pytest


def pytest_collection_finish():
    """What is there now stays: looking for cycles in it again and again is work for nothing."""
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    """The whole run is dealt out to a process for every core, by pytest-xdist where that is installed.

    Whoever runs files that are named, long tests, or tests with a word in their name gets one process, which begins
    sooner; `-n` says otherwise.
    """
    given = config.option
    if hasattr(config, "workerinput"):   # one of those processes itself, which would start as many again
        return
    whole = (config.args_source == config.ArgsSource.TESTPATHS and not given.keyword and given.markexpr == "not long"
             and not given.collectonly and not given.usepdb)
    if whole and getattr(given, "numprocesses", 0) is None and given.dist == "no":
        given.numprocesses, given.dist = min(cores(), 4), "worksteal"


def cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
