"""The exact gradient beside autodiff: networks that an independent JAX program has differentiated
(`jax_gradients.py`), of which the small ones are stored, with their gradients, in ``data``.
"""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from brian2 import amp, defaultclock, ms, mV, nS, pF, volt

from brian_rflo import (
    RFLO,
    Delta,
    DerivedNeurons,
    LIFNeurons,
    PerTrial,
    PlasticSynapses,
    RateNeurons,
    Readout,
    Trials,
)
from brian_rflo.network import TrialNetwork
from brian_rflo.neurons import PotentialNeurons
from brian_rflo.neurons.base import receives, spikes
from brian_rflo.readouts import LeakyReadout, TaskInput
from brian_rflo.rules import LeakyDelta
from brian_rflo.tasks import ArrayTask

MODEL = pytest.mark.model
BOUND = 1e-10
TAU, TAU_SYN = 10 * ms, 50 * ms


def rates(bias, x):
    return RateNeurons(len(x), tau=TAU, bias=bias, initial=x)


def potentials(bias, x):
    return PotentialNeurons(len(x), tau=TAU, bias=bias, initial=x)


def lif(bias, v, r, I):  # noqa: E741 (the current, as in the program)
    given = dict(initial=v, initial_activity=r, bias=bias)
    return LIFNeurons(len(v), tau=20 * ms, tau_syn=15 * ms, refractory=3 * ms, **given)


def conductances(bias, v, **initial):
    """As in models/derived."""
    made = DerivedNeurons(
        len(v),
        """dv/dt = (g_leak*(E_leak - v)
              + g_unit*(clip(g, 0, inf)*(E_exc - v) + clip(-g, 0, inf)*(E_inh - v))
              + g_leak*20*mV*(I_in + bias))/C : volt (unless refractory)
           dg/dt = -g/tau_syn : 1
           dr/dt = -r/tau_syn : 1
           bias : 1""",
        input="I_in",
        on_pre="g += w",
        activity="r - 1",
        threshold="v > theta",
        reset="v = E_leak; r += 1/(tau_syn*20*Hz)",
        refractory=3 * ms,
        surrogate="clip(1 - abs(u)/(20*mV), 0, 1)/(20*mV)",
        method="exponential_euler",
        initial={"v": v * volt, **initial},
        namespace=dict(
            C=200 * pF,
            g_leak=10 * nS,
            g_unit=4 * nS,
            E_leak=-70 * mV,
            E_exc=0 * mV,
            E_inh=-80 * mV,
            theta=-50 * mV,
            tau_syn=TAU_SYN,
        ),
    )
    made.bias = bias
    return made


def adex(bias, v, r, a, I, method):  # noqa: E741
    """As in models/derived."""
    made = DerivedNeurons(
        len(v),
        """dv/dt = (g_leak*(E_leak - v) + g_leak*slope*exp((v - v_t)/slope) - a
              + g_leak*20*mV*(I_rec + I_in + bias))/C : volt (unless refractory)
           da/dt = (coupling*(v - E_leak) - a)/tau_a : amp
           dI_rec/dt = -I_rec/tau_syn : 1
           dr/dt = -r/tau_syn : 1
           bias : 1""",
        input="I_in",
        on_pre="I_rec += w",
        activity="r - 1",
        threshold="v > v_cut",
        reset="v = E_leak; a += 5*pA; r += 1/(tau_syn*20*Hz)",
        detach="a",
        refractory=2 * ms,
        surrogate="int(u < v_t - v_cut)*clip(1 + (u + v_cut - v_t)/(20*mV), 0, 1)/(20*mV)",
        method=method,
        initial={"v": v * volt, "r": r, "a": a * amp, "I_rec": I},
        namespace=dict(
            C=200 * pF,
            g_leak=10 * nS,
            E_leak=-70 * mV,
            slope=2 * mV,
            v_t=-50 * mV,
            v_cut=-40 * mV,
            coupling=1 * nS,
            tau_a=100 * ms,
            tau_syn=TAU_SYN,
        ),
    )
    made.bias = bias
    return made


#: Neurons, time steps, time constants of readouts, and our names of the program's states if other.
NETWORKS = {
    "tanh in the leak": (rates, 1 * ms, 15 * ms, {"x": "activity"}),
    "tanh out of the leak": (potentials, 1 * ms, None, {"x": "u"}),
    "LIF": (lif, 1 * ms, None, {"r": "activity", "I": "I_rec"}),
    "conductances": (conductances, 1 * ms, None, {}),
    "AdEx, euler": (partial(adex, method="euler"), 0.5 * ms, None, {"I": "I_rec"}),
    "AdEx, rk4": (partial(adex, method="rk4"), 0.1 * ms, None, {"I": "I_rec"}),
    "rates with delays": (rates, 1 * ms, 15 * ms, {"x": "activity"}),
    "spikes with delays": (lif, 1 * ms, None, {"r": "activity", "I": "I_rec"}),
}


def network(name, arrays):
    """The network of a case."""
    make, dt, tau_out, _ = NETWORKS[name]
    defaultclock.dt = dt
    given = {key: arrays[key] for key in ("inputs", "target", "mask")}
    task = ArrayTask(dt=dt, **given)
    initial = {key[8:]: value for key, value in arrays.items() if key.startswith("initial ")}
    neurons = make(arrays["bias"], **initial)
    inputs = TaskInput(task)
    readout = Readout(task) if tau_out is None else LeakyReadout(task, tau_out)
    rule = neurons.rule(0.1) if hasattr(neurons, "rule") else RFLO(0.1, tau=TAU_SYN)
    delta = Delta(0.1) if tau_out is None else LeakyDelta(0.1, tau_out)
    onto = receives(neurons)["recurrent"]
    late = arrays["late"].T.ravel() * dt
    delay = {} if spikes(neurons) or not np.any(late) else {"delay": late[0]}
    parts = [
        PlasticSynapses(neurons, neurons, rule, onto, name="recurrent", learn=PerTrial(), **delay),
        PlasticSynapses(inputs, neurons, rule, "I_in", name="input", learn=PerTrial()),
        PlasticSynapses(neurons, readout, delta, readout.onto, name="output", learn=PerTrial()),
    ]
    for part in parts:
        part.connect()
        part.set_matrix(arrays[part.name])
    if spikes(neurons) and np.any(late):
        parts[0].delay = late
    trials = Trials(task, neurons, inputs, readout, *parts)
    return TrialNetwork(neurons, inputs, readout, *parts, trials), neurons


def raster(net, neurons):
    """Spikes of a trial, ``[step, neuron]``; None of neurons that have none."""
    if not spikes(neurons):
        return None
    return net.record(1, "spikes", of=neurons)[0].astype(bool)


def errors(name, arrays, **given):
    """Differences between our derivatives and those of the program, in units of its largest."""
    net, neurons = network(name, arrays)
    if spikes(neurons):
        assert np.array_equal(raster(net, neurons), arrays["spikes"])
        assert arrays["spikes"].sum() > len(neurons)
    expected = {key[9:]: arrays[key] for key in arrays if key.startswith("gradient ")}
    states = {f"initial {key}": value for key, value in NETWORKS[name][3].items()}
    ours = {
        key: key
        if key in net.projections
        else f"{neurons.name}.{states.get(key, key.removeprefix('initial '))}"
        for key in expected
    }
    gradient = net.gradient(1, by=list(ours.values()), **given)
    return {
        key: np.abs(gradient[ours[key]][0] - values).max() / np.abs(values).max()
        for key, values in expected.items()
    }


def stored(name):
    """The arrays of a case."""
    with np.load(Path(__file__).parent / "data" / "jax_gradients.npz") as every:
        start = f"{name}: "
        return {key.removeprefix(start): every[key] for key in every if key.startswith(start)}


#: In the default set all but the one whose expressions are long.
CASES = [pytest.param(name, marks=MODEL if name == "AdEx, rk4" else []) for name in NETWORKS]


@pytest.mark.parametrize("name", CASES)
def test_stored_networks_have_the_gradients_of_autodiff(name):
    assert max(errors(name, stored(name)).values()) < BOUND


@MODEL
@pytest.mark.parametrize("name", NETWORKS)
def test_networks_have_the_gradients_of_autodiff(name):
    """The program itself, of larger networks."""
    pytest.importorskip("jax")
    import jax_gradients

    arrays = jax_gradients.case(name, n=30, steps=200, seed=2)
    arrays |= jax_gradients.differentiated(name, arrays)
    assert max(errors(name, arrays).values()) < BOUND


@MODEL
def test_what_is_stored_is_what_the_program_computes():
    pytest.importorskip("jax")
    import jax_gradients

    for name in NETWORKS:
        arrays = stored(name)
        again = jax_gradients.differentiated(name, arrays)
        for key, values in again.items():
            differs = np.abs(1.0 * arrays[key] - values).max()
            assert differs <= 1e-12 * np.abs(values).max(), (name, key)


MISTAKES = {
    "a jump": ("LIF", dict(resets={"activity": "detach"}), {}),
    "a row of the reset": ("LIF", dict(resets={"v": "ignore"}), {}),
    "adaptation that follows the spike": ("AdEx, euler", dict(resets={"a": "surrogate"}), {}),
    "spikes that do not arrive": ("conductances", dict(cut=("recurrent",)), {}),
    "activity that is late": ("rates with delays", {}, {"late": 1}),
    "spikes that are late": ("spikes with delays", {}, {"late": 1}),
}


@pytest.mark.parametrize(
    "mistake",
    [pytest.param(name, marks=MODEL if name != "a jump" else []) for name in MISTAKES],
)
def test_a_planted_mistake_is_found(mistake):
    name, wrong, changed = MISTAKES[mistake]
    arrays = stored(name)
    if changed:  # the spikes of another network are others
        arrays["late"] = arrays["late"] + changed["late"]
        arrays["spikes"] = raster(*network(name, arrays))
    assert max(errors(name, arrays, **wrong).values()) > 1e-2
