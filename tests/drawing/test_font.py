"""Letters."""
import pytest

from refvr.drawing import font
from refvr.drawing.canvas import Canvas
from refvr.scene import paper, shuffle


def test_text_is_drawn_with_glyphs_that_exist():
    for text in (*paper.TEXT, *shuffle.TITLES):
        assert not {c for c in text if c != " " and c not in font.GLYPHS}
    canvas = Canvas(0.05, 0.2, 400)
    canvas.paint(1.0, (1, 1, 1))
    font.write(canvas, "Hello", -0.15, 0.02, 0.05, (0, 0, 0))
    ink = 1 - canvas.rgb[0]
    assert 0.02 < ink.mean() < 0.3 and ink.max() == pytest.approx(1)
    assert all(font.text_width(line, 0.02) <= 0.5 for line in font.wrap(paper.TEXT[0], 0.5, 0.02))
