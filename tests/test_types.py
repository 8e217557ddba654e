"""Signatures: mypy has nothing against those that others call, and what an operation takes has a name."""
import ast

import pytest
from places import ROOT

PUBLIC = sorted((ROOT / "refvr" / "ops").glob("[a-z]*.py"))


def test_mypy(typed):
    """conftest.py started it with the first test, so that it runs beside the others."""
    if typed is None:
        pytest.skip("mypy is not installed: pip install 'refvr[test]'")
    said, _ = typed.communicate()
    assert typed.returncode == 0, said


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
