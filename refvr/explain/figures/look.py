"""What figures draw from: one call of a network, its values, its result, and where a pixel of the result lies."""
from __future__ import annotations

from functools import cached_property

import numpy as np

from refvr.explain import rows
from refvr.explain.points import Point
from refvr.explain.sight import Sight
from refvr.nn.trace import trace


class Seen:
    """A call that has been run; its tape is only made where it is asked for."""

    def __init__(self, sight: Sight) -> None:
        self.sight, self.subject, self.net = sight, sight.subject, sight.subject.net
        with trace() as values:
            self.answer = self.subject.call(*self.subject.operands.values())
        self.values = values
        self.result = rows.frame_of(self.subject, self.answer)   # (h, w, 3)
        pictures = rows.by_frame({k: x for k, x in self.subject.operands.items() if x.shape[-1] == 3})
        self.given = [np.asarray(picture) for _, picture in pictures]
        self.frame_names = [rows.label_of(self.subject, name) for name, _ in pictures]

    @cached_property
    def tape(self) -> rows.Rows:
        """For rows of the Jacobian."""
        return rows.Rows(self.subject)

    @property
    def scale(self) -> int:
        """Pixels of the result for one of the frames that the network is given."""
        return len(self.result) // len(self.given[0])

    def place(self, point: Point) -> tuple[float, float]:
        """Row and column, in pixels of the frames that the network is given, of the centre of a pixel of the result.

        DUF's small frames are every s-th pixel; everyone else's share the edges of the picture.
        """
        shift = 0.0 if self.subject.record.corners else 0.5
        row, column = ((v + shift) / self.scale - shift for v in (point.y, point.x))
        return row, column

    def title(self, words: str) -> str:
        """`words` after what was run."""
        about = self.subject.about
        drawn = ", weights drawn at random" if self.sight.drawn else ""
        part = "" if self.sight.whole is None else ", part from row {}, column {}".format(*self.sight.origin)
        return f"{about['model']} on {about['input']}, frame {self.sight.frame}{part}{drawn}: {words}"
