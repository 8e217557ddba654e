"""`refvr plan CLIP OUT`: what is known of a film, and how long it takes on many workers."""
import json

import media_clips
import numpy as np
import pytest
from rendered import scene

from refvr import zoo
from refvr.cli.main import main
from refvr.errors import InputError
from refvr.pipeline.film.forecast import forecast_film
from refvr.pipeline.memory import laid_out


@pytest.fixture
def film(tmp_path):
    clip = np.concatenate([scene(k, n) for k, n in enumerate((8, 7, 8))])[:, ::3, ::4]
    return str(media_clips.write(tmp_path / "film.mkv", np.rint(clip * 255).astype(np.uint8), "ffv1", "bgr0", rate=24))


def test_a_film_is_looked_at_and_measured(film, tmp_path, capsys):
    options = ["--model", "duf-s-x2", "--cuts", "auto", "--workers", "2", "--piece", "4"]
    assert main(["plan", film, str(tmp_path / "out.mp4"), *options, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["frames"], told["shots"], told["pieces"], told["longest"]) == (23, 3, 6, 4)
    assert (told["out_width"], told["out_height"], told["exact"]) == (32, 24, True)
    assert all(told["times"][name] > 0 for name in ("restore", "pass over", "encode", "find cuts"))
    assert [way["where"] for way in told["ways"]] == ["one process", "2 processes here", "2 machines like this one"]
    assert all(way["seconds"] > 0 and way["memory"] > 0 and way["disk"] > 0 for way in told["ways"])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["film.mkv"]
    assert main(["plan", film, str(tmp_path / "out.npy"), "--model", "duf-s-x2"]) == 0
    said = capsys.readouterr().out
    assert "23 frames of 32x24 by duf-s-x2" in said and "one process" in said and "machines" not in said


def test_a_clip_of_one_frame(film, tmp_path, capsys):
    np.save(tmp_path / "one.npy", np.zeros((1, 8, 8, 3), np.float32))
    assert main(["plan", str(tmp_path / "one.npy"), str(tmp_path / "out.npy"), "--model", "remonet-s", "--workers", "3",
                 "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pieces"] == 1


def test_what_cannot_be_planned(film, tmp_path, capsys):
    for arguments, says in (([str(tmp_path / "none.mp4"), "out.mp4"], "does not exist"),
                            ([film, "-", "--workers", "2"], "output - with workers"),
                            ([film, "out.mp4", "--workers", "0"], "workers: got 0"),
                            ([film, "out.mp4", "--rate", "2"], "makes no new frames")):
        assert main(["plan", *arguments, *(["--model", "duf-s-x2"] if "0" not in arguments else [])]) == 2
        assert says in capsys.readouterr().err


def test_memory_that_workers_cannot_share_is_refused_with_what_they_take():
    from refvr.pipeline.film.run import share

    assert share("2G", 2, 1 << 20) > 600 << 20 and share("2G", "tcp://host:8786", 0) == "2G"
    with pytest.raises(InputError, match="2 workers and the process that writes share 300.0 MB"):
        share("300M", 2, 1 << 20)


def test_what_an_output_cannot_hold_is_refused_before_anything_is_measured(tmp_path, monkeypatch):
    """x264 keeps more frames than images do: it is asked before the first frame is restored."""
    np.save(source := tmp_path / "in.npy", np.zeros((3, 90, 160, 3), np.float32))
    monkeypatch.setattr("refvr.pipeline.film.forecast.kept_to", lambda *told, **options: pytest.fail("measured"))
    most = laid_out(zoo.load("edvr-s-x4"), 90, 160, 1 << 30, lowest=True).peak + (8 << 20)
    with pytest.raises(InputError, match="less than this writer"):
        forecast_film(source, "out.mp4", zoo.load("edvr-s-x4"), "edvr-s-x4",
                      {"rate": 1, "sigma": None, "ensemble": False}, memory=most)
