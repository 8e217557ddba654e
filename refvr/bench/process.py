"""The parent's end of a worker: start it, ask it, end it."""
from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from refvr.errors import InputError

ROOT = Path(__file__).parents[2]


class Worker:
    """`with Worker(spec) as worker: worker.ask("run")`. Raises InputError with one line where the process fails."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self._spec, self._errors = spec, tempfile.TemporaryFile("w+")  # noqa: SIM115  closed with the process
        threads = str(spec["threads"])
        env = os.environ | {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads, "MKL_NUM_THREADS": threads,
                            "OMP_WAIT_POLICY": "PASSIVE",  # idle threads of one side keep off the other's processor
                            "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))}
        self._process = subprocess.Popen([sys.executable, "-m", "refvr.bench.worker"], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, stderr=self._errors, text=True, env=env)

    def __enter__(self) -> Worker:
        try:
            self._send(self._spec)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def ask(self, task: str) -> dict[str, Any]:
        """The answer to one of the lines that worker.py lists."""
        return self._send({"do": task})

    def _send(self, message: dict[str, Any]) -> dict[str, Any]:
        try:
            print(json.dumps(message), file=self._process.stdin, flush=True)
            line = self._process.stdout.readline() if self._process.stdout else ""
        except BrokenPipeError:
            line = ""
        if not line:
            raise InputError(self._obituary(), fix="less memory, threads or pixels may help")
        reply = json.loads(line)
        if "error" in reply:
            raise InputError(reply["error"])
        return reply

    def _obituary(self) -> str:
        status = self._process.wait()
        self._errors.seek(0)
        said = [line.strip() for line in self._errors.read().splitlines() if line.strip()]
        return (f"the process that ran {self._spec['model']} ({self._spec['side']}) ended with status {status}: "
                f"{said[-1] if said else 'it said nothing'}")
