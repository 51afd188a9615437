"""Networks trained on evidence accumulation by e-prop in Brian2, and controls.

Settings are those of NEST's tutorial and of the authors' code; see README.md.
"""

import numpy as np
from brian2 import Hz, defaultclock, ms

from brian_rflo import (
    Adam,
    DiscreteLIFNeurons,
    EProp,
    FiringRate,
    LearningNetwork,
    PerTrial,
    schedule,
)
from brian_rflo.brian.conditional import ConditionalMonitor, last_step
from brian_rflo.brian.devices import device as on
from brian_rflo.network import AllToAll
from brian_rflo.neurons import PRESETS
from brian_rflo.readouts import Softmax
from brian_rflo.reference.eprop_network import EpropNetwork
from brian_rflo.rules import AdaptiveEProp

C_REG, F_TARGET = 300, 10 * Hz
#: Time constants, and how a spike raises the threshold of an adaptive neuron.
TAU_M, TAU_ADAPT, REFRACTORY = 20 * ms, 2000 * ms, 5 * ms
BETA = 1.7 * (1 - np.exp(-1 / 2000)) / (1 - np.exp(-1 / 20))
#: What each variant of evidence accumulation is: whether half of the neurons adapt, whether traces
#: know of it, and which weights learn.
VARIANTS = {
    "eprop": (True, True, ("recurrent", "input", "output")),
    "lif": (False, False, ("recurrent", "input", "output")),
    "rflo": (True, False, ("recurrent", "input", "output")),
    "readout": (True, True, ("output",)),
}


def evidence_weights(task, n, seed, networks):
    """Initial weights of networks of `n` neurons for evidence accumulation, ``[network, post,
    pre]``.
    """
    drawn = []
    for network in range(networks):
        rng, edge = np.random.default_rng((seed, network)), np.sqrt(6 / (n + task.n_outputs))
        weights = {
            name: rng.standard_normal((n, n_pre)) / np.sqrt(n_pre)
            for name, n_pre in (("input", task.n_inputs), ("recurrent", n))
        }
        np.fill_diagonal(weights["recurrent"], 0)
        drawn.append(
            weights
            | {
                "output": rng.uniform(-edge, edge, (task.n_outputs, n)),
                "feedback": rng.standard_normal((n, task.n_outputs)),
            }
        )
    return {name: np.stack([weights[name] for weights in drawn]) for name in drawn[0]}


def beta_of(n, adaptive=True):
    """Return beta of each neuron; the second half adapts."""
    return np.where(np.arange(n) < n // 2, 0.0, BETA if adaptive else 0.0)


def evidence_network(n):
    """The network of evidence accumulation in NumPy."""
    return EpropNetwork(
        tau_m=20,
        tau_out=20,
        tau_adapt=2000,
        beta=beta_of(n),
        v_th=0.6,
        t_ref=5,
        zeta_recurrent=1.0,
        c_reg=C_REG,
        f_target=0.01,
        loss="classification",
    )


def evidence(progress, device, task, variant, n, batch, networks, seed, iterations, rate, falling):
    """Networks side by side, trained on evidence accumulation in Brian2: arrays of a
    `TrainingResult`, and each trial's answer.

    On compiled targets four trials run side by side, on numpy a whole batch. Where the learning
    rate is `falling`, it does so linearly to 0.
    """
    adaptive, traced, trained = VARIANTS[variant]
    copies = batch if device == "numpy" else 4
    rule = AdaptiveEProp(rate, tau=TAU_M, tau_adapt=TAU_ADAPT) if traced else EProp(rate, tau=TAU_M)
    with on(device):
        defaultclock.dt = task.dt
        beta = np.tile(beta_of(n, adaptive), networks * copies)
        neurons = DiscreteLIFNeurons(
            len(beta),
            tau=TAU_M,
            tau_adapt=TAU_ADAPT,
            beta=beta,
            refractory=REFRACTORY,
            **PRESETS["evidence_accumulation"],
        )
        net = LearningNetwork(
            task,
            neurons,
            rule,
            readout=Softmax(TAU_M),
            learn=PerTrial(
                Adam(), window=task.steps("recall") * batch, batch=batch // copies, copies=copies
            ),
            trained=trained,
            regularization=FiringRate(F_TARGET, C_REG),
            connectivity=AllToAll(self_connections=False),
            initial=evidence_weights(task, n, seed, networks),
            networks=networks,
        )
        if falling:
            for part in (net.recurrent, net.input_synapses, net.output):
                net.trials.at_start(
                    part,
                    "learning_rate = first_rate*(1 - (t_in_timesteps//steps_of_batch)/n_updates)",
                )
        choices = ConditionalMonitor(
            net.readout, "choice", True, last_step(task.n_steps), schedule.RECORD
        )
        net.add(choices)
        constants = (
            dict(
                first_rate=rate,
                steps_of_batch=task.n_steps * (batch // copies),
                n_updates=float(iterations),
            )
            if falling
            else {}
        )
        result = net.train(batch * iterations, namespace=constants, **progress.report(device))
        answers = (
            np.asarray(choices.choice).reshape(networks, copies, task.n_outputs, -1).argmax(axis=2)
        )
    answers = answers.swapaxes(1, 2).reshape(networks, -1)
    sides = np.array([task.trial(number)[1][-1].argmax() for number in range(answers.shape[1])])
    return result.arrays() | {
        "wrong": (answers != sides).reshape(networks, -1, batch).mean(axis=2),
        "rate": np.array(rate),
    }
