"""Rules of perturbation whose random draws are given."""

from brian2 import TimedArray, ms

from brian_rflo.rules import NodePerturbation


def weights_given(kind, sigma, draws, n_steps, **more):
    """Return a rule that perturbs weights, with learning rate 1 and given draws ``[trial, post,
    pre]``.
    """
    trials, n_post, n_pre = draws.shape
    values = TimedArray(draws.swapaxes(1, 2).reshape(trials, -1), dt=n_steps * ms)
    drawn = f"perturbed_network*given(t + 0.5*dt, (i % {n_pre})*{n_post} + j % {n_post})"

    class Given(kind):
        constants = {"given": values}
        reset = kind.reset.replace("perturbed_network*sigma*randn()", drawn)

    return Given(1.0, sigma, **more)


def noise_given(sigma, draws):
    """Return a rule of node perturbation with given draws ``[trial, step, unit]``."""
    values = TimedArray(draws.reshape(-1, draws.shape[-1]), dt=1 * ms)

    class Given(NodePerturbation):
        constants = {"given": values}
        explores = f"perturbed_network*given(t, i % {draws.shape[-1]})"

    return Given(1.0, sigma)
