"""Computed parts: networks that learn the task Add from a stream, by rules in Brian2 and by
baselines in NumPy, from the same weights.
"""

from dataclasses import dataclass

import numpy as np
from brian2 import defaultclock, ms

from brian_rflo import RFLO, Delta, LearningNetwork, RateNeurons, reference
from brian_rflo.brian.devices import device as on
from brian_rflo.credit import LocalDNI, RandomFeedback, SymmetricFeedback
from brian_rflo.network import AllToAll
from brian_rflo.readouts import Softmax
from brian_rflo.reference.forward import DNI, KFRTRL, RKFRTRL, UORO, KeRNL
from brian_rflo.rules import Instantaneous, SnAp1
from brian_rflo.tasks import Add

N, RATE = 32, 1e-4
#: Steps of a window, of which each has one loss.
WINDOW = 10_000
BIASES = {"bias": AllToAll(), "output_bias": AllToAll()}


@dataclass(frozen=True)
class Setting:
    """A leak with the task that goes with it, and the rates of synthetic gradients."""

    leak: float
    first: int
    second: int
    hold: int
    credit_rate: float
    predictor_rate: float

    @property
    def tau(self):
        """The time constant of neurons, in steps of a millisecond."""
        return ms / self.leak

    def task(self, seed):
        """Return the stream."""
        return Add(
            first=self.first,
            second=self.second,
            hold=self.hold,
            length=WINDOW * ms,
            seed=seed,
            dt=1 * ms,
        )


FAST = Setting(1.0, 5, 9, 1, 0.05, 0.01)
SLOW = Setting(0.5, 2, 4, 2, 0.001, 0.001)


def initial_weights(seeds):
    """Return weights ``[network, post, pre]`` by name, and those that make credit, ``[network,
    neuron, activity, target and 1]``; network by network from its own seed.
    """
    drawn = []
    for seed in seeds:
        rng = np.random.default_rng((seed, 2019))
        normal = rng.standard_normal
        drawn.append(
            {
                "recurrent": np.linalg.qr(normal((N, N)))[0],
                "input": normal((N, 2)) / np.sqrt(2),
                "output": normal((2, N)) / np.sqrt(N),
                "feedback": normal((N, 2)) / np.sqrt(2),
                "bias": np.zeros((N, 1)),
                "output_bias": np.zeros((2, 1)),
                "credit": normal((N, N + 3)) / np.sqrt(N + 3),
            }
        )
    stacked = {name: np.stack([weights[name] for weights in drawn]) for name in drawn[0]}
    return stacked, stacked.pop("credit")


#: Rules in Brian2, by name: the rule of the neurons, and how the error comes back.
RULES = {
    "output": (RFLO, RandomFeedback),
    "rflo_random": (RFLO, RandomFeedback),
    "rflo": (RFLO, SymmetricFeedback),
    "snap1": (SnAp1, SymmetricFeedback),
    "dni_random": (Instantaneous, RandomFeedback),
    "dni_symmetric": (Instantaneous, SymmetricFeedback),
}


def learned(progress, device, setting, rule, seeds, stream, windows):
    """A part: networks side by side that learn by a rule in Brian2; their losses ``[network,
    window]``.
    """
    weights, credit = initial_weights(seeds)
    kind, feedback = RULES[rule]
    if feedback is SymmetricFeedback:
        del weights["feedback"]
    is_path = kind is Instantaneous
    rates = setting.credit_rate, setting.predictor_rate
    with on(device):
        task = setting.task(stream)
        defaultclock.dt = task.dt
        net = LearningNetwork(
            task,
            RateNeurons(len(seeds) * N, tau=setting.tau, initial=0),
            kind(RATE, tau=setting.tau),
            readout=Softmax(),
            readout_rule=Delta(RATE),
            credit=LocalDNI(*rates, feedback=feedback()) if is_path else feedback(),
            connectivity=BIASES,
            trained=("output", "output_bias") if rule == "output" else None,
            initial=weights,
            networks=len(seeds),
        )
        if is_path:
            start_path(net, credit, weights["recurrent"])
        result = net.train(windows, **progress.report(device))
    return {"losses": result.losses}


def start_path(net, credit, recurrent):
    """Set the weights that make credit, and let the predictor begin at the recurrent weights."""
    paths = net.credit.projections
    paths["predictor"].set_matrix(recurrent)
    paths["transposed"].set_matrix(np.ascontiguousarray(recurrent.swapaxes(1, 2)))
    columns = {"own": slice(N), "target": slice(N, -1), "constant": slice(-1, None)}
    for name, which in columns.items():
        paths[f"{name}_credit"].set_matrix(np.ascontiguousarray(credit[..., which]))


def baseline_of(rule, setting, seed):
    """Return a baseline by name."""
    return {
        "rtrl": "rtrl",
        "kf_rtrl": KFRTRL(seed=seed),
        "rkf_rtrl": RKFRTRL(seed=seed),
        "uoro": UORO(seed=seed),
        "dni": DNI(setting.credit_rate, seed=seed),
        "kernl": KeRNL(seed=seed),
    }[rule]


BASELINES = ("rtrl", "kf_rtrl", "rkf_rtrl", "uoro", "dni", "kernl")


def baseline(progress, setting, rule, seeds, stream, windows):
    """A part: networks side by side that learn by a baseline in NumPy; their losses ``[network,
    window]``.
    """
    weights, _ = initial_weights(seeds)
    result = reference.train(
        setting.task(stream),
        weights,
        baseline_of(rule, setting, seeds[0]),
        RATE,
        setting.tau,
        windows,
        initial=0.0,
        update="step",
        loss="cross_entropy",
        report=lambda done: progress(done / windows),
    )
    return {"losses": result.losses}
