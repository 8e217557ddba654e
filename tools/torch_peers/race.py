"""The other side of a race: clips and training steps in PyTorch, timed by refvr/bench."""
from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import torch

import torch_peers
from refvr.bench.subjects import batch, frames_of, options_of, round_of
from torch_peers import clips


class _Counter:
    """Counts the direct operations of convolutions while it is open."""

    def __init__(self, peer: torch.nn.Module) -> None:
        self.flop, self._peer, self._hooks = 0.0, peer, []

    def __enter__(self) -> _Counter:
        for module in self._peer.modules():
            weight = getattr(module, "weight", None)
            if weight is not None and weight.ndim >= 4:
                self._hooks.append(module.register_forward_hook(self._hear))
        return self

    def __exit__(self, *exception: Any) -> None:
        for hook in self._hooks:
            hook.remove()

    def _hear(self, module: Any, given: tuple[Any, ...], y: Any) -> None:
        transposed = isinstance(module, torch.nn.ConvTranspose2d)
        self.flop += 2.0 * (given[0] if transposed else y).numel() * module.weight[0].numel()


class Clip:
    """The authors' way over the same clip. The first round tries both layouts of memory and keeps the faster."""

    def __init__(self, net: Any, spec: dict[str, Any]) -> None:
        torch.set_num_threads(spec["threads"])
        self._peer, self._spec = torch_peers.from_refvr(net), spec
        self._round, self._options = round_of(net), options_of(net)
        self._stream: Iterator[Any] | None = None

    def run(self) -> int:
        """One round; the number of frames that came."""
        if "frames" in self._spec:
            return sum(1 for _ in clips.restore(torch_peers.ready(self._peer), frames_of(self._spec), **self._options))
        if self._stream is None:
            self._choose()
        return self._advance()

    def _advance(self) -> int:
        for _ in range(self._round):
            next(self._stream)
        return self._round

    def _choose(self) -> None:
        found = []
        for channels_last in (False, True):
            peer = torch_peers.ready(self._peer, channels_last=channels_last)
            self._stream = clips.restore(peer, frames_of(self._spec), **self._options)
            self._advance()
            started = time.perf_counter()
            self._advance()
            found.append((time.perf_counter() - started, peer, self._stream))
        _, self._peer, self._stream = min(found, key=lambda entry: entry[0])

    def work(self) -> tuple[float, list[dict[str, Any]]]:
        """Arithmetic of one round."""
        with _Counter(self._peer) as counter:
            self.run()
        return counter.flop, []


class Train:
    """The same step as ours."""

    def __init__(self, net: Any, spec: dict[str, Any]) -> None:
        torch.set_num_threads(spec["threads"])
        self._peer = torch_peers.from_refvr(net).train()
        for module in self._peer.modules():  # SAFA's batch norms keep to their stored statistics
            if self._peer.network == "SAFA" and isinstance(module, torch.nn.BatchNorm2d):
                module.eval()
        self._peer.to(memory_format=torch_peers.PEERS[self._peer.network][3])
        inputs, self._answer = batch(net, spec["model"])
        safa = self._peer.network == "SAFA"
        self._inputs = [torch.from_numpy(x)[None] if x.ndim == 1 else clips.tensor(x) for x in inputs]
        self._options = {"routing": "half"} if safa else {}
        self._adam = torch.optim.Adam(self._peer.parameters(), 1e-4)

    def run(self) -> int:
        """One step."""
        self._adam.zero_grad()
        y = self._answer(self._peer(*self._inputs, **self._options))
        (y * y).mean().backward()
        self._adam.step()
        return 1

    def work(self) -> tuple[float, list[dict[str, Any]]]:
        """As ours counts it."""
        with _Counter(self._peer) as counter:
            self.run()
        return 3 * counter.flop, []
