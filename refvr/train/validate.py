"""How good a network is on clips that it was not trained on: mean PSNR, beside what needs no network.

Degradations, baselines and protocols are those of evaluate/tasks.py, so these figures are those of `refvr score` on the
first frames of the same clips.
"""
from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from refvr.evaluate.tasks import TASKS, Pairs, answer, baseline, make_pairs
from refvr.metrics.protocols import score
from refvr.train.clips import Clip

GAP = 8  # pixels between the pictures


class Scores(NamedTuple):
    """Means over the clips, in dB, by kind of degradation: of the network, of the baseline; the worst clip's gain.

    clips  (kind, clip, network, baseline) one by one
    """

    network: dict[str, float]
    baseline: dict[str, float]
    worst: float
    clips: tuple[tuple[str, str, float, float], ...] = ()

    def text(self) -> str:
        """One line."""
        parts = [f"{self.network[kind]:.2f} dB on {kind} ({self.baseline[kind]:.2f} without)" for kind in self.network]
        return f"{', '.join(parts)}, worst clip {self.worst:+.2f}"

    def table(self) -> str:
        """Every clip as a line of CSV."""
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(("kind", "clip", "psnr", "baseline", "gain"))
        writer.writerows((kind, clip, f"{ours:.3f}", f"{without:.3f}", f"{ours - without:.3f}")
                         for kind, clip, ours, without in self.clips)
        return text.getvalue()


class Validation:
    """The first `frames` answers of each clip, degraded once. Baselines are computed once too.

    task    row of evaluate/tasks.py; sigmas: of the noise, for denoisers
    """

    def __init__(self, clips: Sequence[Clip], task: str, network: Any, *, frames: int,
                 sigmas: tuple[float, ...] = (25.0, 50.0)) -> None:
        self._task, self._clips = TASKS[task], [clip.name for clip in clips]
        self._name = next(iter(self._task.baselines))
        count = 2 * frames + 1 if task in ("deblur", "spacetime") else frames   # only every second frame is answered
        self._pairs = {kind: [self._made(kind, clip, count) for clip in clips]
                       for kind in self._task.kinds(network, sigmas)}
        self._without = {kind: [self._score(pairs, baseline(self._task, self._name, pairs)) for pairs in made]
                         for kind, made in self._pairs.items()}

    def scores(self, network: Any) -> tuple[Scores, np.ndarray]:
        """What the network reaches, and a picture: a baseline, the network, the clean frame, side by side."""
        found, picture = {}, None
        for kind, made in self._pairs.items():
            found[kind] = []
            for pairs in made:
                y = list(answer(self._task, network, pairs))
                found[kind].append(self._score(pairs, y))
                picture = self._picture(pairs, y) if picture is None else picture
        rows = tuple((kind, *row) for kind in found for row in zip(self._clips, found[kind], self._without[kind]))
        worst = min(ours - without for *_, ours, without in rows)
        return Scores(_means(found), _means(self._without), worst, rows), picture

    def _made(self, kind: str, clip: Clip, count: int) -> Pairs:
        return make_pairs(self._task, kind, [f.astype(np.float32) / np.float32(255) for f in clip.frames[:count]])

    def _score(self, pairs: Pairs, y: Sequence[np.ndarray]) -> float:
        counted = list(pairs.counted)
        return score(self._task.protocol, np.stack([y[k] for k in counted]),
                     np.stack([pairs.clean[k] for k in counted])).psnr

    def _picture(self, pairs: Pairs, y: Sequence[np.ndarray]) -> np.ndarray:
        k = pairs.counted[len(pairs.counted) // 2]
        gap = np.ones((len(y[k]), GAP, 3), np.float32)
        row = [baseline(self._task, self._name, pairs)[k], gap, y[k], gap, pairs.clean[k]]
        return np.rint(np.clip(np.concatenate(row, 1), 0, 1) * 255).astype(np.uint8)


def _means(scores: dict[str, list[float]]) -> dict[str, float]:
    return {kind: float(np.mean(values)) for kind, values in scores.items()}
