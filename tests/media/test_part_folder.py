"""The folder in which an output comes to be: one process at a time, continued only where the job is the same."""
import json
import os
import subprocess
import sys

import pytest
from places import ROOT

from refvr.errors import OutputError
from refvr.media.part_folder import STORED, Job, PartFolder


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def begun(final, about, content=b"frames"):
    """A folder that a run has left, with finished frames."""
    folder = PartFolder(final, job=Job(about))
    folder.file("frames-000000.log").write_bytes(content)
    folder.close()
    return folder


def test_it_lies_beside_the_output_with_a_record_and_goes_with_the_end(tmp_path):
    folder = PartFolder(tmp_path / "a.mp4", job=Job({"crf": 20}), made={"codec": "ffv1"})
    assert folder.path == tmp_path / "a.mp4.part" and names(folder.path) == ["lock", "record.json"]
    assert json.loads(folder.file("record.json").read_text()) == {"about": {"crf": 20, "codec": "ffv1"}}
    assert not folder.resumed and folder.warnings == []
    folder.file("frames-1").write_bytes(b"1")
    folder.finished()
    assert names(tmp_path) == []


@pytest.mark.parametrize("job, can", [(None, False), (Job(), True)])
def test_without_a_job_nothing_can_be_continued(tmp_path, job, can):
    assert PartFolder(tmp_path / "a.mp4", job=job).can_resume is can


def test_two_runs_at_a_time_are_refused(tmp_path):
    first = PartFolder(tmp_path / "a.mp4", job=Job())
    with pytest.raises(OutputError, match=f"a.mp4 is being written by process {os.getpid()}; expected one run at a"):
        PartFolder(tmp_path / "a.mp4", job=Job(resume=True))
    first.close()
    PartFolder(tmp_path / "a.mp4", job=Job(resume=True)).close()


def test_a_process_that_was_killed_has_no_lock(tmp_path):
    code = ("import os, sys; from pathlib import Path; from refvr.media.part_folder import *;"
            "f = PartFolder(Path(sys.argv[1]), job=Job({'crf': 1})); os.kill(os.getpid(), 9)")
    subprocess.run([sys.executable, "-c", code, tmp_path / "a.mp4"], cwd=ROOT)
    assert names(tmp_path) == ["a.mp4.part"]
    assert PartFolder(tmp_path / "a.mp4", job=Job({"crf": 1}, resume=True)).resumed


def test_the_same_job_goes_on_with_what_is_there(tmp_path):
    begun(tmp_path / "a.mp4", {"crf": 20, "sizes": (4, 6)})
    folder = PartFolder(tmp_path / "a.mp4", job=Job({"crf": 20, "sizes": (4, 6)}, resume=True))
    assert folder.resumed and folder.file("frames-000000.log").read_bytes() == b"frames" and folder.warnings == []


@pytest.mark.parametrize("about, said", [
    ({"crf": 21}, "begun with crf 20, now it is 21"), ({}, "begun with crf 20, now it is nothing"),
    ({"crf": 20, "fps": 25}, "begun with fps nothing, now it is 25")])
def test_another_job_is_refused_and_nothing_is_lost(tmp_path, about, said):
    begun(tmp_path / "a.mp4", {"crf": 20})
    with pytest.raises(OutputError, match=f"a.mp4.part was {said}; expected the same input, options"):
        PartFolder(tmp_path / "a.mp4", job=Job(about, resume=True))
    assert PartFolder(tmp_path / "a.mp4", job=Job({"crf": 20}, resume=True)).resumed, "and nobody holds it"


@pytest.mark.parametrize("left", ["frames-000000.log", "tail.npz", f"{STORED}000.mp4"])
def test_begun_anew_finished_frames_are_moved_out_of_the_way(tmp_path, left):
    for count in (1, 2):
        begun(tmp_path / "a.mp4", {}, content=b"")
        (tmp_path / "a.mp4.part" / left).write_bytes(b"frames")
        folder = PartFolder(tmp_path / "a.mp4", job=Job())
        assert names(folder.path) == ["lock", "record.json"] and not folder.resumed
        assert (tmp_path / f"a.mp4.part{count}" / left).read_bytes() == b"frames"
        assert folder.warnings == [f"finished frames of an earlier run are now in {tmp_path}/a.mp4.part{count}; "
                                   "--resume would have continued it"]
        with pytest.raises(OutputError, match="is being written"):
            PartFolder(tmp_path / "a.mp4", job=Job())
        folder.close()


def test_begun_anew_what_has_no_frame_is_swept_away(tmp_path):
    begun(tmp_path / "a.mp4", {}, content=b"")
    folder = PartFolder(tmp_path / "a.mp4", job=Job())
    assert names(tmp_path) == ["a.mp4.part"] and names(folder.path) == ["lock", "record.json"]


def test_a_record_that_is_torn_is_none(tmp_path):
    for torn in (b"{", b"[1]"):
        begun(tmp_path / "a.mp4", {"crf": 20})
        (tmp_path / "a.mp4.part" / "record.json").write_bytes(torn)
        folder = PartFolder(tmp_path / "a.mp4", job=Job({"crf": 21}, resume=True))
        assert not folder.resumed and names(folder.path) == ["lock", "record.json"]
        folder.remove()


def test_a_finished_output_is_made_again_and_said(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"done")
    folder = PartFolder(tmp_path / "a.mp4", job=Job(resume=True))
    assert [f"there is no unfinished work on {tmp_path / 'a.mp4'}; it is made again" in line
            for line in folder.warnings] == [True]
    folder.close()
    assert PartFolder(tmp_path / "a.mp4", job=Job()).warnings == [], "where nobody asked to continue"


def test_facts_are_kept_beside_what_the_job_is_about(tmp_path):
    folder = PartFolder(tmp_path / "a.mp4", job=Job({"crf": 20}))
    folder.note("cuts", [4, 9])
    folder.note("cuts", [4])
    folder.close()
    again = PartFolder(tmp_path / "a.mp4", job=Job({"crf": 20}, resume=True))
    assert again.resumed and again.noted("cuts") == [4] and again.noted("other") is None


def test_names_are_sorted_by_beginning_and_end(tmp_path):
    folder = PartFolder(tmp_path / "a.mp4")
    for name in ("frames-2.mp4", "frames-1.mp4", "frames-1.mp4.log", "other.mp4"):
        folder.file(name).touch()
    assert [p.name for p in folder.names("frames-", ".mp4")] == ["frames-1.mp4", "frames-2.mp4"]


def test_frames_that_are_kept_replace_those_of_before_and_go_when_all_is_done(tmp_path):
    """Unless somebody has put something else there."""
    (tmp_path / "a.partial.mp4").write_bytes(b"mine")
    for count, data in enumerate((b"one", b"twos"), 1):
        folder = PartFolder(tmp_path / "a.mp4", job=Job(resume=True))
        part = folder.fresh("whole")
        assert part.part == folder.file("whole.mp4")
        part.write(data)
        assert folder.leave(folder.keep(part)) == tmp_path / "a.partial2.mp4", count
        assert (tmp_path / "a.partial2.mp4").read_bytes() == data
    PartFolder(tmp_path / "a.mp4", job=Job(resume=True)).finished()
    assert names(tmp_path) == ["a.partial.mp4"] and (tmp_path / "a.partial.mp4").read_bytes() == b"mine"
    folder = PartFolder(tmp_path / "a.mp4", job=Job())
    (part := folder.fresh("whole")).write(b"one")
    kept = folder.keep(part)
    kept.write_bytes(b"another")
    folder.finished()
    assert kept.read_bytes() == b"another"


def test_a_file_that_an_earlier_process_left_is_no_obstacle(tmp_path):
    folder = PartFolder(tmp_path / "a.mp4")
    folder.file("whole.mp4").write_bytes(b"of a killed run")
    part = folder.fresh("whole")
    part.write(b"1")
    part.commit()
    assert (tmp_path / "a.mp4").read_bytes() == b"1"


@pytest.mark.parametrize("stored, kept, stays", [(False, False, False), (True, False, True), (False, True, True)])
def test_left_unfinished_it_stays_where_something_can_be_continued(tmp_path, stored, kept, stays):
    folder = PartFolder(tmp_path / "a.mp4", job=Job())
    if stored:
        folder.file(f"{STORED}000.mp4").touch()
    assert folder.leave(tmp_path / "played.mp4" if kept else None) == (tmp_path / "played.mp4" if kept else None)
    assert folder.path.is_dir() == stays
    PartFolder(tmp_path / "a.mp4", job=Job()).close()   # nobody holds it


def test_what_could_not_be_begun_leaves_what_was_there(tmp_path):
    PartFolder(tmp_path / "new.mp4", job=Job()).give_up()
    begun(tmp_path / "a.mp4", {})
    PartFolder(tmp_path / "a.mp4", job=Job(resume=True)).give_up()
    assert names(tmp_path) == ["a.mp4.part"] and names(tmp_path / "a.mp4.part")[0] == "frames-000000.log"


def test_what_cannot_be_removed_is_said_and_does_no_harm(tmp_path):
    folder = PartFolder(tmp_path / "a.mp4")
    (folder.path / "foreign").mkdir()
    folder.finished()
    assert [f"{folder.path} could not be removed" in line for line in folder.warnings] == [True]
    PartFolder(tmp_path / "a.mp4", job=Job(resume=True)).close()


def test_outputs_that_cannot_be_are_refused(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"1")
    for path, options, part in ((tmp_path / "a.mp4", {"overwrite": False}, "exists"),
                                (tmp_path / "a.mp4", {"source": str(tmp_path / "a.mp4")}, "is the input itself"),
                                (tmp_path / "no" / "a.mp4", {}, "does not exist")):
        with pytest.raises(OutputError, match=part):
            PartFolder(path, **options)
    assert names(tmp_path) == ["a.mp4"]
    PartFolder(tmp_path / "out", folder=True).close()   # a folder is looked at by who writes images
    (tmp_path / "link.mp4.part").symlink_to(tmp_path)
    (tmp_path / "link.mp4.refvr-part").symlink_to(tmp_path)
    with pytest.raises(OutputError, match="in the way"):
        PartFolder(tmp_path / "link.mp4")
