"""Who restores the pieces: processes of this machine that are started for it, or those of a dask scheduler.

Both are workers of dask, started alike (`refvr worker`): a nanny that starts its process again when that dies, one task
at a time, so that a task has all threads of its worker.
"""
from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from refvr.errors import InputError
from refvr.pipeline.film.scratch import scratch
from refvr.pipeline.film.worker import THREADS

if TYPE_CHECKING:
    import distributed

LOG = "worker.log"
# What dask's workers remember of the last hour grows by 4 MB a minute: where they were every 10 ms, and what they took
_KEEPS_LITTLE = {"DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
                 "DASK_DISTRIBUTED__ADMIN__SYSTEM_MONITOR__LOG_LENGTH": "600"}
TRIES = 3   # of a piece, also where its worker dies
CONNECT_S, ALONE_S, END_S, RETURN_S = 10, 60, 10, 120
EARLY_S, MOST_EARLY = 10, 10   # a worker that ends within so many seconds; how often in a row that may be


class Crew:
    """A client of a scheduler, and the workers that were started for it on this machine.

    A nanny starts its process again when that dies, but ends when it dies while it starts: then there is a new nanny.
    """

    def __init__(self, client: distributed.Client, starts: Sequence[Callable[[], subprocess.Popen]] = (),
                 address: str | None = None) -> None:
        self.client, self.address, self._starts, self._early = client, address, starts, 0
        self.own = [(start(), time.monotonic()) for start in starts]

    def check(self, here: bool) -> None:
        """Start those again that have ended. Raises InputError where they do so time after time.

        here  whether any worker is known to the scheduler: so they can live
        """
        if here:
            self._early = 0
        for k, (process, began) in enumerate(self.own):
            if process.poll() is None:
                continue
            self._early = self._early + 1 if time.monotonic() - began < EARLY_S else 0
            if self._early > MOST_EARLY:
                raise InputError(f"workers end as soon as they are started (status {process.returncode}"
                                 f"{_last_words(process.args)}); expected them to live", fix="--resume goes on")
            self.own[k] = self._starts[k](), time.monotonic()

    def again(self, say: Callable[[str], None]) -> None:
        """The scheduler is gone: wait for it to come back. Raises InputError where it does not."""
        with suppress(Exception):
            self.client.close(timeout=1)
        if self.address:
            say(f"the scheduler at {self.address} is gone; waiting {RETURN_S} s for it to be started again")
        ends = time.monotonic() + RETURN_S
        while self.address and time.monotonic() < ends:
            with suppress(OSError):
                self.client = connect(self.address)
                return
        raise InputError(f"the scheduler {self.address or 'of this run'} is gone; expected it to live",
                         fix="start it and workers again; --resume goes on")

    def end(self) -> None:
        """End those that were started here, and let go of the scheduler."""
        end([process for process, _ in self.own])
        self.own = []
        with suppress(Exception):   # it may be gone
            self.client.close(timeout=END_S)


@contextmanager
def crew(workers: int | str) -> Iterator[Crew]:
    """`workers` processes on this machine, or those of the scheduler at that address. Raises InputError."""
    distributed = need_distributed()
    import dask
    for name in [name for name in logging.root.manager.loggerDict if name.split(".")[0] == "distributed"]:
        logging.getLogger(name).setLevel(logging.CRITICAL)   # what matters is said in words of ours
    with ExitStack() as stack:
        stack.enter_context(dask.config.set({"distributed.scheduler.allowed-failures": TRIES - 1}))
        if isinstance(workers, str):
            found = Crew(_reached(workers), address=workers)
            stack.callback(found.end)
            yield found
            return
        folder = stack.enter_context(scratch())
        stack.enter_context(dask.config.set({"temporary-directory": str(folder)}))
        scheduler = stack.enter_context(distributed.LocalCluster(
            n_workers=0, processes=True, dashboard_address="127.0.0.1:0", silence_logs=logging.CRITICAL))
        start = partial(start_worker, scheduler.scheduler_address, folder, memory="0", quiet=True)
        found = Crew(distributed.Client(scheduler), [start] * workers)
        stack.callback(found.end)
        yield found


def check_crew(workers: int | str) -> None:
    """Refuse what no crew can come of, before a film is read for it. Raises InputError."""
    need_distributed()
    if isinstance(workers, str):
        if not workers.startswith("inproc://"):   # a scheduler in this process, without host and port
            check_address(workers, "cluster")
        _reached(workers).close(timeout=END_S)


def check_address(address: str, what: str) -> tuple[str, int]:
    """Host and port of the scheduler at `address`, an option or argument called `what`. Raises InputError."""
    need_distributed()
    from distributed.comm.addressing import parse_address, parse_host_port
    from distributed.comm.registry import get_backend
    try:
        scheme, place = parse_address(address)
        get_backend(scheme)
        host, port = parse_host_port(place)
        if not 0 < port < 1 << 16:
            raise ValueError(f"{port} is no port")
        return host, port
    except ValueError:
        raise InputError(f"{what}: got {address!r}, expected the address of a dask scheduler such as tcp://host:8786",
                         fix="`dask scheduler` prints it") from None


def answers(address: str, within_s: float = 2) -> bool:
    """Whether anything takes connections there now. Raises InputError for what is no address."""
    with suppress(OSError), socket.create_connection(check_address(address, "address"), within_s):
        return True
    return False


def _reached(address: str) -> distributed.Client:
    try:
        return connect(address)
    except (OSError, ValueError) as error:
        raise InputError(f"cluster: nobody answers at {address} ({str(error)[:80]}); expected a dask scheduler",
                         fix="start one with `dask scheduler`, and give the address that it prints") from None


def connect(address: str) -> distributed.Client:
    """A client of the scheduler there. Raises OSError, ValueError."""
    return need_distributed().Client(address, timeout=CONNECT_S)


def need_distributed() -> ModuleType:
    """The library, which comes with the extra `cluster`. Raises InputError."""
    try:
        import distributed
    except ImportError:
        raise InputError("workers need dask.distributed, which is not installed; expected the extra `cluster`",
                         fix="pip install 'refvr[cluster]'") from None
    return distributed


def start_worker(address: str, folder: Path, *, threads: int | None = None, memory: str = "auto", quiet: bool = False
                 ) -> subprocess.Popen:
    """A process with a worker for the scheduler at `address`.

    folder   for what dask keeps; the process runs there, so that no file of the user's folder is taken for a module
    threads  of the engine; None: what a task says, otherwise all cores
    memory   most that dask lets it take: "auto", "8G", "0" for no limit
    quiet    without dask's messages; then it also ends when it has found no scheduler for a minute
    """
    command = [sys.executable, "-m", "dask", "worker", address, "--nthreads", "1", "--nworkers", "1", "--no-dashboard",
               "--memory-limit", memory, "--local-directory", str(folder)]
    environment = {**_KEEPS_LITTLE, **os.environ, **({THREADS: str(threads)} if threads else {})}
    if not quiet:
        return subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, env=environment)
    with (folder / LOG).open("wb") as log:   # of the last one; who has it open before goes on writing
        return subprocess.Popen([*command, "--death-timeout", str(ALONE_S)], cwd=folder, stdin=subprocess.DEVNULL,
                                stdout=log, stderr=log, start_new_session=True, env=environment)


def _last_words(command: object) -> str:
    """What a quiet worker wrote last, for a message; `command` as it was started with."""
    with suppress(OSError, ValueError, IndexError):
        words = command if isinstance(command, list) else []
        log = Path(words[words.index("--local-directory") + 1]) / LOG
        return f", {log.read_text(errors='replace').strip().splitlines()[-1][-120:]}"
    return ""


def end(processes: list[subprocess.Popen]) -> None:
    """Ask them to end, and make them."""
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
