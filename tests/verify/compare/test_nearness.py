"""How near a value of theirs is to one of ours."""
import numpy as np

from refvr.verify.compare.nearness import CLOSE, distance, sample_of


def test_distance_is_relative_to_how_ours_varies():
    ours = np.random.default_rng(0).standard_normal(500)
    assert distance(ours, ours) == 0 and distance(ours, ours * (1 + 1e-6)) < CLOSE
    assert 0.9 < distance(ours, ours + 1) / (1 / ours.std()) < 1.1
    assert distance(np.ones(5), np.ones(5)) == np.inf == distance(ours, np.full(500, np.nan))


def test_samples_are_the_same_places_of_a_shape():
    x = np.arange(2 * 30 * 40 * 3).reshape(2, 30, 40, 3)
    assert np.array_equal(sample_of(x), sample_of(x.copy())) and sample_of(x).ndim == 1
