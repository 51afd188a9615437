"""Traces follow the integrator of the neurons: by its name, by Brian2's choice, the user's own."""

import numpy as np
import pytest
from brian2 import (
    BrianObjectException,
    ExplicitStateUpdater,
    Network,
    NeuronGroup,
    defaultclock,
    euler,
    exact,
    ms,
    rk4,
    start_scope,
)
from targets import LONG

from brian_rflo import RFLO, PlasticSynapses, schedule
from brian_rflo.brian.devices import device
from brian_rflo.neurons import DerivedNeurons
from brian_rflo.readouts import TaskInput
from brian_rflo.tasks import ArrayTask

T, STEP = 10, 1e-5
INPUTS = np.linspace(0.5, 1.5, T)
OWN = ExplicitStateUpdater("k = dt*f(x, t)\nx_new = x + dt*f(x + k/3, t + dt/3)")


def by_hand(equations, variables, method_options=None):
    """An integrator as a function."""
    return rk4(equations, variables)


METHODS = {
    **{name: name for name in ("euler", "exponential_euler", "rk2", "rk4", "heun", "milstein")},
    "exact": "exact",
    "in capitals": "RK4",
    "left out": None,
    "a choice": ("exact", "rk2"),
    "a list": ["rk4", "euler"],
    "no name": rk4,
    "no name, exact": exact,
    "one's own": OWN,
    "a function": by_hand,
}
#: Integrators that cannot solve the nonlinear neurons.
LINEAR_ALONE = {"exact", "no name, exact"}


def method_of(name):
    return {} if METHODS[name] is None else {"method": METHODS[name]}


def group_of_ones_own(name):
    group = NeuronGroup(
        1,
        "dactivity/dt = (tanh(I_in) - activity)/(5*ms) : 1\nI_in : 1\ngain : 1\nfeedback : 1",
        **method_of(name),
    )
    group.run_regularly("gain = 1 - tanh(I_in)**2", **schedule.GAIN)
    return group, RFLO(0.0, tau=5 * ms), "trace"


def derived(name):
    model = """dx/dt = (-x + y + tanh(I_in))/(5*ms) : 1
               dy/dt = (x*x - 3*y)/(5*ms) : 1"""
    group = DerivedNeurons(1, model, input="I_in", activity="x", **method_of(name))
    return group, group.rule(0.0), "trace_x"


def ran(make, name, weights):
    """Activity and trace at the end of runs with some weights, and the projections."""
    start_scope()
    defaultclock.dt = 1 * ms
    made = []
    for w in weights:
        group, rule, trace = make(name)
        inputs = TaskInput(ArrayTask(target=np.zeros(T), inputs=INPUTS, dt=1 * ms))
        synapses = PlasticSynapses(inputs, group, rule, onto="I_in")
        synapses.connect()
        synapses.w = w
        made.append((group, synapses, inputs))
    Network(made).run(T * ms)
    return [(group.activity[0], getattr(parts, trace)[0], parts) for group, parts, _ in made]


def assert_is_the_derivative(make, name):
    less, here, more = ran(make, name, (0.7 - STEP, 0.7, 0.7 + STEP))
    slope = (more[0] - less[0]) / (2 * STEP)
    assert abs(here[1] / slope - 1) < 1e-8 and abs(slope) > 0.1
    return here[2]


def cases(names, quick):
    """Names, of which only some are quick enough for the default set."""
    return [pytest.param(name, marks=[] if name in quick else pytest.mark.model) for name in names]


@pytest.mark.parametrize("name", cases(METHODS, ("euler", "exact", "left out", "rk2", "one's own")))
def test_trace_of_a_group_of_ones_own(name):
    assert_is_the_derivative(group_of_ones_own, name)


@pytest.mark.parametrize("name", cases(sorted({*METHODS} - LINEAR_ALONE), ("left out", "rk2")))
def test_trace_of_derived_neurons(name):
    assert_is_the_derivative(derived, name)


@pytest.mark.parametrize(
    "target", [pytest.param(t, marks=LONG) for t in ("cython", "cpp_standalone")]
)
@pytest.mark.parametrize("name", ["left out", "rk4", "exact", "a function"])
def test_where_code_is_compiled(name, target):
    with device(target):
        synapses = assert_is_the_derivative(group_of_ones_own, name)
        assert synapses.dense.why_not_dense is None


def test_an_integrator_that_cannot_solve_the_traces():
    def only_for_neurons(equations, variables, method_options=None):
        """An integrator that gives up, as Brian2's do, where it cannot solve equations."""
        return (euler if "activity" in equations.names else exact)(equations, variables)

    model = "dactivity/dt = -activity/(5*ms) : 1\nI_in : 1\ngain : 1\nfeedback : 1"
    group = NeuronGroup(1, model, method=only_for_neurons, name="mine")
    synapses = PlasticSynapses(group, group, RFLO(0.1, tau=5 * ms), onto="I_in")
    synapses.connect()
    with pytest.raises(BrianObjectException) as raised:
        Network(group, synapses).run(1 * ms)
    said = "'mine' has an integrator of its own, which cannot integrate the traces of RFLO"
    assert said in str(raised.value.__cause__)
