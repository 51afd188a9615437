"""Networks trained on pattern generation by e-prop in Brian2, and the networks that they are
compared with.

Settings are those of NEST's tutorial and of the authors' code; see README.md.
"""

import numpy as np
from brian2 import Hz, defaultclock, ms

from brian_rflo import (
    RFLO,
    Adam,
    Delta,
    DiscreteLIFNeurons,
    EProp,
    FiringRate,
    LearningNetwork,
    PerTrial,
    RateNeurons,
    reference,
)
from brian_rflo.brian.devices import device as on
from brian_rflo.credit import AdaptiveFeedback, RandomFeedback, SymmetricFeedback
from brian_rflo.network import AllToAll, initial_weights
from brian_rflo.neurons import PRESETS
from brian_rflo.readouts import Leaky
from brian_rflo.reference import eprop as reference_eprop
from brian_rflo.reference.eprop_network import EpropNetwork

C_REG, F_TARGET = 300, 10 * Hz
#: Time constant of membrane and readout; learning rates of gradient descent, and of Adam.
N, TAU, RATE, ADAM_RATE = 100, 30 * ms, 1e-4, 3e-3
#: Credit paths of the networks in Brian2.
CREDIT = {
    "random": RandomFeedback(),
    "symmetric": SymmetricFeedback(),
    "adaptive": AdaptiveFeedback(),
}
#: What is trained in NumPy, all of it with symmetric feedback; without a word on it by e-prop.
IN_NUMPY = {
    "symmetric-adam": dict(learning_rate=ADAM_RATE, optimizer=Adam()),
    "bptt": dict(learning_rate=RATE, through_time=True),
    "bptt-adam": dict(learning_rate=ADAM_RATE, optimizer=Adam(), through_time=True),
    "bptt-detached": dict(
        learning_rate=ADAM_RATE, optimizer=Adam(), through_time=True, through_reset=False
    ),
}
#: Rate networks: learning rates, updates in which they halve, height of input spikes.
RATE_NETWORK = dict(rates={"recurrent": 1e-3, "input": 1e-3, "output": 3e-3}, decay=100, height=4.0)


def pattern_weights(task, seed, network):
    """Initial weights of a network for pattern generation."""
    rng = np.random.default_rng((seed, network))
    weights = {
        name: rng.standard_normal(shape) / np.sqrt(shape[1])
        for name, shape in (("input", (N, task.n_inputs)), ("recurrent", (N, N)))
    }
    np.fill_diagonal(weights["recurrent"], 0)
    return weights | {
        "output": rng.standard_normal((task.n_outputs, N)) / np.sqrt(N),
        "feedback": rng.standard_normal((N, task.n_outputs)) / np.sqrt(N),
    }


def pattern_network():
    """The network of pattern generation in NumPy."""
    return EpropNetwork(tau_m=30, tau_out=30, v_th=0.03, c_reg=C_REG, f_target=0.01)


def pattern(progress, device, task, seed, network, trials, feedback):
    """A network trained on pattern generation by e-prop in Brian2. Arrays of a `TrainingResult`."""
    with on(device):
        defaultclock.dt = task.dt
        neurons = DiscreteLIFNeurons(N, tau=TAU, **PRESETS["pattern_generation"])
        net = LearningNetwork(
            task,
            neurons,
            EProp(RATE, tau=TAU),
            readout=Leaky(TAU),
            credit=CREDIT[feedback],
            learn=PerTrial(window=1),
            regularization=FiringRate(F_TARGET, C_REG),
            connectivity=AllToAll(self_connections=False),
            initial=pattern_weights(task, seed, network),
        )
        return net.train(trials, namespace={}, **progress.report(device)).arrays()


def pattern_in_numpy(progress, task, seed, network, trials, how):
    """The same network trained in NumPy, `how` as in `IN_NUMPY`. Its losses, as of a
    `TrainingResult`.
    """
    done = iter(range(1, trials + 1))
    result = reference_eprop.train(
        pattern_network(),
        task,
        pattern_weights(task, seed, network),
        updates=trials,
        feedback="symmetric",
        watch=lambda *_: progress(next(done) / trials),
        **IN_NUMPY[how],
    )
    return {"losses": result.losses.T / task.n_steps}


def rate_weights(task, seed, network):
    """Initial weights of a rate network on pattern generation."""
    weights = {
        name: values[network : network + 1]
        for name, values in initial_weights(
            N, task.n_inputs, task.n_outputs, network + 1, 1.5, seed
        ).items()
    }
    return weights | {"input": RATE_NETWORK["height"] * weights["input"]}


def pattern_rate(progress, device, task, seed, network, trials):
    """Arrays of the result of a rate network trained on pattern generation by RFLO in Brian2."""
    rates = RATE_NETWORK["rates"]
    with on(device):
        defaultclock.dt = task.dt
        neurons = RateNeurons(N, tau=TAU, initial=0.1)
        net = LearningNetwork(
            task,
            neurons,
            RFLO(rates["recurrent"], tau=TAU),
            readout_rule=Delta(rates["output"]),
            learn=PerTrial(Adam(decay=RATE_NETWORK["decay"])),
            initial=rate_weights(task, seed, network),
        )
        return net.train(trials, namespace={}, **progress.report(device)).arrays()


def pattern_rate_bptt(progress, task, seed, network, trials):
    """The same rate network trained by BPTT in NumPy. Arrays of a `TrainingResult`."""
    optimizer = Adam(decay=RATE_NETWORK["decay"])
    return reference.train(
        task,
        rate_weights(task, seed, network),
        "bptt",
        RATE_NETWORK["rates"],
        TAU,
        trials,
        optimizer=optimizer,
        report=lambda done: progress(done / trials),
    ).arrays()
