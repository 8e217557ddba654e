"""Where things of a scene are, and how they move."""
import numpy as np
import pytest

from refvr.scene.layers import Ball
from refvr.scene.view import Loop, Similarity, Swing, Turn


def test_the_top_of_a_rolling_ball_is_twice_as_fast_as_the_ball():
    ball = Ball(0.05, Swing(0j, 0.3 + 0.4j, 2.0), ((1, 1, 1),) * 3)
    t0, t1 = 0.1, 0.1001
    v, u, facing = ball.move(np.zeros(1), np.zeros(1), t0, t1)
    centre = ball.motion.at(t1).b - ball.motion.at(t0).b
    assert facing.all()
    assert complex(u[0], v[0]) == pytest.approx(centre, rel=1e-3)  # on the ball as far as the ball itself


def test_rolling_half_a_turn_hides_the_top():
    ball = Ball(0.05, Swing(0j, 0.3 + 0j, 4.0), ((1, 1, 1),) * 3)
    t1 = np.arcsin(np.pi * 0.05 / 0.3) * 4 / (2 * np.pi)  # when it has rolled pi radii
    v, u, facing = ball.move(np.zeros(1), np.zeros(1), 0.0, t1)
    assert not facing.any() and abs(complex(u[0], v[0])) < 1e-9


def test_a_car_drives_nose_ahead():
    for way in (5.0, -5.0):
        loop = Loop(0.1 + 0.2j, 0.4, 0.2, 0.3, way, 0.15)
        step = loop.at(1.0001).b - loop.at(0.9999).b
        assert loop.at(1.0).a == pytest.approx(step / abs(step), abs=1e-6)


def test_similarities_compose_and_invert():
    one, two = Turn(0.3 - 0.1j, 0.7, per_s=0.4).at(0.9), Similarity(2 - 1j, 0.5j)
    v, u = np.array([0.3, -0.2]), np.array([0.1, 0.7])
    direct = (two @ one).points(v, u)
    assert np.allclose(direct, two.points(*one.points(v, u)))
    assert np.allclose((two @ one).inverse().points(*direct), (v, u))
    assert np.allclose([p[1, 0] for p in two.grid(v, u)], [p[0] for p in two.points(v[1:], u[:1])])
