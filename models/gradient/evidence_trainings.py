"""Computed parts: networks of adaptive spiking neurons that accumulate evidence, in NumPy.

`EpropNetwork.gradients` are those of e-prop and of BPTT; `net.gradient` of such a network in Brian2
equals the latter to 1e-12 (tests/test_gradient.py), and its ``cut=[("v", "activity")]`` that with
a detached reset. 200 batches take ten seconds here.
"""

import numpy as np
from brian2 import Hz, ms

from brian_rflo.neurons import PRESETS
from brian_rflo.reference.eprop_network import EpropNetwork
from brian_rflo.tasks import EvidenceAccumulation

N, BATCH, RATE, EVERY = 40, 16, 5e-3, 25
#: How a spike raises the threshold of the adaptive half of the neurons, and for how many steps.
BETA, TAU_ADAPT = 1.7 * 0.6 / 10, 300


def task_of(seed):
    """Three cues, and a delay of 150 ms: shorter than in Bellec et al. 2020."""
    return EvidenceAccumulation(
        n_cues=3,
        cue=50 * ms,
        pause=25 * ms,
        delay=150 * ms,
        recall=75 * ms,
        cue_rate=80 * Hz,
        n_per_group=5,
        seed=seed,
    )


def weights_of(task, seed):
    """Initial weights, and those of random feedback."""
    rng, shapes = np.random.default_rng((seed, 0)), dict(recurrent=(N, N))
    shapes |= dict(input=(N, task.n_inputs), output=(task.n_outputs, N))
    weights = {
        name: rng.standard_normal(shape) / np.sqrt(shape[1]) for name, shape in shapes.items()
    }
    np.fill_diagonal(weights["recurrent"], 0)
    return weights, rng.standard_normal((N, task.n_outputs)) / np.sqrt(N)


def network(damping):
    """The network; its pseudo-derivative is `damping` times as high as the published one."""
    preset = PRESETS["evidence_accumulation"]
    return EpropNetwork(
        tau_m=20,
        tau_out=20,
        tau_adapt=TAU_ADAPT,
        beta=np.where(np.arange(N) < N // 2, 0.0, BETA),
        v_th=preset["threshold"],
        t_ref=3,
        zeta_recurrent=1.0,
        height=damping * preset["height"],
        width=preset["width"],
        loss="classification",
    )


def accumulated(
    progress,
    seed,
    iterations,
    through_time,
    through_reset=True,
    damping=1.0,
    clip=None,
    random=False,
):
    """A network trained by e-prop or by BPTT, with Adam: the share of wrong answers and the norm of
    the gradient in each batch, and in each `EVERY`-th its cosine with that of BPTT through the
    reset, over recurrent and input weights.
    """
    net, task = network(damping), task_of(seed)
    (weights, feedback), adam = weights_of(task, seed), Moments()
    wrong, norms, cosines = np.zeros(iterations), np.zeros(iterations), []
    for number in range(iterations):
        trials = [task.trial(number * BATCH + k) for k in range(BATCH)]
        trial = net.trial(weights, *(np.stack(values) for values in zip(*trials)))
        wrong[number] = share_wrong(trial)
        symmetric = weights | {"feedback": weights["output"].T}
        given = dict(averaged=True, through_time=through_time, through_reset=through_reset)
        bringing = weights | {"feedback": feedback} if random else symmetric
        gradient = net.gradients(bringing, trial, **given)
        gradient = {name: values / BATCH for name, values in gradient.items()}
        if number % EVERY == 0:
            exact = net.gradients(symmetric, trial, averaged=True, through_time=True)
            cosines.append(cosine(gradient, exact))
        norms[number] = np.sqrt(sum((values**2).sum() for values in gradient.values()))
        if clip and norms[number] > clip:
            gradient = {name: values * clip / norms[number] for name, values in gradient.items()}
        weights = adam.changed(weights, gradient)
        np.fill_diagonal(weights["recurrent"], 0)
        progress((number + 1) / iterations)
    return {"wrong": wrong, "norms": norms, "cosine": np.array(cosines)}


def cosine(one, other):
    """Return the cosine of two gradients by the weights of the neurons."""
    flat = [
        np.concatenate([values[name].ravel() for name in ("recurrent", "input")])
        for values in (one, other)
    ]
    return flat[0] @ flat[1] / np.linalg.norm(flat[0]) / np.linalg.norm(flat[1])


def share_wrong(trial):
    """Return the share of wrong answers in the steps that count."""
    mask = trial.mask[..., None] if trial.mask.ndim < trial.answer.ndim else trial.mask
    answers = (mask * trial.answer).sum(axis=0).argmax(axis=-1)
    return (answers != trial.target[-1].argmax(axis=-1)).mean()


class Moments:
    """Adam, as `brian_rflo.Adam`."""

    def __init__(self):
        self.first, self.second, self.count = {}, {}, 0

    def changed(self, weights, gradient):
        """Return changed weights."""
        self.count += 1
        scale = RATE * np.sqrt(1 - 0.999**self.count) / (1 - 0.9**self.count)
        for name, values in gradient.items():
            self.first[name] = 0.9 * self.first.get(name, 0) + 0.1 * values
            self.second[name] = 0.999 * self.second.get(name, 0) + 0.001 * values**2
        return {
            name: values - scale * self.first[name] / (np.sqrt(self.second[name]) + 1e-8)
            for name, values in weights.items()
        }
