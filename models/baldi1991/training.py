"""Computed parts: networks that relax, with hidden neurons and outputs, and learn by contrast."""

from dataclasses import dataclass

import numpy as np
from brian2 import Network, defaultclock, ms

from brian_rflo import (
    FixedSynapses,
    LossMonitor,
    PerTrial,
    PlasticSynapses,
    Readout,
    Trials,
)
from brian_rflo.brian.devices import device as on
from brian_rflo.credit import Oscillation, TwoPhases
from brian_rflo.neurons import RelaxationNeurons
from brian_rflo.readouts import TaskInput
from brian_rflo.rules import Contrastive
from brian_rflo.tasks import Patterns
from brian_rflo.trials import TrialMonitor

#: Exclusive or: inputs, targets, and hidden neurons.
X = np.array([[0, 0], [0, 1], [1, 0], [1, 1.0]])
Y = np.array([[0.05], [0.95], [0.95], [0.05]])
HIDDEN = 5


@dataclass(frozen=True)
class Kind:
    """A teacher with its settings: durations in steps of `h` time constants, of two phases, or of
    the free phase and a period; learning rate; patterns between updates; whether inputs reach
    outputs too.
    """

    strength: float | None
    h: float
    free: int
    taught: int
    rate: float
    batch: int = 4
    order: str = "in turn"
    to_output: bool = True
    oscillates: bool = False

    @property
    def teacher(self):
        """The teacher, with steps of a millisecond."""
        if self.oscillates:
            return Oscillation(self.free * ms, self.taught * ms, self.strength)
        return TwoPhases(self.free * ms, self.taught * ms, self.strength)

    @property
    def tau(self):
        """The time constant."""
        return 1 / self.h * ms


KINDS = {
    "clamp": Kind(None, 0.25, 120, 60, rate=4.0),
    "soft": Kind(0.5, 0.25, 120, 60, rate=4.0),
    "oscillating": Kind(
        0.5, 0.1, 200, 200, rate=1.0, batch=1, order="shuffled", to_output=False, oscillates=True
    ),
}


def masks(n_hidden, n_out, n_in, to_output):
    """Return what is connected: hidden neurons and outputs, both ways; inputs, the last of which is
    1, to hidden neurons, and to outputs or only their biases.
    """
    hidden = np.arange(n_hidden + n_out) < n_hidden
    mask_in = np.ones((n_hidden + n_out, n_in + 1), dtype=bool)
    if not to_output:
        mask_in[~hidden, :-1] = False
    return hidden[:, None] != hidden, mask_in


def xor_start(networks, to_output, *seed):
    """Return initial weights of networks side by side, recurrent and of inputs."""
    rng = np.random.default_rng(seed)
    mask, mask_in = masks(HIDDEN, 1, 2, to_output)
    n = HIDDEN + 1
    lower = np.tril(rng.standard_normal((networks, n, n)) * mask)
    Win = rng.standard_normal((networks, n, 3)) * mask_in
    Win[:, :, -1] = 0.0 if to_output else 0.1 * rng.standard_normal((networks, n))
    return lower + lower.swapaxes(1, 2), Win


def with_bias(inputs):
    """Return patterns with a last input that is 1."""
    return np.column_stack([inputs, np.ones(len(inputs))])


def build(task, kind, start, mask, mask_in):
    """Return the parts of networks side by side, by name."""
    W, Win = start
    networks, n, _ = W.shape
    teacher, n_out = kind.teacher, task.n_outputs
    units = RelaxationNeurons(networks * n, kind.tau, task, teacher, networks=networks)
    inputs, readout = TaskInput(task), Readout(task, networks=networks)
    rule, learn = Contrastive(kind.rate / kind.batch), PerTrial(batch=kind.batch)
    recurrent = PlasticSynapses(units, units, rule, onto="I_rec", learn=learn, plasticity=mask)
    plastic_in = np.tile(mask_in, (networks, 1))
    inward = PlasticSynapses(inputs, units, rule, onto="I_in", learn=learn, plasticity=plastic_in)
    recurrent.connect_matrix(W if networks > 1 else W[0], absent=np.nan)
    inward.connect_matrix(Win.reshape(networks * n, -1), absent=np.nan)
    answer = FixedSynapses(units, readout, onto="output")
    answer.connect(condition=f"i % {n} - {n - n_out} == j % {n_out} and i//{n} == j//{n_out}")
    answer.w = 1.0
    trials = Trials(task, units, readout, recurrent, inward, teacher, networks=networks)
    net = Network(units, inputs, readout, recurrent, inward, answer, trials, LossMonitor(trials))
    return net, units, readout, recurrent, inward, trials


def taught(progress, device, task, kind, start, masks_, trials, every=None):
    """Run networks side by side; return free answers ``[trial, network, output]``, weights at the
    end, or every so many trials, and how fast activities still moved at the end of a phase.
    """
    with on(device):
        defaultclock.dt = task.dt
        net, units, readout, recurrent, inward, clock = build(task, kind, start, *masks_)
        answers = TrialMonitor(clock, readout, "output", step=kind.free - 1)
        net.add(answers)
        kept = every and [TrialMonitor(clock, part, "w", every) for part in (recurrent, inward)]
        net.add(*(kept or ()))
        net.run(trials * task.duration, namespace={}, **progress.report(device))
        clock.check()
        networks, n, _ = start[0].shape
        found = {
            "answers": np.array(answers.output).T.reshape(trials, networks, -1),
            "unsettled": np.array(units.unsettled).reshape(networks, n).max(axis=1),
            "recurrent": np.atleast_3d(recurrent.matrix(networks)).reshape(start[0].shape),
            "inward": inward.matrix().reshape(start[1].shape),
        }
        if kept:
            w, w_in = (np.array(one.w).T for one in kept)
            found["along"] = w.reshape(-1, networks, n, n).swapaxes(2, 3)
            at = w_in.reshape(len(w_in), -1, networks, n)
            found["along_in"] = at.transpose(0, 2, 3, 1)
        return found


def xor_trained(progress, device, kind, networks, epochs, seed, number, every=None):
    """A part: networks that learn exclusive or from a set of initial weights. Answers are
    ``[epoch, network, pattern]``.
    """
    chosen = KINDS[kind]
    task = Patterns(
        inputs=with_bias(X),
        target=Y,
        phases=chosen.teacher.phases,
        order=chosen.order,
        seed=1000 * seed + number,
    )
    begun = xor_start(networks, chosen.to_output, 1, seed, number)
    shapes = masks(HIDDEN, 1, 2, chosen.to_output)
    trials = len(X) * epochs
    found = taught(progress, device, task, chosen, begun, shapes, trials, every)
    shown = np.array([task.kind(trial) for trial in range(trials)]).reshape(epochs, -1)
    answers = found.pop("answers").reshape(epochs, len(X), networks)
    answers = np.take_along_axis(answers, np.argsort(shown, axis=1)[:, :, None], axis=1)
    return found | {"answers": answers.swapaxes(1, 2)}
