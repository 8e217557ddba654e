"""The other side of a race: clips and training steps in PyTorch, timed by refvr/bench."""
from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import torch

import torch_peers
from refvr.bench.subjects import batch, call_options, frames_of, options_of, round_of
from refvr.errors import InputError
from refvr.records import record_of
from torch_peers import clips

LAYOUTS = ("channels first", "channels last")


class Clip:
    """The authors' way over the same clip, in the layout of memory that a rehearsal found faster."""

    def __init__(self, net: Any, spec: dict[str, Any]) -> None:
        torch.set_num_threads(spec["threads"])
        self._keeping = getattr(torch_peers.module_of(record_of(net)), "keeping_features", None)
        if spec["side"] == "keeps" and self._keeping is None:
            raise InputError(f"PyTorch's {type(net).__name__} keeps no features between windows")
        self._peer, self._spec = torch_peers.from_refvr(net), spec
        self._round, self._options = round_of(net), options_of(net)
        self._stream: Iterator[Any] | None = None
        if "layout" in spec:  # a race: nothing but what is raced stays in memory
            self._stream, self._peer = self._start(spec["layout"]), None

    def _start(self, layout: str) -> Iterator[Any]:
        peer = torch_peers.ready(self._peer, channels_last=layout == "channels last")
        if self._spec["side"] == "keeps":
            return self._keeping(peer, frames_of(self._spec))
        return clips.restore(peer, frames_of(self._spec), **self._options)

    def run(self) -> int:
        """One round; the number of frames that came."""
        for _ in range(self._round):
            next(self._stream)
        return self._round

    def rehearse(self) -> dict[str, Any]:
        """Both layouts: a round that warms up, and one that counts."""
        seconds = {}
        for layout in LAYOUTS:
            self._stream = self._start(layout)
            self.run()
            started = time.perf_counter()
            self.run()
            seconds[layout] = time.perf_counter() - started
        return {"layout": min(seconds, key=seconds.__getitem__)}


class Train:
    """The same step as ours."""

    def __init__(self, net: Any, spec: dict[str, Any]) -> None:
        torch.set_num_threads(spec["threads"])
        self._peer = torch_peers.from_refvr(net).train()
        torch_peers.keep_statistics(self._peer)
        inputs, self._answer = batch(net, spec["model"])
        self._inputs = [torch.from_numpy(x)[None] if x.ndim == 1 else clips.tensor(x) for x in inputs]
        self._options = call_options(net)
        self._adam = torch.optim.Adam(self._peer.parameters(), 1e-4)
        self._arrange(spec.get("layout", LAYOUTS[0]))

    def _arrange(self, layout: str) -> None:
        self._peer.to(memory_format=torch_peers.channels_last_of(self._peer) if layout == "channels last"
                      else torch.contiguous_format)

    def run(self) -> int:
        """One step."""
        self._adam.zero_grad()
        y = self._answer(self._peer(*self._inputs, **self._options))
        (y * y).mean().backward()
        self._adam.step()
        return 1

    def rehearse(self) -> dict[str, Any]:
        """Both layouts, as for a clip."""
        seconds = {}
        for layout in LAYOUTS:
            self._arrange(layout)
            self.run()
            started = time.perf_counter()
            self.run()
            seconds[layout] = time.perf_counter() - started
        return {"layout": min(seconds, key=seconds.__getitem__)}
