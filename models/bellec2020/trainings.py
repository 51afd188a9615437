"""What the figures are made of: spiking networks trained by e-prop in Brian2, and what is drawn beside them.

Settings are those of the publication, as the tutorials of NEST and the code of the authors have them; see README.md.
"""

import numpy as np
from brian2 import Hz, defaultclock, ms

from brian_rflo import PRESETS, RFLO, Adam, AdaptiveEProp, Delta, DiscreteLIFNeurons, EProp, FiringRate, LearningNetwork, RateNeurons, reference, reference_eprop, schedule
from brian_rflo.devices import device as on
from brian_rflo.network import initial_weights
from brian_rflo.occasional import OccasionalMonitor, last_step
from brian_rflo.reference_eprop import EpropNetwork

C_REG, F_TARGET = 300, 10 * Hz
#: Pattern generation: time constant of membrane and readout, and learning rate of gradient descent.
N, TAU, RATE = 100, 30 * ms, 1e-4
#: Evidence accumulation: time constants, and how a spike raises the threshold of an adaptive neuron.
TAU_M, TAU_ADAPT, REFRACTORY = 20 * ms, 2000 * ms, 5 * ms
BETA = 1.7 * (1 - np.exp(-1 / 2000)) / (1 - np.exp(-1 / 20))
#: Rate networks on pattern generation: learning rates, updates in which they halve, height of input spikes.
RATE_NETWORK = dict(rates={"recurrent": 1e-3, "input": 1e-3, "output": 3e-3}, decay=100, height=4.0)
#: What each variant of evidence accumulation is: whether half of the neurons adapt, whether traces know of it, and which weights learn.
VARIANTS = {
    "eprop": (True, True, ("recurrent", "input", "output")),
    "lif": (False, False, ("recurrent", "input", "output")),
    "rflo": (True, False, ("recurrent", "input", "output")),
    "readout": (True, True, ("output",)),
}


def generator(seed, network):
    """Of the initial weights of a network."""
    return np.random.default_rng((seed, network))


def pattern_weights(task, seed, network):
    """Initial weights of a network for pattern generation."""
    rng = generator(seed, network)
    weights = {name: rng.standard_normal(shape) / np.sqrt(shape[1]) for name, shape in (("input", (N, task.n_inputs)), ("recurrent", (N, N)))}
    np.fill_diagonal(weights["recurrent"], 0)
    return weights | {"output": rng.standard_normal((task.n_outputs, N)) / np.sqrt(N), "feedback": rng.standard_normal((N, task.n_outputs)) / np.sqrt(N)}


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
            update="trial",
            averaged_over=1,
            tau_out=TAU,
            self_connections=False,
            feedback=feedback,
            regularization=FiringRate(F_TARGET, C_REG),
            weights=pattern_weights(task, seed, network),
        )
        return net.train(trials, namespace={}, **progress.report(device)).arrays()


def pattern_bptt(progress, task, seed, network, trials):
    """The same network trained by BPTT with the pseudo-derivative, in NumPy: its losses, one network."""
    weights, done = pattern_weights(task, seed, network), iter(range(1, trials + 1))
    result = reference_eprop.train(pattern_network(), task, weights, RATE, trials, feedback="symmetric", through_time=True, watch=lambda *_: progress(next(done) / trials))
    return {"losses": result.losses.T / task.n_steps}


def rate_weights(task, seed, network):
    """Initial weights of a rate network on pattern generation."""
    weights = {name: values[network : network + 1] for name, values in initial_weights(N, task.n_inputs, task.n_outputs, network + 1, 1.5, seed).items()}
    return weights | {"input": RATE_NETWORK["height"] * weights["input"]}


def pattern_rate(progress, device, task, seed, network, trials):
    """A rate network trained on pattern generation by RFLO in Brian2. Arrays of a `TrainingResult`."""
    rates = RATE_NETWORK["rates"]
    with on(device):
        defaultclock.dt = task.dt
        neurons = RateNeurons(N, tau=TAU, initial=0.1)
        net = LearningNetwork(task, neurons, RFLO(rates["recurrent"], tau=TAU), Delta(rates["output"]), update="trial", optimizer=Adam(decay=RATE_NETWORK["decay"]), weights=rate_weights(task, seed, network))
        return net.train(trials, namespace={}, **progress.report(device)).arrays()


def pattern_rate_bptt(progress, task, seed, network, trials):
    """The same rate network trained by BPTT in NumPy. Arrays of a `TrainingResult`."""
    optimizer = Adam(decay=RATE_NETWORK["decay"])
    return reference.train(task, rate_weights(task, seed, network), "bptt", RATE_NETWORK["rates"], TAU, trials, optimizer=optimizer, report=lambda done: progress(done / trials)).arrays()


def evidence_weights(task, n, seed, networks):
    """Initial weights of networks of `n` neurons for evidence accumulation, ``[network, post, pre]``."""
    drawn = []
    for network in range(networks):
        rng, edge = generator(seed, network), np.sqrt(6 / (n + task.n_outputs))
        weights = {name: rng.standard_normal((n, n_pre)) / np.sqrt(n_pre) for name, n_pre in (("input", task.n_inputs), ("recurrent", n))}
        np.fill_diagonal(weights["recurrent"], 0)
        drawn.append(weights | {"output": rng.uniform(-edge, edge, (task.n_outputs, n)), "feedback": rng.standard_normal((n, task.n_outputs))})
    return {name: np.stack([weights[name] for weights in drawn]) for name in drawn[0]}


def beta_of(n, adaptive=True):
    """Of each neuron: the second half adapts."""
    return np.where(np.arange(n) < n // 2, 0.0, BETA if adaptive else 0.0)


def evidence_network(n):
    """The network of evidence accumulation in NumPy."""
    return EpropNetwork(tau_m=20, tau_out=20, tau_adapt=2000, beta=beta_of(n), v_th=0.6, t_ref=5, zeta_recurrent=1.0, c_reg=C_REG, f_target=0.01, loss="classification")


def evidence(progress, device, task, variant, n, batch, networks, seed, iterations, rate, falling):
    """Networks side by side, trained on evidence accumulation in Brian2: arrays of a `TrainingResult`, and each trial's answer.

    On compiled targets four trials run side by side, on numpy a whole batch. Where the learning rate is `falling`, it does so linearly to 0.
    """
    adaptive, traced, trained = VARIANTS[variant]
    parallel = batch if device == "numpy" else 4
    rule = AdaptiveEProp(rate, tau=TAU_M, tau_adapt=TAU_ADAPT) if traced else EProp(rate, tau=TAU_M)
    with on(device):
        defaultclock.dt = task.dt
        beta = np.tile(beta_of(n, adaptive), networks * parallel)
        neurons = DiscreteLIFNeurons(len(beta), tau=TAU_M, tau_adapt=TAU_ADAPT, beta=beta, refractory=REFRACTORY, **PRESETS["evidence_accumulation"])
        net = LearningNetwork(
            task,
            neurons,
            rule,
            update="trial",
            networks=networks,
            parallel=parallel,
            batch=batch // parallel,
            averaged_over=task.steps("recall") * batch,
            tau_out=TAU_M,
            classify=True,
            self_connections=False,
            regularization=FiringRate(F_TARGET, C_REG),
            optimizer=Adam(),
            trained=trained,
            weights=evidence_weights(task, n, seed, networks),
        )
        if falling:
            for part in (net.recurrent, net.input_synapses, net.output):
                net.trials.at_start(part, "learning_rate = first_rate*(1 - (t_in_timesteps//steps_of_batch)/n_updates)")
        choices = OccasionalMonitor(net.readout, "choice", True, last_step(task.n_steps), schedule.RECORD)
        net.add(choices)
        constants = dict(first_rate=rate, steps_of_batch=task.n_steps * (batch // parallel), n_updates=float(iterations)) if falling else {}
        result = net.train(batch * iterations, namespace=constants, **progress.report(device))
        answers = np.asarray(choices.choice).reshape(networks, parallel, task.n_outputs, -1).argmax(axis=2)
    answers = answers.swapaxes(1, 2).reshape(networks, -1)
    sides = np.array([task.trial(number)[1][-1].argmax() for number in range(answers.shape[1])])
    return result.arrays() | {"wrong": (answers != sides).reshape(networks, -1, batch).mean(axis=2), "rate": np.array(rate)}
