"""The log of a run: log.csv, one line a step, and loss.png, the curve of it."""
from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from refvr.media.atomic import unwritable

COLUMNS = ("step", "loss", "mse", "lr", "norm", "seconds", "windows_per_s", "psnr")


class Log:
    """Appends to a CSV file. `step` lines that a resumed run computes again are dropped when it is opened.

    loss, mse, norm  of the batch: what is minimised, mean square error of the first network, length of the gradient
    seconds          since the run began, without pauses; windows_per_s: of this step alone
    psnr             mean validation PSNR after this step, where it was measured
    """

    def __init__(self, path: Path, *, step: int = 0) -> None:
        self.path = path
        self.rows: list[dict[str, float]] = []
        if step and path.is_file():
            with path.open(newline="") as file:
                kept = [row for row in csv.DictReader(file) if int(row["step"]) <= step]
            self.rows = [{key: float(value) if value else math.nan for key, value in row.items()} for row in kept]
        self._file: TextIO = self._try(lambda: path.open("w", newline=""))
        self._writer = csv.DictWriter(self._file, COLUMNS, restval="")
        self._try(self._writer.writeheader)
        for row in self.rows:
            self._write(row)

    def add(self, **row: float) -> None:
        """One line; the file is on disk after `flush`."""
        self.rows.append(row)
        self._write(row)

    def flush(self) -> None:
        """Bring what was added to the file."""
        self._try(self._file.flush)

    def close(self) -> None:
        """Flush and close."""
        self._try(self._file.close)

    def _write(self, row: dict[str, float]) -> None:
        text = {key: f"{value:.7g}" for key, value in row.items() if not math.isnan(value)}
        self._try(lambda: self._writer.writerow({**text, "step": int(row["step"])}))

    def _try(self, action: Any) -> Any:
        try:
            return action()
        except OSError as error:
            raise unwritable(self.path, error) from error


def smoothed(values: Sequence[float], points: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Means of at most `points` runs of equal length: (position of each run's middle, mean), positions from 1."""
    values = np.asarray(values, np.float64)
    edges = np.linspace(0, len(values), min(points, len(values)) + 1).astype(int)
    return (edges[:-1] + 1 + edges[1:]) / 2, np.add.reduceat(values, edges[:-1]) / np.diff(edges)
