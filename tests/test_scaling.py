"""Presynaptic-dependent and synaptic scaling of neurons with conductances, against stored cases of
another implementation: all spikes, and weights.
"""

from pathlib import Path

import numpy as np
import pytest
from brian2 import Network, TimedArray, defaultclock, ms, mV
from targets import NUMPY_FIRST

from brian_rflo import FixedSynapses, PerTrial, PlasticSynapses, Readout, Trials
from brian_rflo.brian.devices import device
from brian_rflo.neurons import ConductanceNeurons
from brian_rflo.rules import PresynapticScaling, SynapticScaling
from brian_rflo.tasks import EmptyTask
from brian_rflo.trials import TrialMonitor

DATA = Path(__file__).parent / "data"


@pytest.mark.parametrize("name", [pytest.param("a", marks=pytest.mark.model), "b"])
@pytest.mark.parametrize("target", NUMPY_FIRST)
def test_stored_case(name, target):
    with np.load(DATA / f"psd_{name}.npz") as file:
        data = {key: file[key] for key in file.files}
    numbers = {key: float(data[key]) for key in ("a_A", "a_W", "ahp", "w_min", "cap_EE", "cap_EI")}
    kind = PresynapticScaling if str(data["rule"]) == "PSD" else SynapticScaling
    n_trials, parts = len(data["count"]), {}
    forced = np.full((n_trials, int(data["NE"])), -1.0)
    forced[:, : data["forced"].shape[1]] = data["forced"]
    with device(target):
        task = EmptyTask(length=int(data["n_steps"]) * 0.25 * ms, dt=0.25 * ms)
        defaultclock.dt = task.dt
        shared = dict(average_rate=numbers["a_A"])
        excitatory = ConductanceNeurons(
            int(data["NE"]), 30 * ms, 3 * ms, ahp=numbers["ahp"], **shared
        )
        inhibitory = ConductanceNeurons(int(data["NI"]), 10 * ms, 2 * ms, ahp=0, goal=2, **shared)
        for key, end, delay in (("EE", excitatory, 1.5 * ms), ("EI", inhibitory, 0.75 * ms)):
            bounds = f"w = clip(w, {numbers['w_min']}, {numbers[f'cap_{key}']})"
            parts[key] = PlasticSynapses(
                excitatory,
                end,
                kind(numbers["a_W"]),
                onto="g_exc",
                learn=PerTrial(),
                constraint=bounds,
                delay=delay,
            )
        parts["IE"] = FixedSynapses(inhibitory, excitatory, onto="g_inh", delay=0.75 * ms)
        for key, part in parts.items():
            part.connect(i=data[f"{key}_pre"], j=data[f"{key}_post"])
            part.w = data[f"{key}_w"]
        trials = Trials(task, excitatory, inhibitory, parts["EE"], parts["EI"])
        excitatory.namespace["forced_of"] = TimedArray(forced, dt=task.duration)
        trials.at_start(excitatory, "fires_in = int(floor(forced_of(t, i) + 0.5))")
        groups = excitatory, inhibitory
        seen = [TrialMonitor(trials, group, ("spike_count", "average")) for group in groups]
        Network(*groups, *parts.values(), trials, *seen).run(n_trials * task.duration)
        counts, averages = (
            np.concatenate([np.asarray(getattr(monitor, key)) for monitor in seen]).T
            for key in ("spike_count", "average")
        )
        weights = {key: np.asarray(parts[key].w) for key in ("EE", "EI")}
    np.testing.assert_array_equal(counts, data["count"])
    assert np.abs(averages - data["average"]).max() < 1e-12
    for key, values in weights.items():
        assert np.abs(values - data[f"{key}_end"]).max() < 1e-12
        assert np.abs(values - data[f"{key}_w"]).max() > 0.01


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(tau=30), "ConductanceNeurons: tau must be a time"),
        (dict(refractory=-1 * ms), "ConductanceNeurons: refractory must be"),
        (dict(goal=np.nan), "ConductanceNeurons: goal must be a finite and positive number"),
        (dict(goal=0), "ConductanceNeurons: goal must be a finite and positive number; got 0"),
        (dict(average_rate=0), "average_rate must be above 0 and at most 1.*got 0"),
        (dict(average_rate=1.5), "average_rate must be above 0 and at most 1.*got 1.5"),
        (dict(noise=-1 * mV), "ConductanceNeurons: noise must not be negative; got -1"),
        (dict(noise=0.4), "ConductanceNeurons: noise must be a potential, for example -60"),
        (dict(potentials={"E_L": -60 * mV}), "potentials must be some of E_leak, .*; got 'E_L'"),
        (dict(potentials={"E_leak": -60}), "E_leak must be a potential, for example -60"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    given = dict(N=2, tau=30 * ms, refractory=3 * ms) | arguments
    with pytest.raises((TypeError, ValueError), match=message):
        ConductanceNeurons(**given)


def test_goals_that_are_assigned_are_positive_too():
    neurons = ConductanceNeurons(2, 30 * ms, 3 * ms, name="mine")
    neurons.goal = [1, 3]
    with pytest.raises(ValueError, match="'mine': goal must be positive, in spikes per trial"):
        neurons.goal = [1, 0]
    assert list(neurons.goal) == [1, 3]


@pytest.mark.parametrize("rule", [PresynapticScaling(0.01), SynapticScaling(0.01)])
@pytest.mark.parametrize("bounds", ["0, 1", "-1, 1", "1e-4, -2", "-inf, 1"])
def test_bounds_that_are_not_positive_are_refused(rule, bounds):
    neurons = ConductanceNeurons(2, 30 * ms, 3 * ms)
    with pytest.raises(ValueError, match="Scaling multiplies weights.*bounds must be positive"):
        PlasticSynapses(neurons, neurons, rule, "g_exc", constraint=f"w = clip(w, {bounds})")


@pytest.mark.parametrize("bounds", ["1e-4, 1", "1e-4, inf", "least, 1", "0.1*i + 0.1, 3"])
def test_other_bounds_are_not(bounds):
    neurons = ConductanceNeurons(2, 30 * ms, 3 * ms)
    constraint, known = f"w = clip(w, {bounds})", dict(namespace={"least": 0.1})
    rule = PresynapticScaling(0.01)
    made = PlasticSynapses(neurons, neurons, rule, "g_exc", constraint=constraint, **known)
    made.connect()


def test_an_empty_task_has_a_length():
    with pytest.raises(ValueError, match="EmptyTask: length must be at least one time step"):
        EmptyTask(length=0 * ms)


def test_a_task_without_outputs_has_no_readout():
    task = EmptyTask(length=5 * ms)
    defaultclock.dt = task.dt
    with pytest.raises(ValueError, match="Readout: EmptyTask has no outputs; build the network of"):
        Readout(task)
