"""Data of the figures: networks trained by RFLO in Brian2, and by the NumPy baselines from the same
initial weights.
"""

import numpy as np
from brian2 import defaultclock, ms

from brian_rflo import RFLO, LearningNetwork, PerTrial, RateNeurons, reference
from brian_rflo.brian.devices import device as on
from brian_rflo.crews.part import Part
from brian_rflo.network import AllToAll, Murray2019, initial_weights
from brian_rflo.updates import DALE

TAU = 10 * ms


def weights_of(task, n, networks, seed, gain=1.5, scaled=False):
    """Initial weights, the same for every rule; `scaled` readouts grow with the gain as the
    recurrent weights do (figure 2, supplement 3).
    """
    weights = initial_weights(n, task.n_inputs, task.n_outputs, networks, gain, seed)
    return weights | ({"output": gain * weights["output"]} if scaled else {})


def start_of(initial, n, networks, seed):
    """Activity at the beginning of each trial, ``(networks, n)``: a number for all, or "random",
    fixed for each network.
    """
    if initial != "random":
        return np.full((networks, n), initial)
    return np.stack(
        [np.random.default_rng((seed, network, 1)).uniform(-1, 1, n) for network in range(networks)]
    )


def rflo(
    progress,
    device,
    task,
    n,
    networks,
    seed,
    trials,
    eta,
    initial=0.1,
    gain=1.5,
    scaled=False,
    dale=False,
    output_current=False,
    batch=1,
    **network_args,
):
    """Networks side by side in one Brian2 simulation; weights change at the end of trials. Arrays
    of a `TrainingResult`.
    """
    with on(device):
        defaultclock.dt = task.dt
        excitatory = np.arange(networks * n) % n < n // 2 if dale else None
        inputs = ("I_rec", "I_in", "I_out") if output_current else ("I_rec", "I_in")
        neurons = RateNeurons(
            networks * n,
            tau=TAU,
            initial=start_of(initial, n, networks, seed).ravel(),
            inputs=inputs,
            excitatory=excitatory,
        )
        weights = weights_of(task, n, networks, seed, gain, scaled)
        if dale:  # W_ij <- xi_j |W_ij|; as many inhibitory as excitatory neurons
            weights["recurrent"] = np.abs(weights["recurrent"]) * np.where(
                np.arange(n) < n // 2, 1, -1
            )
        net = LearningNetwork(
            task,
            neurons,
            RFLO(learning_rate=eta, tau=TAU),
            learn=PerTrial(batch=batch),
            constraint=DALE if dale else "",
            connectivity={"current": AllToAll()} if output_current else None,
            initial=Murray2019(gain, seed, weights),
            networks=networks,
            **network_args,
        )
        return net.train(trials, namespace={}, **progress.report(device)).arrays()


def baseline(
    progress, rule, task, n, networks, seed, trials, eta, initial=0.1, gain=1.5, **train_args
):
    """The same networks in NumPy, by another rule. Arrays of a `TrainingResult`."""
    weights, initial = (
        weights_of(task, n, networks, seed, gain),
        start_of(initial, n, networks, seed),
    )
    return reference.train(
        task,
        weights,
        rule,
        eta,
        TAU,
        trials,
        initial=initial,
        report=lambda done: progress(done / trials),
        **train_args,
    ).arrays()


def part(name, function, settings, task, n=30, networks=None, trials=None, **arguments):
    """A part with the settings' networks, trials, seed and, in Brian2, device."""
    networks, trials = networks or settings.networks, trials or settings.trials
    where = {"device": settings.device} if function is rflo else {}
    in_brian = "device" in where | arguments
    values = dict(
        task=task, n=n, networks=networks, seed=settings.seed, trials=trials, **where, **arguments
    )
    steps, synapses = trials * task.n_steps, networks * n**2
    seconds = 15 + 3e-10 * steps * synapses if in_brian else steps * (16e-6 + 0.9e-9 * synapses)
    return Part(name, function, values, seconds)
