"""Rules around a rule: their strings are those of the rule inside, but for what they write anew."""

from dataclasses import dataclass

import numpy as np
import pytest
from brian2 import Hz, Network, defaultclock, ms

from brian_rflo import (
    RFLO,
    Adam,
    EProp,
    FiringRate,
    LearningNetwork,
    LIFNeurons,
    PerStep,
    PerTrial,
    PlasticSynapses,
    RateNeurons,
)
from brian_rflo.checks import check_rule
from brian_rflo.readouts import Linear
from brian_rflo.rules import Around, Relayed, Rewarded
from brian_rflo.tasks import CursorMovements
from brian_rflo.updates import L1, L2

TASK, TAU, N = CursorMovements(movement=20 * ms, seed=1), 10 * ms, 8
SCHEDULES = {"step": PerStep(), "trial": PerTrial(Adam())}
HELD = {"rates": FiringRate(0.2, 30), "spikes": FiringRate(10 * Hz, 300)}


@dataclass(frozen=True)
class Halved(Around):
    """Half of what the rule inside does in each step."""

    @property
    def updates(self):
        return {when: f"0.5*({update})" for when, update in self.rule.updates.items()}


def neurons_of(kind):
    bias = np.linspace(1, 1.5, N)
    return (
        RateNeurons(N, tau=TAU)
        if kind == "rates"
        else LIFNeurons(N, tau=TAU, tau_syn=TAU, bias=bias, initial=np.linspace(0, 1, N))
    )


def weights_after(kind, rule, learn=PerStep(), trials=3, **options):
    defaultclock.dt = TASK.dt
    net = LearningNetwork(TASK, neurons_of(kind), rule, learn=learn, **options)
    result = net.train(trials)
    assert (result.weights_after["recurrent"] != result.weights_before["recurrent"]).any()
    return result.weights_after


def assert_same(one, other):
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name], err_msg=name)


@pytest.mark.parametrize("learn", SCHEDULES.values(), ids=SCHEDULES)
@pytest.mark.parametrize("kind", HELD)
def test_held_rates_are_a_rule_around_a_rule(kind, learn):
    """Said to the network, or to its rule."""
    rule, held = RFLO(0.05, tau=TAU), HELD[kind]
    one = weights_after(kind, rule, learn, regularization=held)
    assert_same(
        one, weights_after(kind, held.around(rule), learn, readout_rule=Linear().default_rule(0.05))
    )
    assert (one["recurrent"] != weights_after(kind, rule, learn)["recurrent"]).any()


@pytest.mark.parametrize("learn", SCHEDULES.values(), ids=SCHEDULES)
def test_without_strength_it_is_the_rule_inside(learn):
    rule = RFLO(0.05, tau=TAU)
    assert_same(
        weights_after("rates", rule, learn),
        weights_after("rates", rule, learn, regularization=FiringRate(0.2, 0)),
    )


@pytest.mark.parametrize(
    "inside", [RFLO(0.1, tau=TAU), EProp(0.1, tau=TAU)], ids=lambda rule: rule.title
)
def test_half_of_a_rule_is_the_rule_at_half_the_rate(inside):
    half, whole = (
        weights_after("rates", Halved(0.1, inside)),
        weights_after(
            "rates", type(inside)(0.05, tau=TAU), readout_rule=Linear().default_rule(0.1)
        ),
    )
    for name, values in whole.items():
        np.testing.assert_allclose(half[name], values, rtol=1e-11, atol=1e-14)


def test_rules_around_rules_around_a_rule():
    """All of them keep what they need, in whichever order they stand."""
    held, inside = HELD["rates"], RFLO(0.1, tau=TAU)
    half_of_all = weights_after("rates", Halved(0.1, held.around(inside)), PerTrial(), trials=1)
    expected = weights_after(
        "rates",
        held.around(RFLO(0.05, tau=TAU)),
        PerTrial(),
        trials=1,
        readout_rule=Linear().default_rule(0.1),
    )
    for name, values in expected.items():
        np.testing.assert_allclose(half_of_all[name], values, rtol=1e-11, atol=1e-14)
    other = weights_after("rates", held.around(Halved(0.1, inside)), PerTrial(), trials=1)
    assert (other["recurrent"] != half_of_all["recurrent"]).any()


def test_strings_and_parameters_are_those_of_the_rule_inside():
    inside = RFLO(0.1, tau=TAU)
    rule = HELD["spikes"].around(inside)
    assert (rule.traces, rule.reset, rule.rate_gradient, rule.phase, rule.core, rule.title) == (
        inside.traces,
        inside.reset,
        inside.rate_gradient,
        inside.phase,
        inside,
        "RFLO",
    )
    assert (
        set(rule.parameters) == {"learning_rate", "tau", "rate_target", "rate_strength"}
        and rule.time_constants == inside.time_constants
    )
    assert (
        set(inside.updates) == {"step"}
        and set(rule.updates) == {"step", "trial_end"}
        and rule.updates["step"] == inside.updates["step"]
    )
    assert set(inside.reads("post")) <= set(
        rule.reads("post")
    ) and "activity_sum" not in rule.reads("post")
    check_rule(Halved(0.1, inside))


def test_what_it_holds_may_change_between_runs():
    defaultclock.dt = TASK.dt
    nets = [
        LearningNetwork(
            TASK, neurons_of("rates"), RFLO(0.05, tau=TAU), regularization=FiringRate(0.2, strength)
        )
        for strength in (30, 0)
    ]
    nets[1].recurrent.rate_strength = nets[1].input_synapses.rate_strength = 30
    assert_same(*(net.train(2).weights_after for net in nets))


def test_an_error_names_the_rule_that_was_written():
    neurons = RateNeurons(N, tau=TAU, name="mine")
    rule = HELD["rates"].around(EProp(0.1, tau=0.1 * ms))
    with pytest.raises(ValueError, match="EProp: tau = 100. us is shorter than the time step"):
        PlasticSynapses(neurons, neurons, rule, onto="I_rec")
    recurrent = PlasticSynapses(
        neurons, neurons, HELD["rates"].around(RFLO(0.1, tau=TAU)), onto="I_rec", name="recurrent"
    )
    recurrent.connect()
    with pytest.raises(Exception) as error:
        Network(neurons, recurrent).run(1 * ms)
    assert "RFLO on 'recurrent' reads trial_steps" in str(error.value.__cause__)


HOLD = {
    "Halved": lambda rule: Halved(0.1, rule),
    "Rewarded": lambda rule: Rewarded(rule),
    "Relayed": lambda rule: Relayed(0.1, rule),
    "FiringRate": HELD["rates"].around,
    "L1": L1(0.1).around,
    "L2": L2(0.1).around,
}


@pytest.mark.parametrize("name", HOLD)
@pytest.mark.parametrize("held", ["RFLO", None, RFLO, FiringRate(0.2, 30)], ids=str)
def test_what_is_no_rule_is_refused_by_name(name, held):
    with pytest.raises(TypeError, match=f"{name}: rule must be a LearningRule, for example RFLO"):
        HOLD[name](held)
