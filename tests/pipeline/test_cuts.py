"""restore --cuts: each shot is a clip of its own, to the bit; times and numbers are those of the whole."""
import json
from fractions import Fraction

import media_clips
import numpy as np
import pytest
from rendered import scene
from restoring import Stop, answers, nets, shots_restored, stop_after

from refvr import zoo
from refvr.cli.main import main
from refvr.errors import InputError, OutputError
from refvr.pipeline.cuts import Found
from refvr.pipeline.restore import restore

CASES = [case for case in nets() if "official" not in case[2]]
RATES = [2, 3, Fraction(5, 2), Fraction(8, 3), Fraction(2, 3)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join([case[0], *case[2]]))
def test_a_shot_is_a_clip_of_its_own(case):
    name, net, options = case
    lengths = (7, 1, 9) if name in ("remonet", "fastdvdnet", "stfan-s") else (3, 1, 2)
    clip = np.random.default_rng(3).random((sum(lengths), 12, 8, 3), np.float32)
    cuts = tuple(np.cumsum(lengths)[:-1].tolist())
    got = shots_restored(net, clip, options, cuts)
    rate = options.get("rate", 1)
    if "routing" not in options:   # draws count from the beginning of the clip
        want = []
        for part in np.split(clip, cuts):
            alone = answers(net, part, options)
            want += [*alone, *[alone[-1]] * (rate - 1)]   # until the next shot begins
        assert len(got) == rate * (len(clip) - 1) + 1
        assert all(np.array_equal(a.rgb, b) for a, b in zip(got, want))
    for start in {1, 3 * rate, cuts[0] * rate - 1, cuts[0] * rate, cuts[1] * rate, len(got) - 1, len(got)}:
        rest = shots_restored(net, clip, options, cuts, start)
        assert len(rest) == len(got) - start
        assert all(np.array_equal(a.rgb, b.rgb) and a.pts == b.pts for a, b in zip(rest, got[start:]))


@pytest.mark.parametrize("rate", RATES)
def test_nothing_is_made_between_shots_and_no_time_changes(rate):
    net, clip = zoo.load("safa-s"), np.random.default_rng(3).random((7, 8, 8, 3), np.float32)
    whole = shots_restored(net, clip, {"rate": rate}, ())
    got = shots_restored(net, clip, {"rate": rate}, (4,))
    assert [(f.pts, f.time_base, f.duration) for f in got] == [(f.pts, f.time_base, f.duration) for f in whole]
    third = shots_restored(net, clip[:4], {"rate": 1}, ())[3].rgb
    for j, (a, b) in enumerate(zip(got, whole)):
        between = 3 <= j / rate < 4
        assert np.array_equal(a.rgb, third if between else b.rgb), j


@pytest.fixture
def film(tmp_path):
    clip = np.concatenate([scene(k, n) for k, n in enumerate((8, 7, 8))])[:, ::3, ::4]
    return media_clips.write(tmp_path / "film.mkv", np.rint(clip * 255).astype(np.uint8), "ffv1", "bgr0", rate=24)


def test_cuts_are_found_and_given_alike(film, tmp_path, capsys):
    options = {"model": "stfan-s"}
    said = []
    report = restore(film, tmp_path / "auto.npy", cuts="auto", say=said.append, **options)
    assert report.frames == 23 and said == ["2 cuts found in 23 frames"]
    for form, flags in (("json", []), ("edl", ["--edl"])):
        assert main(["shots", str(film), *flags]) == 0
        (tmp_path / form).write_text(capsys.readouterr().out)
        restore(film, tmp_path / "given.npy", cuts=tmp_path / form, **options)
        assert (tmp_path / "given.npy").read_bytes() == (tmp_path / "auto.npy").read_bytes()
    restore(film, tmp_path / "none.npy", **options)
    auto, none = np.load(tmp_path / "auto.npy"), np.load(tmp_path / "none.npy")
    assert np.array_equal(auto[:8], none[:8]) and not np.array_equal(auto[8], none[8])
    restore(film, tmp_path / "part.npy", cuts=(8, 15), start="0.25s", frames=12, **options)   # frames 6 to 17
    restore(film, tmp_path / "found.npy", cuts="auto", start=2, frames=16, **options)
    assert np.array_equal(np.load(tmp_path / "part.npy")[2:], auto[8:18])
    assert np.array_equal(np.load(tmp_path / "found.npy")[6:], auto[8:18])


def test_the_command_takes_them(film, tmp_path):
    assert main(["restore", str(film), str(tmp_path / "a.npy"), "--model", "stfan-s", "--cuts", "auto"]) == 0
    restore(film, tmp_path / "b.npy", model="stfan-s", cuts=[8, 15])
    assert (tmp_path / "a.npy").read_bytes() == (tmp_path / "b.npy").read_bytes()


def test_cuts_of_a_pipe_are_found_on_the_way(film, tmp_path, monkeypatch):
    import os
    import threading
    pixels = media_clips.write(tmp_path / "in.mkv", np.rint(np.concatenate(
        [scene(k, 12) for k in range(2)])[:, ::3, ::4] * 255).astype(np.uint8), "ffv1", "yuv444p", rate=24)
    from refvr.media import open_reader, open_writer
    with open_reader(pixels) as clip, open_writer(tmp_path / "in.y4m", clip.info) as out:
        for frame in clip:
            out.write(frame)
    os.mkfifo(tmp_path / "pipe")
    data = (tmp_path / "in.y4m").read_bytes()
    feed = threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes(data))
    feed.start()
    restore(tmp_path / "pipe", tmp_path / "piped.npy", model="stfan-s", cuts="auto")
    feed.join()
    restore(tmp_path / "in.y4m", tmp_path / "read.npy", model="stfan-s", cuts=[12])
    assert (tmp_path / "piped.npy").read_bytes() == (tmp_path / "read.npy").read_bytes()


@pytest.mark.parametrize("text", ['{"cuts": [12, 23]}', "[40]"])
def test_frames_beyond_the_end_are_refused(film, tmp_path, text):
    (tmp_path / "cuts.json").write_text(text)
    with pytest.raises(InputError, match=r"cuts: got frame \d\d, but .*film.mkv has 23 frames"):
        restore(film, tmp_path / "out.npy", cuts=tmp_path / "cuts.json")
    assert not (tmp_path / "out.npy").exists()


def test_what_does_not_go_together(film, tmp_path):
    with pytest.raises(InputError, match="--official with cuts"):
        restore(film, tmp_path / "out.npy", model="stfan-s", official=True, cuts="auto")
    with pytest.raises(InputError, match="nothere cannot be read"):
        restore(film, tmp_path / "out.npy", cuts=tmp_path / "nothere")


def test_resume_knows_the_cuts(film, tmp_path, monkeypatch):
    from refvr.pipeline import resume as resuming
    monkeypatch.setattr(resuming, "STATE_EVERY_S", 0)
    restore(film, tmp_path / "whole.npy", model="stfan-s", cuts="auto")
    for count in (8, 9, 20):
        with pytest.raises(Stop):
            restore(film, tmp_path / "out.npy", model="stfan-s", cuts="auto", progress=stop_after(count))
        with pytest.raises(OutputError, match="cuts 8, 15, now it is nothing"):
            restore(film, tmp_path / "out.npy", model="stfan-s", resume=True)
        report = restore(film, tmp_path / "out.npy", model="stfan-s", cuts=[8, 15], resume=True)
        assert report.resumed == count
        assert (tmp_path / "out.npy").read_bytes() == (tmp_path / "whole.npy").read_bytes()


def test_without_cuts_nothing_changes(tmp_path):
    np.save(tmp_path / "in.npy", scene(0, 9)[:, ::3, ::4])
    for cuts in ("none", "auto", [], tmp_path / "empty.json"):
        (tmp_path / "empty.json").write_text(json.dumps({"cuts": []}))
        restore(tmp_path / "in.npy", tmp_path / f"{len(str(cuts))}.npy", model="stfan-s", cuts=cuts)
    assert len({path.read_bytes() for path in tmp_path.glob("[0-9]*.npy")}) == 1


def test_nothing_at_cuts_through_restore(tmp_path):
    np.save(tmp_path / "in.npy", np.random.default_rng(3).random((5, 8, 8, 3), np.float32))
    totals = []
    report = restore(tmp_path / "in.npy", tmp_path / "out.npy", model="safa-s", rate=2, cuts=[2], at_cuts="nothing",
                     progress=lambda done, total: totals.append(total))
    assert report.frames == len(np.load(tmp_path / "out.npy")) == set(totals).pop() == 8
    with pytest.raises(InputError, match="at cuts: got 'never', expected one of repeat, nothing"):
        restore(tmp_path / "in.npy", tmp_path / "out.npy", model="safa-s", at_cuts="never")
    with pytest.raises(InputError, match="STFAN makes no new frames; got at_cuts nothing"):
        restore(tmp_path / "in.npy", tmp_path / "out.npy", model="stfan-s", at_cuts="nothing")


def test_other_cuts_are_another_text_and_late_ones_are_told():
    many = tuple(range(10, 400, 10))
    other = (*many[:7], many[7] + 1, *many[8:])
    assert Found(many).about() != Found(other).about() and Found(many).about().startswith("39, from 10 to 390 (")
    assert Found((8, 15)).about() == "8, 15" and Found().about() is None is Found(None).about()
    assert Found((8, 15), given=True).beyond(15) == ["the list of cuts has frame 15, the clip ended after 15"]
    assert Found((8, 15), given=True).beyond(16) == [] == Found((8, 15)).beyond(15)
