"""Workers."""
import dataclasses

import numpy as np
import pytest
from restoring import given, shots_restored

from refvr import zoo
from refvr.pipeline.film.pieces import Piece
from refvr.pipeline.film.stored import stored
from refvr.pipeline.film.worker import Changed, Refused, Task, restore_and_store
from refvr.pipeline.resume import about


def task_of(film, **changes):
    """A task, as `restore` makes it."""
    net = zoo.load("stfan-s")
    task = Task("key", str(film), str(film.parent), (None, None), "stfan-s", None, "winograd",
                given({"sigma": None, "official": False, "ensemble": False}), (4,), about(film, net, "stfan-s", {}))
    return dataclasses.replace(task, **{"key": str(changes), **changes})


def test_a_worker_restores_its_piece(film):
    task = task_of(film)
    for piece in (Piece(4, 11), Piece(0, 4)):   # the clip is opened again where a piece lies before what was read
        restore_and_store(task, piece)
        got = [frame.rgb for frame in stored(task.path(piece))]
        want = shots_restored(zoo.load("stfan-s"), np.load(film), {}, (4,))[piece.start:piece.stop]
        assert all(np.array_equal(a, b.rgb) for a, b in zip(got, want, strict=True))


@pytest.mark.parametrize(("changes", "says"), [
    ({"about": {"version": "0.0.9"}}, "it has refvr .* expected 0.0.9"),
    ({"about": {"weights": "other"}}, "its weights are .* expected other"),
    ({"folder": "/nowhere"}, "cannot see /nowhere"), ({"source": "/nowhere.npy"}, "cannot read /nowhere.npy")])
def test_a_worker_that_would_give_other_frames_refuses(film, changes, says):
    if "about" in changes:
        changes = {"about": {**task_of(film).about, **changes["about"]}}
    with pytest.raises(Refused, match=says):
        restore_and_store(task_of(film, **changes), Piece(0, 4))


def test_a_clip_that_changes_is_noticed(film):
    task = task_of(film)
    restore_and_store(task, Piece(0, 4))
    np.save(film, np.zeros((11, 12, 8, 3), np.float32))
    with pytest.raises(Changed, match=r"film.npy changed while it was restored"):
        restore_and_store(task, Piece(4, 11))
    with pytest.raises(Changed, match=r"film.npy is not the clip that the work began with"):
        restore_and_store(task, Piece(4, 11))
