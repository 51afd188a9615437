"""Computed part: adaptive spiking neurons trained by e-prop, and the cosine of e-prop with the
gradient in each `every`-th batch.

Table and figure are in `alignment.py`, so that they can change independently.
"""

import numpy as np
from brian2 import defaultclock, ms

from brian_rflo import Adam, DiscreteLIFNeurons, LearningNetwork, PerTrial
from brian_rflo.brian.devices import device as on
from brian_rflo.gradient import GradientAlignment
from brian_rflo.network import AllToAll
from brian_rflo.neurons import PRESETS
from brian_rflo.readouts import Softmax
from brian_rflo.rules import AdaptiveEProp

from .evidence_trainings import BATCH, BETA, RATE, TAU_ADAPT, N, task_of, weights_of
from .trainings import CREDIT, aligned, runtime

TAU, SLOW = 20 * ms, TAU_ADAPT * ms


def eprop_network(task, networks, seed, feedback):
    """The networks of `evidence`, side by side; the trials of a batch run side by side, too."""
    drawn = [weights_of(task, seed + k) for k in range(networks)]
    initial = {name: np.stack([one[name] for one, _ in drawn]) for name in drawn[0][0]}
    neurons = DiscreteLIFNeurons(
        networks * BATCH * N,
        tau=TAU,
        tau_adapt=SLOW,
        beta=np.tile(np.where(np.arange(N) < N // 2, 0.0, BETA), networks * BATCH),
        refractory=3 * ms,
        **PRESETS["evidence_accumulation"],
    )
    return LearningNetwork(
        task,
        neurons,
        AdaptiveEProp(RATE, tau=TAU, tau_adapt=SLOW),
        readout=Softmax(TAU),
        credit=CREDIT[feedback],
        learn=PerTrial(Adam(), window=task.steps("recall") * BATCH, copies=BATCH),
        connectivity=AllToAll(self_connections=False),
        initial=initial | {"feedback": np.stack([one for _, one in drawn])},
        networks=networks,
    )


def eprop(progress, device, feedback, networks, seed, batches, every):
    """Networks that accumulate evidence: arrays of a `TrainingResult`, and of the alignment."""
    with on(runtime(device)):
        task = task_of(seed)
        defaultclock.dt = task.dt
        net = eprop_network(task, networks, seed, feedback)
        watch = GradientAlignment(net, every=every)
        given = dict(namespace={}, **progress.report(runtime(device)))
        result = net.train(batches * BATCH, **given)
    return result.arrays() | aligned(watch)
