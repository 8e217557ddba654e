"""The house rules that can be read off the source: who imports whom, sizes, docstrings, nothing of one machine."""
import ast
import re
import subprocess
import sys
from functools import cache

import pytest
from places import ROOT

PACKAGE = ROOT / "refvr"
FILES = sorted(PACKAGE.rglob("*.py"))

GROUND = {"shapes", "errors", "interrupt", "types", "precision_names"}  # what anybody may import
TOWER = GROUND | {"autodiff", "ops", "nn", "networks", "zoo", "records"}
FLAT = GROUND | {"checkpoints", "media", "metrics", "hdf5", "npy", "drawing", "scene"}  # these know no operation
MAY_IMPORT = {  # room -> rooms that it may import beside itself
    "errors": set(), "interrupt": set(), "types": set(), "precision_names": set(), "shapes": {"errors"},
    "hdf5": {"errors"}, "npy": {"errors"},
    "autodiff": GROUND, "ops": GROUND | {"autodiff"}, "nn": GROUND | {"autodiff", "ops"},
    "networks": GROUND | {"autodiff", "ops", "nn"},
    "plan": GROUND | {"autodiff", "ops", "nn"},  # of any page; pages never hear of it
    "records": {"errors"}, "zoo": GROUND | {"records", "checkpoints"},
    "checkpoints": GROUND | {"hdf5", "npy", "records"}, "media": GROUND | {"hdf5", "npy"}, "metrics": GROUND,
    "drawing": GROUND | {"media"}, "scene": GROUND | {"drawing"}, "shots": GROUND | {"media"},
    "degrade": TOWER | FLAT, "pipeline": TOWER | FLAT | {"degrade", "plan", "shots"},
    "evaluate": TOWER | FLAT | {"degrade", "pipeline"},
    "apps": TOWER | FLAT | {"degrade", "evaluate", "pipeline"},
    "train": TOWER | FLAT | {"degrade", "evaluate", "pipeline"},
    "verify": TOWER | FLAT | {"degrade", "pipeline", "train", "plan"},
    "explain": TOWER | FLAT | {"degrade", "evaluate", "pipeline", "plan", "verify"},
    "bench": TOWER | FLAT | {"degrade", "pipeline", "train", "plan"},
    "cli": TOWER | FLAT | {"apps", "bench", "degrade", "evaluate", "explain", "pipeline", "plan", "shots", "train",
                           "verify"},
    "__main__": {"cli"}, "__init__": set(), "pytest_plugin": set(),
}
VERIFY = {  # room of verify/ -> those of its rooms that it may import
    "difference": set(), "cases": {"difference"}, "mistakes": set(), "runs": {"cases", "mistakes"},
    "compare": {"runs", "difference"},
    "diagnose": {"compare", "runs", "mistakes"}, "vectors": {"diagnose", "runs", "mistakes"},
    "bounds": {"vectors", "compare", "runs", "mistakes"},
}
HEAVY = {"numba", "llvmlite", "av", "h5py", "scipy", "imageio", "PIL", "tifffile", "rich", "torch", "skimage",
         "matplotlib", "vapoursynth", "cv2"}
LIGHT = ("refvr", "refvr.autodiff", "refvr.checkpoints.h5", "refvr.checkpoints.names", "refvr.media", "refvr.metrics",
         "refvr.records", "refvr.zoo", "refvr.pipeline", "refvr.train", "refvr.verify", "refvr.cli.main",
         "refvr.pytest_plugin")
TYPE_CHECKING = "TYPE_CHECKING"


def room(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(tree, *, top_level):
    """Names of the modules that are imported: all of them, or those that run when the module is imported."""
    todo = list(tree.body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide who imports whom"
            assert all(alias.name != "*" for alias in node.names), "star import"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif top_level and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        elif isinstance(node, ast.If) and TYPE_CHECKING in ast.dump(node.test):
            todo += node.orelse
        else:
            todo += list(ast.iter_child_nodes(node))


@cache
def tree_of(path):
    return ast.parse(path.read_text())


def trees():
    return [(path, tree_of(path)) for path in FILES]


def test_each_room_of_verify_imports_what_it_may():
    wrong, verify = [], PACKAGE / "verify"
    for path, tree in trees():
        if not path.is_relative_to(verify) or path.parent == verify:
            continue
        here = path.relative_to(verify).parts[0]
        there = {name.split(".")[2] for name in imports(tree, top_level=False)
                 if name.startswith("refvr.verify.")} - {here}
        wrong += [f"{path.relative_to(ROOT)} imports verify.{other}" for other in sorted(there - VERIFY[here])]
    assert not wrong, wrong


def own_rooms(names):
    return {name.split(".")[1] for name in names if name.startswith("refvr.")} & MAY_IMPORT.keys()


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_arrows_point_down(path):
    assert room(path) in MAY_IMPORT, f"{room(path)}/ has no row in MAY_IMPORT"
    names = imports(tree_of(path), top_level=False)
    wrong = own_rooms(names) - MAY_IMPORT[room(path)] - {room(path)}
    assert not wrong, f"{path.relative_to(ROOT)} imports {sorted(wrong)}"


def is_private(name):
    return name.startswith("_") and not name.startswith("__")


def private_uses(tree, here, *, attributes=True):
    """(line, name) of what belongs to another folder of refvr and is private there: modules, and names in them."""
    modules = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found = {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found = {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        else:
            continue
        modules |= found
        for name in found.values():
            parts = name.split(".")
            first = next((k for k, part in enumerate(parts) if is_private(part)), None)
            if parts[0] == "refvr" and first and ".".join(parts[:first]) not in (here, here.rpartition(".")[0]):
                yield node.lineno, name
    for node in ast.walk(tree) if attributes else ():
        if isinstance(node, ast.Attribute) and is_private(node.attr) and isinstance(node.value, ast.Name):
            name = modules.get(node.value.id, "")
            if name.startswith("refvr.") and name.rpartition(".")[2][0].islower():   # of a module, not of a class
                yield node.lineno, f"{name}.{node.attr}"


@pytest.mark.parametrize("root", ["refvr", "tools", "docs", "tests"])
def test_what_is_private_stays_in_its_folder(root):
    """`_module.py` is for its folder, `_name` for its file: nobody else imports one. Tests may put mistakes there."""
    wrong = [f"{path.relative_to(ROOT)}:{line}: {name}" for path in sorted((ROOT / root).rglob("*.py"))
             for line, name in private_uses(tree_of(path), module_name(path), attributes=root != "tests")]
    assert not wrong, wrong


def test_the_private_walk_sees_what_is_private():
    source = ("from refvr.a._b import c\nfrom refvr.a.b import _d\nfrom refvr.a import e\ne._f\n"
              "from refvr.here._g import h")
    found = [name for _, name in private_uses(ast.parse(source), "refvr.here.i")]
    assert found == ["refvr.a._b.c", "refvr.a.b._d", "refvr.a.e._f"]


def test_the_walk_sees_a_wrong_arrow():
    source = "def f():\n    from refvr.nn.layers import Conv2d\n    import refvr.cli.main\n    return Conv2d"
    assert own_rooms(imports(ast.parse(source), top_level=False)) == {"nn", "cli"}
    assert own_rooms(imports(ast.parse(source), top_level=True)) == set()


def test_no_import_cycles():
    graph = {module_name(path): set(imports(tree, top_level=True)) for path, tree in trees()}
    graph = {name: targets & graph.keys() - {name} for name, targets in graph.items()}
    done = set()

    def visit(name, trail):
        assert name not in trail, " -> ".join([*trail[trail.index(name):], name])
        if name not in done:
            for target in sorted(graph[name]):
                # A package's __init__ imports its parts; a part that names its package runs after it has begun.
                if not name.startswith(target + "."):
                    visit(target, [*trail, name])
            done.add(name)

    for name in graph:
        visit(name, [])


def loaded_by(code, *arguments):
    """The heavy packages in memory after running `code` in a fresh interpreter."""
    code += f"\nimport sys; print('LOADED', *sorted({HEAVY!r} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=ROOT)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()[-1].split()[1:]


@pytest.mark.parametrize("module", LIGHT)
def test_front_doors_are_light(module):
    assert loaded_by(f"import {module}") == []


@pytest.mark.parametrize("arguments", [["--help"], ["restore", "--help"], ["train", "--help"], ["typo"], ["restore"]])
def test_help_is_light(arguments):
    assert loaded_by("import sys; from refvr.cli.main import main; main(sys.argv[1:])", *arguments) == []


def test_the_command_line_begins_without_numpy():
    """Until it listens to Ctrl-C, which takes as long as its imports do."""
    code = "import sys, refvr.cli.main; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_the_light_test_can_fail():
    assert "numba" in loaded_by("import refvr.ops")


def test_budgets():
    over = []
    for path, tree in trees():
        where, lines = path.relative_to(ROOT), len(path.read_text().splitlines())
        over += [f"{where}: {lines} lines"] if lines > 300 else []
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                marks = [ast.dump(mark) for mark in node.decorator_list]
                kernel = any("kernel" in mark or "intrinsic" in mark for mark in marks)
                length = node.end_lineno - node.lineno + 1
                over += [f"{where}: {node.name} {length} lines"] if length > (90 if kernel else 60) else []
    assert not over, over


def test_public_things_have_docstrings():
    bare = []
    for path, tree in trees():
        where = path.relative_to(ROOT)
        bare += [] if ast.get_docstring(tree) else [f"{where}"]
        classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name[0] != "_"]
        for scope in [tree, *classes]:
            override = isinstance(scope, ast.ClassDef) and scope.bases  # what it does is said in the base
            for node in scope.body:
                public = isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name[0] != "_"
                overload = public and any(getattr(mark, "id", "") == "overload" for mark in node.decorator_list)
                if public and not ast.get_docstring(node) and not override and not overload:
                    bare.append(f"{where}: {node.name}")
    assert not bare, bare


def tracked():
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()]


def test_nothing_of_one_machine():
    """No absolute path of a machine and no package registry's host in any text file of the repository."""
    paths = re.compile(r"(?<![\w.])/(?:" + "|".join(("work", "root", "tmp", "farm", "home/")) + r")\b")
    hosts = re.compile("|".join(("pypi" + r"\.org", "pythonhosted" + r"\.org", "anaconda" + r"\.(?:org|com)")))
    found = []
    for path in tracked():
        if path.suffix in {".h5", ".png", ".mp4", ".npy"}:
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if paths.search(line) or hosts.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert not found, found


def test_nothing_left_open():
    marks = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")))
    found = [f"{path.relative_to(ROOT)}" for path in tracked()
             if path.suffix in {".py", ".md", ".toml"} and marks.search(path.read_text())]
    assert not found, found


def test_every_room_is_installed():
    """A folder with Python files but without __init__.py would be missing from a wheel."""
    assert not [path for path in FILES if not (path.parent / "__init__.py").is_file()]
