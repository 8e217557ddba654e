"""The fixture `refvr_compare`, in a test run and a process of its own.

In this process, pytester would throw out of sys.modules what the inner run was the first to import. Numba and PyTorch
cannot be imported twice, and classes of refvr would be there twice: tests that came later failed if this came first.
"""
import re
import sys
from importlib.metadata import entry_points

import pytest
from places import ROOT

from refvr.ops.core.jit import cache_root

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
pytest_plugins = ["pytester"]
TEST = f"""
import sys
sys.path[:0] = [{str(ROOT / 'tests' / 'support')!r}, {str(ROOT / 'tools')!r}]
import compare_ports, torch_peers
from refvr import ops

given = compare_ports.subject("stfan")
right, wrong = torch_peers.from_refvr(given.net), torch_peers.from_refvr(given.net)
compare_ports.MISTAKES["no activation"][1](wrong)

def test_right(refvr_compare):
    with ops.threads(1):
        assert refvr_compare(given, right).healthy

def test_wrong(refvr_compare):
    with ops.threads(1):
        refvr_compare(given, wrong)
"""


def test_a_wrong_port_fails_with_its_layer_and_the_mistake(pytester, monkeypatch):
    monkeypatch.setenv("REFVR_CACHE", str(cache_root()))   # pytester has another HOME, where no kernel is compiled yet
    pytester.makepyfile(TEST)
    there = {entry.value for entry in entry_points(group="pytest11")}
    given = [] if "refvr.pytest_plugin" in there else ["-p", "refvr.pytest_plugin"]
    result = pytester.runpytest_subprocess(*given, "-p", "no:cacheprovider", "--refvr-seconds", "20")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["first guilty layer: encode.full.block1.first*", "equals the reference with *",
                                 "FAILED *test_wrong*"])
    said = result.stdout.str()
    assert "pytest_plugin.py" not in said and said.count("\nfirst guilty layer") == 1


def test_pytest_finds_it_where_refvr_is_installed():
    text = (ROOT / "pyproject.toml").read_text()
    name, value = re.search(r'entry-points\.pytest11\]\n"(.+)" = "(.+)"', text).groups()
    assert name == value == "refvr.pytest_plugin"
    assert hasattr(sys.modules.get(value) or __import__(value, fromlist=["x"]), "refvr_compare")
