"""Draw the pictures that the chapters of docs/learn need beside those of the pages (extra `plot`).

python tools/draw_learn.py
"""
from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
BOXES = {"x": (0, 1.0), "square": (2, 1.6), "mul 3": (2, 0.4), "add": (4, 1.0), "sum": (6, 1.0)}
ARROWS = (("x", "square", "x", "2x"), ("x", "mul 3", "x", "3"), ("square", "add", "x²", "1"),
          ("mul 3", "add", "3x", "1"), ("add", "sum", "y", "1"))


def tape() -> None:
    """What chapter 2 records: forward to the right, gradients back."""
    figure, axes = plt.subplots(figsize=(12, 4.2), dpi=130)
    for name, (x, y) in BOXES.items():
        axes.text(x, y, name, ha="center", va="center", fontsize=15,
                  bbox={"boxstyle": "round,pad=0.5", "facecolor": "#eef3f8", "edgecolor": "#4a6fa5"})
    for start, end, value, slope in ARROWS:
        (x0, y0), (x1, y1) = BOXES[start], BOXES[end]
        for shift, colour, text, turned in ((0.09, "#333333", value, False), (-0.09, "#c0392b", slope, True)):
            a, b = (x0 + 0.45, y0 + shift), (x1 - 0.45, y1 + shift)
            axes.annotate("", *(a, b) if turned else (b, a),
                          arrowprops={"arrowstyle": "->", "color": colour, "lw": 1.6})
            axes.text((a[0] + b[0]) / 2, (a[1] + b[1]) / 2 + (0.1 if shift > 0 else -0.12), text, color=colour,
                      ha="center", va="center", fontsize=13)
    axes.text(0, 0.35, "gradients add:\n2x + 3", color="#c0392b", ha="center", va="center", fontsize=13)
    axes.text(6, 1.75, "black: values, as they are recorded\nred: what each adjoint multiplies by",
              ha="center", va="center", fontsize=12)
    axes.set_xlim(-0.8, 7.4)
    axes.set_ylim(-0.1, 2.1)
    axes.axis("off")
    figure.savefig(IMAGES / "tape.png", bbox_inches="tight", facecolor="white")


if __name__ == "__main__":
    tape()
