"""The base class of writers.

A `Writer` is a context manager: leaving it normally completes the file under its final name, leaving it through an
exception (Ctrl-C too) keeps the finished frames under another name and tells it in `partial`.
"""
from __future__ import annotations

import os
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np

from refvr.errors import OutputError, ShapeError
from refvr.interrupt import interrupts_wait
from refvr.media import room
from refvr.media.clip import Frame
from refvr.media.part_folder import PartFolder

if TYPE_CHECKING:
    from refvr.media.encoding import Encoding

SYNC_EVERY_S = 5.0


class Writer:
    """A clip being written. Use it as a context manager.

    path       the final name
    written    frames written so far
    warnings   what was changed or left out, one line each
    held_frames  frames of float32 that writing takes at most beside the one that is written (measured);
    held_between  those of them that it still has when that is done
    partial    where the finished frames were kept after an interruption, or None
    part       the part folder while the output is not complete; None for what goes to a pipe
    playable   how many of them can be looked at there; all `written` ones, or fewer where there was no room
    keeps_beyond  whether it writes what lies outside of [0, 1] in linear light (`Frame.beyond`)
    encoding     of a video: how pieces of it are encoded elsewhere, for `adopt`; None: it takes frames alone
    says         what its encoder says before the first packet
    """

    keeps_beyond = False
    encoding: Encoding | None = None
    says = ""
    ends: frozenset[int] = frozenset()   # frames that begin pieces, where `encoding` is there
    held_frames = 1.0

    @property
    def held_between(self) -> float:
        """Of `held_frames` those held between two frames; where it was not measured, all."""
        return self.held_frames

    def __init__(self, path: Path | str, height: int, width: int) -> None:
        self.path = Path(path)
        self.height, self.width = height, width
        self.written = 0
        self.warnings: list[str] = []
        self.partial: Path | None = None
        self.part: PartFolder | None = None
        self.playable = 0
        self._closed = False
        self._synced = time.monotonic()

    def adopt(self, piece: Path) -> None:
        """Take the next frames as a piece that was encoded elsewhere; where `encoding` is there."""
        raise NotImplementedError(type(self).__name__)

    def write(self, frame: Frame) -> None:
        """Append one frame. Raises ShapeError for another size and OutputError for NaN, infinity or a failed write."""
        if self._closed:
            raise OutputError(f"got a frame after {self.path.name} was closed; expected none any more",
                              fix="write it before")
        if frame.rgb.shape != (self.height, self.width, 3):
            raise ShapeError(f"frame {self.written} for {self.path.name}: got shape {frame.rgb.shape}, "
                             f"expected ({self.height}, {self.width}, 3)")
        if frame.alpha is not None and frame.alpha.shape != (self.height, self.width):
            raise ShapeError(f"alpha of frame {self.written} for {self.path.name}: got shape {frame.alpha.shape}, "
                             f"expected ({self.height}, {self.width})", fix="resize it too, or leave it out")
        bad = frame.rgb.size - int(np.isfinite(frame.rgb).sum())
        if bad:
            raise OutputError(f"frame {self.written} for {self.path.name} has {bad} values that are NaN or infinite; "
                              "expected finite RGB", fix="check the weights and the input")
        if frame.beyond is not None and not self.keeps_beyond:
            self.warn(f"light outside of [0, 1] is cut off in {self.path.name}; .exr keeps it")
        with interrupts_wait():
            self._write(frame)
            self.written += 1
            self._sync_now_and_then()

    def _sync_now_and_then(self) -> None:
        if time.monotonic() - self._synced > SYNC_EVERY_S:
            self.sync()

    def expect(self, frames: int) -> None:
        """So many frames will have been written in the end: is there room? Raises OutputError where there is none."""
        need, rest = self._need(), max(0, frames - self.written)
        folder = Path(os.path.abspath(self.path)).parent
        line = need and room.check(folder, need, rest * self.height * self.width)
        if line:
            self.warn(line)

    def _need(self) -> room.Need | None:
        """What a pixel takes on the disk; None for what goes to a pipe."""
        return None

    def sync(self) -> None:
        """Bring all frames to the disk: lost power does not lose them. Happens by itself every few seconds."""
        with interrupts_wait():
            self._sync()
            self._synced = time.monotonic()

    def _sync(self) -> None:
        """What `sync` does for this format: nothing where writing reaches the disk at once, or a pipe."""

    def _write(self, frame: Frame) -> None:
        raise NotImplementedError

    def _finish(self) -> None:
        """Complete the output under its final name."""
        raise NotImplementedError

    def _abandon(self) -> Path | None:
        """Keep what can be kept; return where, or None when there is nothing."""
        raise NotImplementedError

    def close(self) -> None:
        """Complete the output; afterwards it exists under its final name. Same as leaving the `with` block."""
        if self._closed:
            return
        with interrupts_wait():
            try:
                self._finish()
            except BaseException:
                self._keep()
                raise
            self._closed = True

    def _keep(self) -> None:
        self._closed = True
        with interrupts_wait():
            self.partial = self._abandon()
            self.playable = self.playable or (self.written if self.partial else 0)

    def warn(self, line: str) -> None:
        """Note something once."""
        if line not in self.warnings:
            self.warnings.append(line)

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None,
                 trace: TracebackType | None) -> None:
        if kind is None:
            self.close()
        elif not self._closed:
            self._keep()
