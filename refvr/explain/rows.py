"""Rows of a network's Jacobian, exactly, by the tape: which values of the input made a value of the output.

    rows = Rows(subject)                                one forward pass, whose tape is kept
    rows.of(dy)       operand -> sum over y of dy[y] * d output[y] / d operand, an array like the operand

A tape is used up by one walk (autodiff/tape.py). Here its memories are put back after each walk, so a pass forward
serves any number of rows.
"""
from __future__ import annotations

from typing import Any

import numpy as np

from refvr.autodiff.tape import Node, Tensor, backward
from refvr.verify.runs.network_call import Subject


class Rows:
    """The tape of one call. `output` (h, w, 3): the result; `operands` whose axes end in colours are on the tape."""

    def __init__(self, subject: Subject) -> None:
        self._leaves = {name: Tensor(x, name=name) for name, x in subject.operands.items() if x.shape[-1] == 3}
        answer = subject.call(*(self._leaves.get(name, x) for name, x in subject.operands.items()))
        self._y = picture_of(answer)
        frame = output_index(subject)
        self._index = (0, frame) if self._y.ndim == 5 else (0,)
        self._memories = _memories(self._y)

    @property
    def output(self) -> np.ndarray:
        """The frame that is explained, (h, w, 3), of those that the call answers."""
        return self._y.data[self._index]

    def of(self, dy: np.ndarray) -> dict[str, np.ndarray]:
        """The gradient of sum(dy * output) by operand. dy (h, w, 3): such as 1 at a single value."""
        full = np.zeros(self._y.shape, self._y.dtype)
        full[self._index] = dy
        for leaf in self._leaves.values():
            leaf.grad = None
        backward(self._y, full)
        for x, node in self._memories:
            x.node = node
        return {name: np.zeros_like(leaf.data) if leaf.grad is None else leaf.grad
                for name, leaf in self._leaves.items()}


def picture_of(answer: object) -> Any:
    """The frames among what a network answers."""
    return answer[0] if isinstance(answer, tuple) else answer


def output_index(subject: Subject) -> int:
    """Which frame of an answer with several is the one in question."""
    frames = getattr(subject.net.config, "frames", 1)
    return subject.about["frame"] % frames if subject.record.call.all_frames else 0


def frame_of(subject: Subject, answer: object) -> np.ndarray:
    """The frame in question of what a network answers, (h, w, 3)."""
    y = picture_of(answer)
    return y[0, output_index(subject)] if y.ndim == 5 else y[0]


def by_frame(rows: dict[str, np.ndarray]) -> list[tuple[str, np.ndarray]]:
    """(name, (h, w, 3)) for each frame that was given."""
    found = []
    for name, row in rows.items():
        if row.ndim == 5:
            found += [(f"{name}[{k}]", row[0, k]) for k in range(row.shape[1])]
        else:
            found.append((name, row[0]))
    return found


def label_of(subject: Subject, name: str) -> str:
    """What a reader calls an operand, or a part of one: "x[2]" of EDVR's three frames is frame +1."""
    if not name.endswith("]"):
        return {"previous": "blurred frame before", "restored": "restored frame before", "frame": "this frame",
                "image0": "first frame", "image1": "second frame"}.get(name, name)
    frames, k = subject.net.config.frames, int(name.partition("[")[2][:-1])
    middle = subject.about["frame"] % frames if subject.record.call.all_frames else frames // 2
    return "this frame" if k == middle else f"frame {k - middle:+d}"


def _memories(y: Tensor) -> list[tuple[Tensor, Node]]:
    seen: dict[int, tuple[Tensor, Node]] = {}
    todo = [y]
    while todo:
        x = todo.pop()
        if x.node is not None and id(x) not in seen:
            seen[id(x)] = x, x.node
            todo += [parent for parent in x.node.inputs if parent is not None]
    return list(seen.values())
