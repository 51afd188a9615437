"""A computed part: spiking neurons that learn exclusive or by contrast, which is tried here and is
not in the paper.

    tau_m dv/dt = gain (I_rec + I_in + strength teaching (target - a)) + bias - v
    tau_s da/dt = -a + refractory spikes

Leaky integrate-and-fire neurons send filtered spikes a, which are 1 at the highest rate; products
of these are averaged over the last part of both phases.
"""

import numpy as np
from brian2 import Network, NeuronGroup, defaultclock, get_device, ms

from brian_rflo import FixedSynapses, LossMonitor, PerTrial, PlasticSynapses, Readout, Trials
from brian_rflo.brian.devices import device as on
from brian_rflo.credit import TwoPhases
from brian_rflo.readouts import TaskInput
from brian_rflo.rules import Contrastive
from brian_rflo.tasks import Patterns
from brian_rflo.trials import TrialMonitor

from .training import X, masks, with_bias

HIDDEN, LOW, HIGH = 10, 0.1, 0.5
TEACHER = TwoPhases(300 * ms, 300 * ms, strength=10.0, window=200 * ms)
TIMES = dict(tau_m=20 * ms, tau_s=30 * ms, tau_slow=100 * ms, refractory_time=5 * ms)
SETTINGS = TIMES | dict(gain=1.0, bias=1.5)
EQUATIONS = """dv/dt = (drive - v)/tau_m : 1 (unless refractory)
drive = gain*(I_rec + I_in + teaching*(target - activity)) + bias : 1
dactivity/dt = -activity/tau_s : 1
dslow/dt = (activity - slow)/tau_slow : 1
I_rec : 1
I_in : 1
target : 1
teaching : 1
begins : 1 (constant)"""


def neurons(networks, n, rng):
    """Return the neurons of networks side by side, the last of each an output."""
    units = NeuronGroup(
        networks * n,
        EQUATIONS,
        threshold="v > 1",
        reset="v = 0; activity += refractory_time/tau_s",
        refractory=SETTINGS["refractory_time"],
        method="euler",
        namespace=SETTINGS,
    )
    units.begins = rng.uniform(0, 1, networks * n)
    return units


def target_of(task, units, readout, trials, n):
    """Return what brings the target to outputs, which are taught in the second phase."""
    target = FixedSynapses(readout, units, sends="target", onto="target")
    target.connect(condition=f"j % {n} == {n - 1} and j//{n} == i")
    target.w = 1.0
    strength = float(TEACHER.strength)
    trials.at_start(units, "v = begins; activity = 0; slow = 0; teaching = 0")
    trials.at(units, f"teaching = {strength}*int(i % {n} == {n - 1})", "taught_start")
    return target


def spiking_trained(progress, device, networks, epochs, seed, rate):
    """A part: networks of spiking neurons; slow averages of their outputs at the end of the free
    phase ``[epoch, network, pattern]``, the mean of those of all neurons in the last
    epoch, and recurrent weights at the end.
    """
    rng, n = np.random.default_rng((5, seed)), HIDDEN + 1
    task = Patterns(
        inputs=with_bias(X),
        target=np.where(X.sum(1) == 1, HIGH, LOW)[:, None],
        phases=TEACHER.phases,
    )
    mask, _ = masks(HIDDEN, 1, 2, True)
    lower = np.tril(rng.standard_normal((networks, n, n)) * mask)
    W, Win = lower + lower.swapaxes(1, 2), rng.standard_normal((networks * n, 3))
    Win[:, -1] = 0
    with on(device):
        defaultclock.dt = task.dt
        get_device().seed(seed)
        units, inputs = neurons(networks, n, rng), TaskInput(task)
        readout, learn = Readout(task, networks=networks), PerTrial(batch=4)
        rule = Contrastive(rate / 4)
        recurrent = PlasticSynapses(units, units, rule, onto="I_rec", learn=learn, plasticity=mask)
        inward = PlasticSynapses(inputs, units, rule, onto="I_in", learn=learn)
        recurrent.connect_matrix(W, absent=np.nan)
        inward.connect_matrix(Win, absent=np.nan)
        answer = FixedSynapses(units, readout, onto="output")
        answer.connect(condition=f"i % {n} == {n - 1} and i//{n} == j")
        answer.w = 1.0
        trials = Trials(task, readout, recurrent, inward, TEACHER, networks=networks)
        target = target_of(task, units, readout, trials, n)
        free = round(float(TEACHER.free / task.dt))
        said = np.arange(HIDDEN, len(units), n)
        slow = TrialMonitor(trials, units, "slow", step=free - 1)
        parts = (units, inputs, readout, recurrent, inward, answer, target, trials, slow)
        net = Network(*parts, LossMonitor(trials))
        net.run(4 * epochs * task.duration, namespace={}, **progress.report(device))
        values = np.array(slow.slow)
        answers = values[said].T.reshape(epochs, len(X), networks).swapaxes(1, 2)
        return {
            "answers": answers,
            "mean": values[:, -4:].mean(),
            "rec": recurrent.matrix(networks),
        }
