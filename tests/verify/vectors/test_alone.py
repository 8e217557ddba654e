"""test_vectors.py, the runner that travels with an export: without refvr, by pytest and without it."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

from refvr.verify.vectors.export import export

PORT = """
import numpy as np

def mse_loss(y, target, **options):
    return np.float32({factor}) * np.mean((y - target) ** 2, dtype=np.float32)

def pixel_shuffle(x, **options):
    raise NotImplementedError
"""
BLOCKED = "import sys\nfor name in ('refvr', 'h5py', 'numba', 'scipy'): sys.modules[name] = None\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vectors")
    export(folder / "out", ["mse_loss", "pixel_shuffle"])
    (folder / "right.py").write_text(PORT.format(factor=1))
    (folder / "wrong.py").write_text(PORT.format(factor=0.5))
    (folder / "sitecustomize.py").write_text(BLOCKED)
    (folder / "program").write_text(f"#!{sys.executable}\nimport sys\nsys.exit(3)\n")
    (folder / "program").chmod(0o755)
    return folder


def run(folder, *words, **names):
    """(exit status, what was said), with refvr and all but NumPy out of reach."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VECTORS_")}
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, cwd=folder,
                          env=environment | {"PYTHONPATH": str(folder)} | names)
    return done.returncode, done.stdout + done.stderr


def test_pytest_collects_a_test_for_each_vector(folder):
    # a plugin of the environment may be refvr's own, which must not be loaded here
    plain = ["-m", "pytest", "-p", "no:cacheprovider", "-p", "no:refvr.pytest_plugin", "out"]
    status, said = run(folder, *plain, VECTORS_MODULE="right", PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    assert status == 0 and "1 passed" in said and "skipped" in said, said
    status, said = run(folder, *plain, VECTORS_MODULE="wrong", PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    assert status == 1 and "1 failed" in said and "times its tolerance off" in said, said
    status, said = run(folder, *plain, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    assert status == 1 and "set VECTORS_MODULE" in said, said


def test_it_runs_without_pytest(folder):
    status, said = run(folder, "out/test_vectors.py", VECTORS_MODULE="right")
    assert status == 0 and "pass  mse_loss  of tolerance: y" in said and "skip  pixel_shuffle" in said, said
    status, said = run(folder, "out/test_vectors.py", VECTORS_MODULE="wrong")
    assert status == 1 and "FAIL  mse_loss" in said, said
    status, said = run(folder, "out/test_vectors.py", VECTORS_PROGRAM=str(folder / "program"))
    assert status == 0 and "pass" not in said and "skip  mse_loss" in said, said


def test_it_imports_nothing_but_numpy(folder):
    text = (folder / "out" / "test_vectors.py").read_text()
    found = {line.split()[1].split(".")[0] for line in text.splitlines() if line.startswith(("import ", "from "))}
    assert found - set(sys.stdlib_module_names) == {"numpy"}
    assert (Path(folder) / "out" / "manifest.json").is_file()


def test_a_program_that_is_not_there_is_one_line(monkeypatch, capsys):
    from refvr.verify.vectors import alone

    monkeypatch.setenv("VECTORS_PROGRAM", "./nothere")
    assert alone.main() == 2 and "no program './nothere'" in capsys.readouterr().err
    monkeypatch.delenv("VECTORS_PROGRAM")
    assert alone.main() == 2 and "nothing to test" in capsys.readouterr().err
