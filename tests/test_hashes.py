"""Every network's answers keep their bytes; tests/support/hashes.py says which answers, and what may change them."""
import json

import hashes
import numpy as np
import pytest

import refvr


@pytest.mark.parametrize("name", hashes.SUBJECTS)
def test_answers_have_the_bytes_that_they_had(name):
    stored, now = json.loads(hashes.STORED.read_text())[name], dict(hashes.answers(hashes.SUBJECTS[name]))
    assert now.keys() == stored.keys()
    assert not [what for what in stored if now[what] != stored[what]], "`python tests/support/hashes.py` lists all"


def test_nothing_stored_is_left_over():
    assert list(json.loads(hashes.STORED.read_text())) == list(hashes.SUBJECTS)


def test_a_changed_bit_changes_the_hash():
    x = hashes.clip(1, 4, 4)
    other = x.copy()
    other[0, 1, 2, 0] = np.nextafter(other[0, 1, 2, 0], np.float32(2))
    assert hashes.digest([x]) != hashes.digest([other])
    assert len({hashes.digest([x]), hashes.digest([x.reshape(1, 4, 12)]), hashes.digest([x.astype(np.float64)])}) == 3
    for nothing in (np.zeros((4, 4), np.float32), x * np.float32(np.nan)):
        with pytest.raises(ValueError, match="prove nothing"):
            hashes.digest([nothing])


@pytest.mark.parametrize("name", ["remonet", "duf x2", "edvr", "stfan", "safa, chosen"])
def test_threads_do_not_change_a_hash(name):
    subject = hashes.SUBJECTS[name]
    stored = json.loads(hashes.STORED.read_text())[name]
    for count in (1, 3):
        with refvr.threads(count):
            found = hashes.digest(hashes.restore_frames(hashes.clip(subject.frames, *subject.sizes[0]),
                                                        subject.network(), **subject.told))
        assert found == stored["clip {}x{}, winograd".format(*subject.sizes[0])]
