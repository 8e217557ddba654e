"""The log of a run: log.csv, one line a step, and loss.png, the curve of it."""
from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from refvr.media.atomic import write_bytes

COLUMNS = ("step", "loss", "mse", "lr", "norm", "seconds", "windows_per_s", "psnr", "baseline",
           "skipped", "worst_gain", "over_free", "worst_over_free", "flicker", "chroma", "overshoot")


class Log:
    """Lines of a CSV file. `step` lines that a resumed run computes again are dropped when it is opened.

    loss, mse, norm  of the batch: what is minimised, mean square error of the first network, length of the gradient
    seconds          since the run began, without pauses; windows_per_s: of this step alone
    psnr, baseline   mean validation PSNR after this step, where it was measured; that of the input
    worst_gain       over the input, of the clip that gains least; over_free, worst_over_free: over the best baseline
    flicker, chroma, overshoot   of the validation, metrics/steady.py and rims.py
    skipped          updates of this step that were left out (Recipe.guard)
    """

    def __init__(self, path: Path, *, step: int = 0) -> None:
        self.path = path
        self.rows: list[dict[str, float]] = []
        if step and path.is_file():
            with path.open(newline="") as file:
                kept = [row for row in csv.DictReader(file) if int(row["step"]) <= step]
            self.rows = [{key: float(value) if value else math.nan for key, value in row.items()} for row in kept]
        self._text = io.StringIO(newline="")
        self._writer = csv.DictWriter(self._text, COLUMNS, restval="")
        self._writer.writeheader()
        for row in self.rows:
            self._write(row)

    def add(self, **row: float) -> None:
        """One line; the file is on disk after `save`."""
        self.rows.append(row)
        self._write(row)

    def save(self) -> None:
        """Write the file, whole or not at all. Raises OutputError."""
        write_bytes(self.path, self._text.getvalue().encode())

    def _write(self, row: dict[str, float]) -> None:
        text = {key: f"{value:.7g}" for key, value in row.items() if not math.isnan(value)}
        self._writer.writerow({**text, "step": int(row["step"])})


def smoothed(values: Sequence[float], points: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Means of at most `points` runs of equal length: (position of each run's middle, mean), positions from 1."""
    x = np.asarray(values, np.float64)
    edges = np.linspace(0, len(x), min(points, len(x)) + 1).astype(int)
    return (edges[:-1] + 1 + edges[1:]) / 2, np.add.reduceat(x, edges[:-1]) / np.diff(edges)
