"""Types: mypy judges every file and has nothing against any; `Any` becomes rarer."""
import ast
import inspect
import re
import subprocess
import sys

import numpy as np
import pytest
from places import ROOT

from refvr.autodiff import Tensor
from refvr.plan.graph import Lazy
from refvr.types import Array

ANYS, ALONE = 503, 134   # annotations with Any in them, and those that say no more; where one goes, so do these
PUBLIC = sorted((ROOT / "refvr" / "ops").glob("[a-z]*.py"))


def test_mypy():
    """Half a minute of one core where nothing is kept of a run before."""
    pytest.importorskip("mypy", reason="mypy is not installed: pip install 'refvr[test]'")
    command = [sys.executable, "-m", "mypy", "--no-error-summary"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("kind", [np.ndarray, Tensor, Lazy])
def test_what_flows_has_all_that_an_array_has(kind):
    """An ndarray, a Tensor on the tape, a value of a graph that is not there yet."""
    wanted = {name for name, part in vars(Array).items() if isinstance(part, property)
              or (inspect.isfunction(part) and part.__module__ == Array.__module__)}
    assert {"shape", "__getitem__", "__radd__"} < wanted and not {name for name in wanted if not hasattr(kind, name)}


@pytest.mark.parametrize("path", PUBLIC, ids=lambda path: path.stem)
def test_operands_of_operations_have_types(path):
    """Any stands for options that are passed on, and for an index."""
    loose = []
    for function in ast.parse(path.read_text()).body:
        if isinstance(function, ast.FunctionDef) and not function.name.startswith("_"):
            given = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
            loose += [f"{function.name}({arg.arg})" for arg in given
                      if arg.annotation is not None and ast.unparse(arg.annotation) == "Any" and arg.arg != "index"]
            loose += [function.name] * (function.returns is not None and ast.unparse(function.returns) == "Any")
    assert not loose, loose


def test_what_is_ignored_has_a_reason():
    bare = [f"{path.relative_to(ROOT)}:{number}" for path in (ROOT / "refvr").rglob("*.py")
            for number, line in enumerate(path.read_text().splitlines(), 1)
            if "type: ignore" in line and "# " not in line.split("type: ignore")[1]]
    assert not bare, f"say why after it: {bare}"


def annotations(tree):
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.returns
        elif isinstance(node, (ast.arg, ast.AnnAssign)):
            yield node.annotation


def test_any_becomes_rarer():
    named = [[part.id for part in ast.walk(annotation) if isinstance(part, ast.Name)]
             for path in (ROOT / "refvr").rglob("*.py") for annotation in annotations(ast.parse(path.read_text()))
             if annotation is not None]
    found, alone = sum("Any" in names for names in named), sum(names == ["Any"] for names in named)
    assert found <= ANYS, f"{found} annotations with Any in them, expected {ANYS} at most: write what it is, or object"
    assert alone <= ALONE, f"{alone} annotations that say Any and no more, expected {ALONE} at most"


def test_mypy_leaves_no_file_out():
    told = (ROOT / "pyproject.toml").read_text().partition("[tool.mypy]")[2].partition("[tool.pytest")[0]
    assert 'files = ["refvr"]' in told and not {"ignore_errors", "overrides", "exclude"} & set(re.findall(r"\w+", told))
    own = [str(path.relative_to(ROOT)) for path in (ROOT / "refvr").rglob("*.py")
           if re.search(r"^# mypy: ", path.read_text(), re.MULTILINE)]
    assert not own, own
