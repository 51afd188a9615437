"""Computed parts: trained networks of one neuron, and the traces of one weight. Tables and figures
are in `tasks.py`, so that they can change independently.
"""

from pathlib import Path

import numpy as np
from brian2 import Network, NeuronGroup, StateMonitor, defaultclock, ms

from brian_rflo import PlasticSynapses, schedule
from brian_rflo.brian.devices import device as on
from brian_rflo.comparison import train
from brian_rflo.crews import Progress
from brian_rflo.tasks import CursorMovements, PeriodicOutput

from .neurons import NEURONS

SHOWN, EVERY = 200 * ms, 40 * ms
BY_NAME = {kind.label: kind for kind in NEURONS}
#: A task at the time step that a neuron needs.
TASKS = {
    "periodic": lambda kind, seed: PeriodicOutput(period=1000 * ms, dt=kind.dt),
    "cursor": lambda kind, seed: CursorMovements(n_movements=4, seed=seed, dt=kind.dt),
}


class Clocked(Progress):
    """Progress that also records the CPU seconds of a C++ program, without its compilation."""

    def report(self, device):
        """Arguments of `Network.run`."""
        arguments = super().report(device)
        if device == "cpp_standalone":
            arguments["report"] += (
                f' std::ofstream("{self.clocked.as_posix()}") <<'
                " double(std::clock())/CLOCKS_PER_SEC;"
            )
        return arguments

    @property
    def clocked(self):
        """The file of the seconds."""
        return Path(f"{self.path}.clocked")

    @property
    def seconds(self):
        """The seconds of the program; NaN without a program."""
        return float(self.clocked.read_text()) if self.clocked.exists() else np.nan


def trained(progress, device, task, neuron, **arguments):
    """A part: networks of one neuron, trained."""
    clocked = Clocked(progress.path)
    arrays = train(clocked, device, task, BY_NAME[neuron], **arguments)
    return arrays | {"program_s": np.array(clocked.seconds)}


def metronome(steps):
    """Return a cell that spikes once per period, with an activity that is on half of the time."""
    cell = NeuronGroup(1, "activity : 1", threshold=f"t_in_timesteps % {steps} == 0", reset="")
    cell.run_regularly(f"activity = int(t_in_timesteps % {steps} < {steps // 2})", **schedule.SENT)
    return cell


def traced(progress, neuron, seed):
    """A part: the membrane of one neuron and the traces of a weight onto it."""
    kind = BY_NAME[neuron]
    with on("numpy"):
        defaultclock.dt = kind.dt
        neurons, source = (
            kind.neurons(1, np.random.default_rng(seed)),
            metronome(round(EVERY / kind.dt)),
        )
        rule = neurons.rule(0.0)
        synapses = PlasticSynapses(source, neurons, rule, onto=neurons.receives["recurrent"])
        synapses.connect()
        synapses.w = 0.05
        names = [f"trace_{name}" for name in rule.derivation.placement.on_synapses]
        seen, states = (
            StateMonitor(synapses, names, record=[0]),
            StateMonitor(neurons, list(neurons.text.units), record=[0]),
        )
        Network(neurons, source, synapses, seen, states).run(SHOWN, namespace={})
        values = {name: np.asarray(getattr(seen, name))[0] for name in names} | {
            name: np.asarray(getattr(states, name))[0] for name in neurons.text.units
        }
        return values | {"t": np.asarray(seen.t)}
