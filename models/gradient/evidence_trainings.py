"""Computed parts: networks of adaptive spiking neurons that accumulate evidence, trained by e-prop
or by the gradient.
"""

import numpy as np
from brian2 import Hz, defaultclock, ms

from brian_rflo import Adam, DiscreteLIFNeurons, LearningNetwork, PerTrial, schedule
from brian_rflo.brian.conditional import ConditionalMonitor, last_step
from brian_rflo.brian.devices import device as on
from brian_rflo.gradient import BPTT, GradientAlignment
from brian_rflo.network import AllToAll
from brian_rflo.neurons import PRESETS
from brian_rflo.readouts import Softmax
from brian_rflo.rules import AdaptiveEProp
from brian_rflo.tasks import EvidenceAccumulation

from .trainings import CREDIT, aligned, runtime

TAU_M, TAU_ADAPT, REFRACTORY = 20 * ms, 300 * ms, 3 * ms
#: How a spike raises the threshold of the adaptive half of the neurons.
BETA = 1.7 * 0.6 / 10


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


def weights_of(task, n, networks, seed):
    """Initial weights of networks, ``[network, post, pre]``."""
    drawn = []
    for network in range(networks):
        rng = np.random.default_rng((seed, network))
        shapes = dict(recurrent=(n, n), input=(n, task.n_inputs), output=(task.n_outputs, n))
        weights = {
            name: rng.standard_normal(shape) / np.sqrt(shape[1]) for name, shape in shapes.items()
        }
        np.fill_diagonal(weights["recurrent"], 0)
        drawn.append(weights | {"feedback": rng.standard_normal((n, task.n_outputs)) / np.sqrt(n)})
    return {name: np.stack([one[name] for one in drawn]) for name in drawn[0]}


def accumulated(
    progress,
    device,
    teacher,
    rate,
    n,
    batch,
    networks,
    seed,
    iterations,
    clip=None,
    damping=1.0,
    cut=(),
    every=0,
):
    """Networks side by side, trained by e-prop with random or symmetric feedback, or by BPTT:
    arrays of a `TrainingResult`, and the share of wrong answers of each batch.

    The pseudo-derivative is `damping` times as high as the published one.
    """
    task = task_of(seed)
    preset = PRESETS["evidence_accumulation"]
    preset = preset | {"height": damping * preset["height"]}
    weights = weights_of(task, n, networks, seed)
    with on(runtime(device)):
        defaultclock.dt = task.dt
        beta = np.where(np.arange(n) < n // 2, 0.0, BETA)
        neurons = DiscreteLIFNeurons(
            networks * batch * n,
            tau=TAU_M,
            tau_adapt=TAU_ADAPT,
            beta=np.tile(beta, networks * batch),
            refractory=REFRACTORY,
            **preset,
        )
        net = LearningNetwork(
            task,
            neurons,
            AdaptiveEProp(rate, tau=TAU_M, tau_adapt=TAU_ADAPT),
            readout=Softmax(TAU_M),
            credit=CREDIT[teacher],
            learn=PerTrial(
                Adam(), window=task.steps("recall") * batch, copies=batch, clip_norm=clip
            ),
            connectivity=AllToAll(self_connections=False),
            initial=weights,
            networks=networks,
        )
        choices = ConditionalMonitor(
            net.readout, "choice", True, last_step(task.n_steps), schedule.RECORD
        )
        net.add(choices)
        watch = GradientAlignment(net, every=every) if every else None
        by_gradient = BPTT(rate, optimizer=Adam(), clip_norm=clip, cut=cut)
        result = net.train(
            batch * iterations,
            learn=by_gradient if teacher == "bptt" else None,
            namespace={},
            **progress.report(runtime(device)),
        )
        wrong = wrong_answers(task, np.asarray(choices.choice), networks, batch)
    return result.arrays() | {"wrong": wrong} | (aligned(watch) if watch else {})


def wrong_answers(task, choices, networks, batch):
    """Return the share of wrong answers of each batch, ``[network, batch]``."""
    answers = choices.reshape(networks, batch, task.n_outputs, -1).argmax(axis=2)
    answers = answers.swapaxes(1, 2).reshape(networks, -1)
    sides = np.array([task.trial(number)[1][-1].argmax() for number in range(answers.shape[1])])
    return (answers != sides).reshape(networks, -1, batch).mean(axis=2)
