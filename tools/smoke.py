"""Install refvr into fresh environments, as a user does, and run tests/test_smoke.py there.

    python tools/smoke.py            lowest and newest dependencies on every Python from 3.10 to 3.14 that is here
    python tools/smoke.py --second   the newest ones on one Python other than this: what .ci/run does

Pythons are looked for by name (python3.12) and among those of pyenv; one that is missing is said. Where packages cannot
be had, or time runs out, that is said too and is no failure. Exit status: 1 if a test failed or refvr could not be
installed beside its dependencies. The lowest versions are those of pyproject.toml, or the first above them that has
a wheel for that Python; uv finds them.
"""
from __future__ import annotations

import argparse
import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MINORS = (10, 11, 12, 13, 14)
SHOWN = ("av", "numba", "numpy", "scipy", "h5py", "pillow", "tifffile", "rich", "scikit-image")


class NotHadError(Exception):
    """Packages cannot be had here."""


def pythons() -> dict[int, str]:
    """Minor version of Python 3 -> an interpreter of it that runs."""
    found: dict[int, str] = {}
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for minor in MINORS:
        named = shutil.which(f"python3.{minor}")
        places = [sys.executable] * (sys.version_info[1] == minor) + [named] * bool(named)
        places += sorted(map(str, pyenv.glob(f"3.{minor}.*/bin/python")), reverse=True)
        for place in places:
            if runs(place, minor):
                found[minor] = place
                break
    return found


def runs(python: str, minor: int) -> bool:
    """Whether it is that version and can make environments."""
    code = f"import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, {minor}))"
    return subprocess.run([python, "-c", code], capture_output=True).returncode == 0


def dependencies() -> list[str]:
    """Those of pyproject.toml, without extras."""
    text = (ROOT / "pyproject.toml").read_text()
    return ast.literal_eval(re.search(r"^dependencies = (\[.*?\])", text, re.S | re.M)[1])


def lowest(python: str, scratch: Path) -> list[str]:
    """name==version of every dependency, the lowest that are allowed and have a wheel."""
    helper = scratch / "uv"
    if not helper.exists():
        call([sys.executable, "-m", "venv", helper])
        call([helper / "bin" / "pip", "install", "-q", "uv"])
    listed = call([helper / "bin" / "uv", "pip", "compile", "-q", "--no-header", "--no-annotate", "--python", python,
                   "--resolution", "lowest-direct", "--only-binary", ":all:", ROOT / "pyproject.toml"])
    return listed.split()


def call(command: list[object], seconds: float | None = None) -> str:
    """What it prints; NotHadError with its last line where it fails."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=seconds)
    if done.returncode:
        raise NotHadError((done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1])
    return done.stdout


def install(python: str, wanted: list[str], folder: Path, seconds: float) -> Path:
    """An environment with `wanted`, pytest and the wheel of the sdist of this refvr; its interpreter."""
    call([python, "-m", "venv", folder])
    inside = folder / "bin" / "python"
    call([inside, "-m", "pip", "install", "-q", "--no-compile", "build", "hatchling", "pytest", *wanted], seconds)
    subprocess.run([inside, "-m", "build", "--no-isolation", "--outdir", folder / "dist", ROOT], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
    wheel = next((folder / "dist").glob("*.whl"))
    subprocess.run([inside, "-m", "pip", "install", "-q", "--no-deps", wheel], check=True)
    return inside


def versions(python: Path) -> str:
    """Of what may differ."""
    code = f"from importlib.metadata import version; print(*(n + ' ' + version(n) for n in {SHOWN}), sep=', ')"
    return call([python, "-c", code]).strip()


def smoke(python: str, which: str, scratch: Path, seconds: float) -> bool:
    """Whether the tests pass there; one line says what came of it."""
    started, minor = time.monotonic(), call([python, "-c", "import sys; print(sys.version.split()[0])"]).strip()
    name, folder = f"smoke: Python {minor}, {which} dependencies", scratch / f"{minor}-{which}"
    try:
        wanted = lowest(python, scratch) if which == "lowest" else dependencies()
        inside = install(python, wanted, folder, seconds)
        left = seconds - (time.monotonic() - started)
        env = os.environ | {"REFVR_SMOKE": "1"}
        env.pop("PYTHONPATH", None)
        tests = ["-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", ROOT / "tests" / "test_smoke.py"]
        done = subprocess.run([inside, *tests], cwd=folder, env=env, capture_output=True, text=True,
                              timeout=max(1, left))
    except NotHadError as error:
        print(f"{name}: not tried, packages cannot be had ({error})", flush=True)
        return True
    except subprocess.TimeoutExpired:
        print(f"{name}: not finished in {seconds:.0f} s", flush=True)
        return True
    except subprocess.CalledProcessError:
        print(f"{name}: refvr cannot be installed", flush=True)
        return False
    finally:
        shutil.rmtree(folder / "dist", ignore_errors=True)
    if done.returncode:
        print("\n".join(f"    {line}" for line in (done.stdout + done.stderr).splitlines()[-40:]))
    print(f"{name}: {'failed' if done.returncode else 'fine'} after {time.monotonic() - started:.0f} s "
          f"({versions(inside)})", flush=True)
    return not done.returncode


def main() -> int:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--second", action="store_true", help="the newest dependencies on one other Python, no more")
    parser.add_argument("--seconds", type=float, default=900, help="for each environment, installing included")
    args = parser.parse_args()
    here = pythons()
    wanted = [minor for minor in MINORS if not args.second or minor != sys.version_info[1]]
    if args.second:
        wanted = [minor for minor in wanted if minor in here][-1:]
        if not wanted:
            print(f"smoke: no second Python of 3.{MINORS[0]} to 3.{MINORS[-1]} is here, so only this one is tested")
    fine = True
    with tempfile.TemporaryDirectory(prefix="refvr-smoke-") as scratch:
        for minor in wanted:
            if minor not in here:
                print(f"smoke: Python 3.{minor} is not here", flush=True)
                continue
            for which in ("newest",) if args.second else ("lowest", "newest"):
                fine &= smoke(here[minor], which, Path(scratch), args.seconds)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
