"""Install refvr with each extra into a fresh environment and run, from another folder, what the extra is for.

    python tools/try_extras.py               every extra on this Python
    python tools/try_extras.py plot peers    these

A wheel of the checkout is built first (extra `dev`). A line for each extra: its command, and what became of it. Exit
status: 1 if one failed. The environments, gigabytes in the temporary folder, go when it ends, also by SIGTERM; those of
a run that was killed go when the next one begins. tests/test_install.py has every extra of pyproject.toml in the table
here and in developing.md.
"""
from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PREFIX = "refvr-extras-"   # of folders, before the number of their process
SAFETENSORS = "import numpy, safetensors.numpy as s; s.save_file({'w': numpy.ones(3, 'f4')}, 'w.safetensors')"
EXPORT = "refvr export duf-s-x2 --size 32x24 -o duf.onnx --check"

# extra -> (extras that it is tried with, commands; a path that begins with CHECKOUT is of the checkout)
EXTRAS: dict[str, tuple[str, tuple[str, ...]]] = {
    "plot": ("plot", ("refvr explain scene:32x24 --model edvr-s-x4 --png offsets -o offsets.png",)),
    "cluster": ("cluster", ("refvr demo --size 64x48 --frames 6 --out demo",
                            "refvr restore demo/degraded.mp4 restored.mp4 --sigma 25 --workers 2")),
    "safetensors": ("safetensors", (f"python -c {SAFETENSORS}", "refvr inspect w.safetensors")),
    "peers": ("peers", (EXPORT,)),
    "openvino": ("peers,openvino", (EXPORT, "refvr compare duf-s-x2 scene:32x24 duf.onnx --runtime openvino --isolate "
                                            "--brief")),
    "browser": ("browser,test", ("python -m pytest CHECKOUT/tests/explain/test_explain.py -k browser",)),
    "docs": ("docs", ("python CHECKOUT/tools/build_site.py -o site",)),
    "test": ("test", ("python -m pytest CHECKOUT/tests/metrics",)),
}


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that goes at the end, however it comes; those that killed runs have left go now."""
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        if not is_alive(left.name.removeprefix(PREFIX).partition("-")[0]):
            shutil.rmtree(left, ignore_errors=True)
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-") as folder:
        yield Path(folder)


def is_alive(process: str) -> bool:
    """Whether a process has this number; True where that cannot be told without ending it."""
    if os.name != "posix" or not process.isdecimal():
        return True
    with suppress(PermissionError):   # it is another user's
        try:
            os.kill(int(process), 0)
        except (ProcessLookupError, OverflowError):
            return False
    return True


def wheel(folder: Path) -> Path:
    """A wheel of the checkout."""
    subprocess.run([sys.executable, "-m", "build", "--wheel", "-o", folder, ROOT], check=True, stdout=subprocess.PIPE)
    return next(folder.glob("*.whl"))


def words(command: str, scripts: Path) -> list[str]:
    """The command with the programs of an environment; what follows `-c` is one word."""
    program, _, rest = command.partition(" ")
    rest = rest.replace("CHECKOUT", str(ROOT))
    return [str(scripts / program), *(["-c", rest[3:]] if rest.startswith("-c ") else rest.split())]


def tried(extra: str, package: Path, folder: Path) -> str:
    """Why it failed; "" where it did not."""
    together, commands = EXTRAS[extra]
    venv.create(folder / "env", with_pip=True)
    scripts = folder / "env" / ("Scripts" if sys.platform == "win32" else "bin")
    for command in ([str(scripts / "python"), "-m", "pip", "install", "-q", f"{package}[{together}]"],
                    *(words(command, scripts) for command in commands)):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        if done.returncode:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:]
            return f"{' '.join(command)}: {''.join(last) or f'status {done.returncode}'}"
    return ""


def main() -> int:
    """Try those that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("extras", nargs="*", help=f"of {', '.join(EXTRAS)} (default: all)")
    args = parser.parse_args()
    failed = 0
    with scratch() as folder:
        package = wheel(folder)
        for extra in args.extras or EXTRAS:
            if extra not in EXTRAS:
                parser.error(f"no extra {extra!r}, expected one of {', '.join(EXTRAS)}")
            (folder / extra).mkdir()
            why = tried(extra, package, folder / extra)
            print(f"{'FAIL' if why else 'pass'}  {extra:12}  {why or EXTRAS[extra][1][-1]}", flush=True)
            failed += bool(why)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
