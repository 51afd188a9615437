"""The exact gradient is that of the integrator in use: against finite differences of simulations,
for each neuron over the integrators that Brian2 has for it.
"""

from functools import partial

import numpy as np
import pytest
from brian2 import NeuronGroup, defaultclock, ms, mV, nS, pA, pF
from gradient_networks import LEAK, conductance, hodgkin_huxley, network, waves, weights
from test_gradient import changes, relative

from brian_rflo import DerivedNeurons, FixedSynapses, Readout, Trials
from brian_rflo.checks import check_gradient
from brian_rflo.network import TrialNetwork
from brian_rflo.readouts import TaskInput

MODEL = pytest.mark.model
ALL = ("euler", "exponential_euler", "rk2", "rk4")
NOISY = ("euler", "heun", "milstein")
RATE = dict(input=("I_rec", "I_in"), namespace=dict(LEAK=LEAK))


def inside(method):
    """Rate neurons with their function in the leak."""
    model = "dx/dt = (-x + tanh(I_rec + I_in))/LEAK : 1"
    return DerivedNeurons(8, model, activity="x", initial={"x": 0.1}, method=method, **RATE)


def outside(method):
    """Rate neurons with their function outside the leak."""
    model = "dx/dt = (-x + I_rec + I_in)/LEAK : 1"
    return DerivedNeurons(8, model, activity="tanh(x)", initial={"x": 0.1}, method=method, **RATE)


def with_noise(method):
    """Rate neurons with white noise in their equation."""
    model = "dx/dt = (-x + tanh(I_rec + I_in))/LEAK + 0.3*xi*LEAK**-0.5 : 1"
    return DerivedNeurons(8, model, activity="x", initial={"x": 0.1}, method=method, **RATE)


def lif(method):
    """Integrate-and-fire neurons with currents."""
    return DerivedNeurons(
        8,
        """dv/dt = (-v + I_syn + I_in + 1.4)/(20*ms) : 1 (unless refractory)
           dI_syn/dt = -I_syn/(10*ms) : 1
           dr/dt = -r/(20*ms) : 1""",
        on_pre="I_syn += w",
        input="I_in",
        activity="r",
        threshold="v > 1",
        reset="v = 0; r += 1",
        refractory=3 * ms,
        surrogate="0.3*clip(1 - abs(u), 0, 1)",
        initial={"v": np.linspace(0, 0.9, 8)},
        method=method,
    )


def adex(method):
    """Adaptive exponential integrate-and-fire neurons."""
    return DerivedNeurons(
        8,
        """dv/dt = (gL*(EL - v) + gL*DT*exp((v - VT)/DT) - a + 45*mV*gL + I_syn + 8*mV*gL*I_in)/C
               : volt (unless refractory)
           da/dt = (coupling*(v - EL) - a)/(100*ms) : amp
           dI_syn/dt = -I_syn/(10*ms) : amp
           dr/dt = -r/(20*ms) : 1""",
        on_pre="I_syn += w*pA",
        input="I_in",
        activity="r",
        threshold="v > -40*mV",
        reset="v = EL; a += b; r += 1",
        refractory=2 * ms,
        surrogate="0.3*clip(1 - abs(u)/(20*mV), 0, 1)/(20*mV)",
        initial={"v": np.linspace(-60, -48, 8) * mV},
        method=method,
        namespace=dict(
            gL=10 * nS, C=200 * pF, EL=-70 * mV, VT=-50 * mV, DT=2 * mV, coupling=1 * nS, b=5 * pA
        ),
    )


WAVES, SHORT = waves(20), waves(40)
#: Neurons, task, weights, steps of the differences, and integrators. Pseudo-derivatives have
#: corners, which a step must not reach: where neurons spike, steps are ten times smaller.
SMOOTH, SPIKING = (1e-5, 1e-6), (1e-6, 1e-7)
NEURONS = {
    "tanh in the leak": (inside, WAVES, weights(), SMOOTH, (*ALL, "exact")),
    "tanh outside": (outside, WAVES, weights(), SMOOTH, (*ALL, "exact")),
    "white noise": (with_noise, WAVES, weights(), SMOOTH, NOISY),
    "LIF": (lif, SHORT, weights(gain=0.4), SPIKING, (*ALL, "exact")),
    "conductances": (conductance, SHORT, weights(gain=20, positive=True), SPIKING, ALL),
    "AdEx": (adex, waves(160, dt=0.1 * ms), weights(gain=100), SPIKING, ALL),
    "Hodgkin and Huxley": (
        hodgkin_huxley,
        waves(200, dt=0.05 * ms),
        weights(gain=6, positive=True),
        SPIKING,
        ALL,
    ),
}
CASES = [
    pytest.param(name, method, marks=[] if (name, method) == ("white noise", "heun") else MODEL)
    for name, (*_, methods) in NEURONS.items()
    for method in methods
]


@pytest.mark.parametrize("name, method", CASES)
def test_the_gradient_is_that_of_the_integrator(name, method):
    make, task, given, moves, _ = NEURONS[name]
    check_gradient(network(partial(make, method), task, given), moves=moves, directions=1)


@MODEL
@pytest.mark.parametrize("name", ["LIF", "conductances", "AdEx", "Hodgkin and Huxley"])
def test_they_spike_and_integrators_differ(name):
    make, task, given, *_ = NEURONS[name]
    nets = [network(partial(make, method), task, given)() for method in ("euler", "rk2")]
    for net in nets:
        assert net.record(1, "spikes").sum() >= 8
    one, other = (net.evaluate(1).losses.item() for net in nets)
    assert one != other


@MODEL
@pytest.mark.parametrize("name, method", [("LIF", "exact"), ("AdEx", "euler"), ("AdEx", "rk4")])
def test_without_recurrence_it_is_the_derived_rule_with_symmetric_feedback(name, method):
    make, task, given, *_ = NEURONS[name]
    net = network(partial(make, method), task, given)()
    expected = net.gradient(1, cut="recurrent", first=0)
    for part, values in changes(net).items():
        assert relative(-task.n_steps * expected[part], values) < 1e-12, part


def own(noise, method):
    """A network of a group of the user's own, with white noise."""
    defaultclock.dt = WAVES.dt
    mine = NeuronGroup(
        3,
        f"""dactivity/dt = (-activity + tanh(I_in))/LEAK + 0.3*{noise}*xi*LEAK**-0.5 : 1
            I_in : 1""",
        method=method,
        name="mine",
        namespace=dict(LEAK=LEAK),
    )
    inputs, readout = TaskInput(WAVES), Readout(WAVES)
    parts = [
        FixedSynapses(inputs, mine, onto="I_in", name="inward"),
        FixedSynapses(mine, readout, onto="output", name="outward"),
    ]
    for part in parts:
        part.connect()
        part.w = 0.3
    trials = Trials(WAVES, readout)
    trials.at_start(mine, "activity = 0.1")
    return TrialNetwork(mine, inputs, readout, *parts, trials)


@MODEL
def test_added_noise_of_a_group_of_ones_own():
    check_gradient(lambda: own("1", "milstein"), by="inward", directions=1)


@pytest.mark.parametrize("method", ["heun", pytest.param("milstein", marks=MODEL)])
def test_noise_that_is_multiplied_is_refused(method):
    """The derivative of such a step needs the random numbers themselves."""
    with pytest.raises(ValueError, match="need the very numbers.*into a variable of their own"):
        own("activity", method).gradient(1, by="inward")
