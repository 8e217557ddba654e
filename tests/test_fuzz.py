"""Damaged files of every kind: the right answer or one of refvr's own errors in one line, never a traceback or a hang.

fuzz.py has the readers. A process of its own, because C libraries read some of these: a crash is a finding, not the end
of the test run.
"""
import json
import os
import subprocess
import sys
from pathlib import Path

import fuzz
import numpy as np
import pytest

QUICK = sorted(name for name in fuzz.READERS if not name.startswith("inspected"))  # which builds the whole zoo first
EACH = -(-2000 // len(QUICK))


def run(readers, count, seed, home):
    """reader -> what went wrong."""
    result = subprocess.run([sys.executable, Path(fuzz.__file__), ",".join(readers), str(count), str(seed)],
                            capture_output=True, text=True, env=os.environ | {"REFVR_HOME": str(home)})
    found = {name: wrong for name, wrong, _ in map(json.loads, result.stdout.splitlines())}
    assert result.returncode == 0, f"after {list(found)}: {result.stderr[-3000:]}"
    return found


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return run(QUICK, EACH, 0, tmp_path_factory.mktemp("home"))


@pytest.mark.parametrize("reader", QUICK)
def test_two_thousand_damaged_files(found, reader):
    assert found[reader] == []


def test_mutations_are_the_same_each_time():
    made = [fuzz.mutated(bytes(range(200)), np.random.default_rng([0, 1, k])) for k in range(50)]
    assert made == [fuzz.mutated(bytes(range(200)), np.random.default_rng([0, 1, k])) for k in range(50)]
    assert len(set(made)) > 45


def test_the_fuzzer_finds_what_is_wrong(monkeypatch):
    def careless(path):
        data = Path(path).read_bytes()
        return data.decode(), [] if len(data) > 10 else 1 / 0

    monkeypatch.setitem(fuzz.READERS, "table", (careless, "x.txt", lambda folder: b"some plain text"))
    assert any("UnicodeDecodeError" in wrong for wrong in fuzz.fuzz("table", 40))


@pytest.mark.long
@pytest.mark.parametrize("reader", sorted(fuzz.READERS))
def test_two_thousand_damaged_files_for_each_reader(reader, tmp_path):
    """Some minutes: python -m pytest -m long tests/test_fuzz.py"""
    assert run([reader], 2000, 1, tmp_path) == {reader: []}
