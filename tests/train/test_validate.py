"""Figures of a validation."""
import csv
import io

from refvr.train.validate import Row, Scores

ROWS = (Row("noise-25", "a", 30.0, 28.0, 20.0, "V-BM3D", 1.0, 1.0, 2.0),
        Row("noise-25", "b", 32.0, 33.0, 21.0, "V-BM3D", 3.0, 0.9, 4.0))


def test_means_and_the_worst_clip():
    scores = Scores({"noise-25": 31.0}, {"noise-25": 20.5}, ROWS)
    figures = scores.figures()
    assert figures["psnr"] == 31 and figures["flicker"] == 2 and figures["worst_gain"] == -1
    assert figures["worst_over_free"] == 10 and "31.00 dB on noise-25 (20.50 without)" in scores.text()
    lines = list(csv.DictReader(io.StringIO(scores.table())))
    assert [line["clip"] for line in lines] == ["a", "b"] and float(lines[1]["gain"]) == -1
