"""How good a network is on clips that it was not trained on, beside what needs no network: the figures of every bar.

Degradations, baselines and protocols are those of evaluate/tasks.py, so these figures are those of `refvr score` on the
first frames of the same clips. Slow baselines are left to `refvr score`.
"""
from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from refvr.evaluate.tasks import TASKS, Pairs, answer, baseline, make_pairs, missing
from refvr.metrics.protocols import score
from refvr.metrics.rims import overshoot
from refvr.metrics.steady import chroma_gain, flicker
from refvr.nn.module import Module
from refvr.train.clips import Clip

GAP, SHOWN = 8, 160  # pixels between the pictures; of each, at most, around the middle


class Row(NamedTuple):
    """One clip: PSNR in dB of the network, of the input, of the best baseline and its name; metrics/steady, rims."""

    kind: str
    clip: str
    psnr: float
    baseline: float
    free: float
    best: str
    flicker: float
    chroma: float
    overshoot: float

    @property
    def gain(self) -> float:
        """Over the best baseline, in dB."""
        return self.psnr - self.baseline

    @property
    def over_free(self) -> float:
        """Over the input as it is, in dB."""
        return self.psnr - self.free


class Scores(NamedTuple):
    """Means over the clips, in dB, by kind of degradation, of the network and of the input; and every clip."""

    network: dict[str, float]
    baseline: dict[str, float]
    clips: tuple[Row, ...] = ()

    def text(self) -> str:
        """PSNR by kind of degradation, with the network and without, and the worst gains, in one line for people."""
        parts = [f"{self.network[kind]:.2f} dB on {kind} ({self.baseline[kind]:.2f} without)" for kind in self.network]
        row = self.figures()
        return (f"{', '.join(parts)}, worst clip {row['worst_gain']:+.2f}, over the best without a network "
                f"{row['over_free']:+.2f}, at worst {row['worst_over_free']:+.2f}")

    def figures(self) -> dict[str, float]:
        """What the log has of a validation: means over clips and kinds, and the worst clips."""
        of = {name: [getattr(row, name) for row in self.clips]
              for name in ("psnr", "baseline", "gain", "over_free", "flicker", "chroma", "overshoot")}
        means = {name: float(np.mean(values)) for name, values in of.items()}
        del means["gain"]
        return {**means, "worst_gain": min(of["gain"]), "worst_over_free": min(of["over_free"])}

    def table(self) -> str:
        """Every clip as a line of CSV."""
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(("kind", "clip", "psnr", "baseline", "gain", "free", "best", "over_free", "flicker", "chroma",
                         "overshoot"))
        for row in self.clips:
            values = (row.psnr, row.baseline, row.gain, row.free, row.over_free, row.flicker, row.chroma, row.overshoot)
            texts = [f"{value:.4f}" for value in values]
            writer.writerow((row.kind, row.clip, *texts[:4], row.best, *texts[4:]))
        return text.getvalue()


class Validation:
    """The first `frames` answers of each clip, degraded once. Baselines are computed once too.

    task    row of evaluate/tasks.py; sigmas: of the noise, for denoisers
    """

    def __init__(self, clips: Sequence[Clip], task: str, network: Module, *, frames: int,
                 sigmas: tuple[float, ...] = (3.0, 10.0, 25.0, 50.0)) -> None:
        self._task, self._clips = TASKS[task], [clip.name for clip in clips]
        count = 2 * frames + 1 if task in ("deblur", "spacetime") else frames   # only every second frame is answered
        self._pairs = {kind: [self._made(kind, clip, count) for clip in clips]
                       for kind in self._task.kinds(network, sigmas)}
        self._without = {kind: [self._baselines(pairs) for pairs in made] for kind, made in self._pairs.items()}

    def scores(self, network: Module) -> tuple[Scores, np.ndarray]:
        """What the network reaches, and a picture: a line for each clip of the first kind, see `_strip`."""
        rows, strips = [], []
        for kind, made in self._pairs.items():
            for clip, pairs, (without, shown) in zip(self._clips, made, self._without[kind]):
                y, clean = _counted(pairs, list(answer(self._task, network, pairs))), _counted(pairs, pairs.clean)
                best = max(without, key=without.__getitem__)
                rows.append(Row(kind, clip, score(self._task.protocol, y, clean).psnr, next(iter(without.values())),
                                without[best], best, flicker(y, clean), chroma_gain(y, clean), overshoot(y, clean)))
                if kind == next(iter(self._pairs)):
                    strips.append(_strip(*shown, y[len(y) // 2], clean[len(y) // 2]))
        return Scores(_means(rows, "psnr"), _means(rows, "baseline"), tuple(rows)), _stacked(strips)

    def _made(self, kind: str, clip: Clip, count: int) -> Pairs:
        return make_pairs(self._task, kind, [f.astype(np.float32) / np.float32(255) for f in clip.frames[:count]])

    def _baselines(self, pairs: Pairs) -> tuple[dict[str, float], list[np.ndarray]]:
        """PSNR by baseline, the input first; the middle frames of the input and of the best baseline."""
        found, middle, absent = {}, {}, missing(self._task)
        for name in self._task.baselines:
            if name not in absent and name not in self._task.slow:
                y = _counted(pairs, baseline(self._task, name, pairs))
                found[name] = score(self._task.protocol, y, _counted(pairs, pairs.clean)).psnr
                middle[name] = y[len(y) // 2]
        return found, [middle[next(iter(found))], middle[max(found, key=found.__getitem__)]]


def _counted(pairs: Pairs, y: Sequence[np.ndarray]) -> np.ndarray:
    """The frames that a score counts, (t, h, w, 3)."""
    return np.stack([y[k] for k in pairs.counted])


def _strip(*pictures: np.ndarray) -> np.ndarray:
    """The middles of input, best baseline, network's answer and clean frame, side by side."""
    h, w, _ = pictures[-1].shape
    rows, columns = (slice(max(0, (side - SHOWN) // 2), max(0, (side - SHOWN) // 2) + SHOWN) for side in (h, w))
    gap = np.ones((min(h, SHOWN), GAP, 3), np.float32)
    parts = [part for picture in pictures for part in (picture[rows, columns], gap)]
    return np.rint(np.clip(np.concatenate(parts[:-1], 1), 0, 1) * 255).astype(np.uint8)


def _stacked(strips: Sequence[np.ndarray]) -> np.ndarray:
    """One below the other, white where one is narrower."""
    width, lines = max(strip.shape[1] for strip in strips), []
    for strip in strips:
        lines += [np.pad(strip, ((0, GAP), (0, width - strip.shape[1]), (0, 0)), constant_values=255)]
    return np.concatenate(lines)[:-GAP]


def _means(rows: Sequence[Row], what: str) -> dict[str, float]:
    return {kind: float(np.mean([getattr(row, what) for row in rows if row.kind == kind]))
            for kind in dict.fromkeys(row.kind for row in rows)}
