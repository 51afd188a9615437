"""Contrasts of models/baldi1991 in NumPy, their gradients, and what its tables count."""

import numpy as np
import pytest
from brian_rflo.models.baldi1991 import contrast
from brian_rflo.models.baldi1991.oscillation_training import cosine
from brian_rflo.models.baldi1991.training import X, Y, masks, with_bias, xor_start
from brian_rflo.models.baldi1991.trajectory_training import course
from brian_rflo.models.baldi1991.xor import since

SHAPES = masks(5, 1, 2, True)
START = xor_start(2, True, 8)
SHOWN = with_bias(X)


def test_activities_at_rest_are_minima_of_the_energy():
    W, Win = START
    a = contrast.activity(contrast.relaxed(W, Win, SHOWN, contrast.start(W, SHOWN)))
    least = contrast.energy(W, Win, SHOWN, a)
    rng = np.random.default_rng(0)
    for _ in range(20):
        near = np.clip(a + 0.01 * rng.standard_normal(a.shape), 1e-6, 1 - 1e-6)
        assert (contrast.energy(W, Win, SHOWN, near) > least).all()


@pytest.mark.parametrize("kind", ["clamp", "soft"])
def test_the_gradient_of_a_contrast_is_the_product_of_both_phases(kind):
    """Written out here: taught less free."""
    W, Win = START
    strength = None if kind == "clamp" else 0.5
    u = contrast.relaxed(W, Win, SHOWN, contrast.start(W, SHOWN))
    free = contrast.activity(u)
    taught = contrast.activity(contrast.relaxed(W, Win, SHOWN, u, goal=Y, strength=strength))
    if strength is None:
        taught[..., -1:] = Y
    size = 1 / (strength or 1) / len(X)
    rule = size * np.einsum("npi,npj->nij", taught, taught)
    rule -= size * np.einsum("npi,npj->nij", free, free)
    rule_in = size * np.einsum("npi,pj->nij", taught - free, SHOWN)
    change = contrast.listed(rule, rule_in, *SHAPES)
    slopes = contrast.gradient(contrast.CONTRASTS[kind], W, Win, SHOWN, Y, strength, *SHAPES)
    assert np.abs(change).max() > 1e-3
    np.testing.assert_allclose(-slopes, change, atol=1e-5)


def test_a_weak_wave_has_the_contrast_of_the_squared_error():
    given = (*START, SHOWN, Y)
    weak, error = contrast.oscillating(*given, 0.01), contrast.error(*given)
    np.testing.assert_allclose(weak, error, rtol=1e-3)
    assert (contrast.soft(*given, 0.5) < error).all()


def test_the_epoch_from_which_a_network_stays_right():
    named = np.array([[0, 1, 0, 0], [1, 1, 0, 1], [0, 1, 0, 0], [1, 1, 0, 0]], dtype=bool)
    assert since(named).tolist() == [3, 0, np.inf, np.inf]


def test_cosines_and_courses():
    assert cosine(np.array([[1.0, 0], [1, 1]]), np.array([[0.0, 2], [3, 3]])) == pytest.approx(
        [0, 1]
    )
    inputs, target = course(40)
    assert inputs.shape == (40, 3) and target.mean() == pytest.approx(0.5)
    assert target[5] == pytest.approx(0.85) and target[15] == pytest.approx(0.15)
