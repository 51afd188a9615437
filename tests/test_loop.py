"""Choices and what is learned of their reward, against plain loops in NumPy."""

import numpy as np
import pytest
from brian2 import (
    BrianObjectException,
    Network,
    NeuronGroup,
    StateMonitor,
    Synapses,
    TimedArray,
    defaultclock,
    ms,
    run,
)
from brian_rflo.models.murray2019 import fig4
from targets import compiled_for

from brian_rflo import FixedSynapses, PlasticSynapses, RateNeurons, schedule
from brian_rflo.brian.devices import device
from brian_rflo.readouts import ChoiceMonitor, WinnerTakeAll
from brian_rflo.rules import RewardHebbian
from brian_rflo.tasks.cursor import DIRECTIONS

PERIOD, ACTIVE, N, NETWORKS, DECISIONS = 7, 4, 3, 4, 40
STEPS = PERIOD * DECISIONS


def some_z(seed=0):
    """Summed input of each step and unit; whole numbers, so that many are equal."""
    return np.random.default_rng(seed).integers(-2, 3, (STEPS, NETWORKS * N)).astype(float)


def choices(z, allowed=1, name="winnertakeall*", monitor="statemonitor*", **args):
    """What happens in each step, ``[variable][unit, step]``, when the units are given `z`."""
    args = dict(networks=NETWORKS, active=ACTIVE * ms, height=2.0, initial=[0, 1, 2, 1]) | args
    units = WinnerTakeAll(
        N, period=PERIOD * ms, name=name, namespace={"values": TimedArray(z, dt=1 * ms)}, **args
    )
    units.run_regularly("z = values(t, i)", **schedule.READOUT)
    units.allowed = allowed
    seen = StateMonitor(
        units, ["winner", "before", "activity", "deciding"], record=True, when="end", name=monitor
    )
    Network(units, seen).run(STEPS * ms, namespace={})
    return {variable: np.array(getattr(seen, variable)) for variable in seen.record_variables}


def expected_choices(z, allowed, initial=(0, 1, 2, 1)):
    """The same without exploration, in a loop over steps."""
    winner, before = np.eye(N)[list(initial)], np.zeros((NETWORKS, N))
    seen = {
        name: np.zeros((NETWORKS * N, STEPS))
        for name in ("winner", "before", "activity", "deciding")
    }
    for step in range(STEPS):
        seen["activity"][:, step] = 2 * winner.ravel() * (step % PERIOD < ACTIVE)
        seen["deciding"][:, step] = step % PERIOD == ACTIVE - 1
        if step % PERIOD == ACTIVE - 1:
            scores = np.where(allowed, z[step], -np.inf).reshape(NETWORKS, N)
            before, winner = (
                winner,
                np.eye(N)[scores.argmax(axis=1)] * np.isfinite(scores).any(axis=1, keepdims=True),
            )
        seen["winner"][:, step], seen["before"][:, step] = winner.ravel(), before.ravel()
    return seen


SOME_ALLOWED = np.array([1, 1, 1, 1, 0, 1, 0, 0, 1, 0, 0, 0])


@pytest.mark.parametrize(
    "allowed, target",
    compiled_for({"all": np.ones(NETWORKS * N), "some": SOME_ALLOWED}, []),
)
def test_the_greatest_wins(allowed, target):
    with device(target):
        seen = choices(some_z(), allowed)
    for name, values in expected_choices(some_z(), allowed).items():
        np.testing.assert_array_equal(seen[name], values, err_msg=name)
    assert len(np.unique(seen["winner"], axis=1).T) > 3


def test_names_change_nothing():
    z = some_z()
    np.testing.assert_array_equal(
        *[
            choices(z, name=name, monitor=monitor)["winner"]
            for name, monitor in (("a", "z"), ("z", "a"))
        ]
    )


def decisions(seen):
    """The winners as chosen, ``[network, decision, unit]``."""
    return seen["winner"][:, ACTIVE - 1 :: PERIOD].reshape(NETWORKS, N, DECISIONS).swapaxes(1, 2)


def test_exploration_is_of_all_allowed_units_and_of_each_network_alone():
    won = decisions(choices(some_z(), SOME_ALLOWED, exploration=1))
    assert (won[:3].sum(axis=2) == 1).all() and not won[3].any()
    assert not won[1, :, 1].any() and won[2, :, 2].all()
    assert (won[0].mean(axis=0) > 0.15).all() and 0.25 < won[1, :, 0].mean() < 0.75
    free = decisions(choices(some_z(), exploration=1))
    assert all((free[0] != other).any() for other in free[1:])


def test_exploration_happens_as_often_as_asked():
    z = np.tile([1.0, 0, 0], (STEPS, NETWORKS))
    won = decisions(choices(z, exploration=0.6))
    assert abs(won[:, :, 0].mean() - (0.4 + 0.6 / N)) < 0.12
    assert (won.sum(axis=2) == 1).all()


def test_no_choice_of_what_is_no_number():
    z = some_z()
    z[:, 4] = np.nan
    won = decisions(choices(z))
    assert not won[1].any() and (won[[0, 2, 3]].sum(axis=2) == 1).all() and np.isfinite(won).all()


def test_the_winner_is_on_for_the_whole_period_by_default():
    seen = choices(some_z(), active=None, height=1)
    np.testing.assert_array_equal(seen["activity"][:, 1:], seen["winner"][:, :-1])


class Loop:
    """Rate neurons that the winner drives and whose activity decides; one environment per network
    rewards odd choices.
    """

    def __init__(self, **names):
        self.units = WinnerTakeAll(
            N,
            period=PERIOD * ms,
            active=ACTIVE * ms,
            networks=2,
            height=1.5,
            name=names.get("units", "units"),
        )
        self.neurons = RateNeurons(
            8, tau=5 * ms, initial=np.linspace(-1, 1, 8), name=names.get("neurons", "neurons")
        )
        self.world = NeuronGroup(2, "chosen : 1\ntotal : 1", name=names.get("world", "world"))
        self.inward = FixedSynapses(self.units, self.neurons, name=names.get("inward", "inward"))
        self.choice = PlasticSynapses(
            self.neurons,
            self.units,
            RewardHebbian(learning_rate=0.3),
            onto="z",
            name=names.get("choice", "choice"),
        )
        self.act = Synapses(
            self.units,
            self.world,
            "chosen_post = (i % 3)*winner_pre : 1 (summed)",
            name=names.get("act", "act"),
        )
        self.answer = Synapses(
            self.world,
            self.units,
            "reward_post = chosen_pre + total_pre/100 : 1 (summed)",
            name=names.get("answer", "answer"),
        )
        self.connect()

    def connect(self):
        rng = np.random.default_rng(3)
        for projection, shape in ((self.inward, (2, 4, 3)), (self.choice, (2, 3, 4))):
            projection.connect(networks=2)
            projection.set_matrix(rng.standard_normal(shape))
        self.act.connect(j="i // 3")
        self.answer.connect(j="k for k in range(3*i, 3*i + 3)")
        schedule.move(self.act.summed_updaters["chosen_post"], schedule.ACTION)
        schedule.move(self.answer.summed_updaters["reward_post"], schedule.REWARD)
        self.units.at_decision(self.world, "total += chosen")

    def weights_after(self, decisions):
        self.seen = ChoiceMonitor(self.units)
        Network(
            self.seen,
            self.units,
            self.neurons,
            self.world,
            self.inward,
            self.choice,
            self.act,
            self.answer,
        ).run(decisions * PERIOD * ms, namespace={})
        return self.choice.matrix(networks=2)


def loop_by_hand(decisions, chosen_then=None):
    """The same in NumPy."""
    rng = np.random.default_rng(3)
    inward, choice = rng.standard_normal((2, 4, 3)), rng.standard_normal((2, 3, 4))
    h, winner, total = np.linspace(-1, 1, 8).reshape(2, 4), np.eye(3)[[0, 0]], np.zeros(2)
    for step in range(decisions * PERIOD):
        drive = np.einsum("kab,kb->ka", inward, 1.5 * winner * (step % PERIOD < ACTIVE))
        h = h + (np.tanh(drive) - h) / 5
        if step % PERIOD == ACTIVE - 1:
            chosen = np.einsum("kab,kb->ka", choice, h).argmax(axis=1)
            winner, total = np.eye(3)[chosen], total + chosen
            if chosen_then is not None:
                chosen_then.append(winner.ravel())
            choice += (
                0.3 * (chosen + total / 100)[:, None, None] * winner[:, :, None] * h[:, None, :]
            )
    return choice


@pytest.mark.parametrize(
    "target", ["numpy", pytest.param("cpp_standalone", marks=pytest.mark.compiled)]
)
def test_reward_hebbian(target):
    with device(target):
        loop, winners = Loop(), []
        weights = loop.weights_after(30)
        np.testing.assert_allclose(weights, loop_by_hand(30, winners), rtol=1e-12)
        np.testing.assert_array_equal(np.transpose(loop.seen.winner), winners)
    assert np.abs(weights - loop_by_hand(0)).max() > 0.1


def test_reward_hebbian_whatever_the_names():
    names = ("units", "neurons", "world", "inward", "choice", "act", "answer")
    np.testing.assert_array_equal(
        Loop().weights_after(20),
        Loop(**dict(zip(names, sorted(names, reverse=True)))).weights_after(20),
    )


@pytest.mark.parametrize("spoil", [dict(plastic=False), dict(learning_rate=0.0)], ids=str)
def test_reward_hebbian_switched_off(spoil):
    loop = Loop()
    for name, value in spoil.items():
        setattr(loop.choice, name, value)
    np.testing.assert_array_equal(loop.weights_after(10), loop_by_hand(0))


def test_without_a_network_object():
    units = WinnerTakeAll(2, period=2 * ms, initial=1)
    run(4 * ms, namespace={})
    np.testing.assert_array_equal(units.winner, [1, 0])


def test_the_cursor_of_figure_4_stays_in_its_square(monkeypatch):
    """Random movements: each is in bounds, and rewarded if it is the one wanted after the last."""
    for name, value in dict(N=5, MOVEMENT=2 * ms, HOLD=1 * ms).items():
        monkeypatch.setattr(fig4, name, value)
    rng = np.random.default_rng(0)
    weights = dict(recurrent=rng.standard_normal((3, 5, 5)), input=rng.standard_normal((3, 5, 4)))
    loop = fig4.Loop(weights, np.zeros((3, 4, 5)), RewardHebbian(0.01), height=5, exploration=1)
    loop.run(60 * 3 * ms, namespace={})
    made = np.array(loop.choices.winner).reshape(3, 4, 60).argmax(axis=1)
    corners = [1, 0] + np.cumsum(DIRECTIONS[made], axis=1)
    assert set(np.unique(corners)) == {0, 1} and len(np.unique(made)) == 4
    wanted = made == (np.column_stack([np.zeros(3, int), made[:, :-1]]) + 1) % 4
    np.testing.assert_array_equal(
        np.array(loop.choices.reward).reshape(3, 4, 60), np.repeat(wanted[:, None], 4, axis=1)
    )
    assert 0.2 < wanted.mean() < 0.8


def test_the_ideal_movements_of_figure_4_have_no_error():
    made = np.tile(fig4.ROUND, 3)
    ideal = fig4.ideal(made)
    found = fig4.measures(made[None], ideal[None])
    assert (
        found["order"][0]
        and max(found[name][0] for name in ("rms", "end", "displacement", "loss")) < 1e-12
    )
    silent = fig4.measures(made[None], 0 * ideal[None])
    assert (
        silent["end"][0] < 1e-12
        and silent["rms"][0] > 0.9
        and silent["displacement"][0] == silent["loss"][0] == 1
    )


def units(n_units=3, **args):
    return WinnerTakeAll(n_units, **dict(period=20 * ms, name="units") | args)


def clock_changed():
    group = units()
    defaultclock.dt = 0.5 * ms
    Network(group).run(1 * ms)


BAD = {
    "one unit": (lambda: units(1), "n_units must be a whole number of at least 2; got 1"),
    "networks": (
        lambda: units(networks=1.0),
        "networks must be a whole number of at least 1; got 1.0",
    ),
    "exploration": (
        lambda: units(exploration=1.1),
        "exploration must be a probability, from 0 to 1; got 1.1",
    ),
    "exploration nan": (lambda: units(exploration=np.nan), "exploration must be a probability"),
    "exploration a string": (
        lambda: units(exploration="0.1"),
        "exploration must be a probability, from 0 to 1; got '0.1'",
    ),
    "height": (lambda: units(height=np.inf), "height must be a finite number; got inf"),
    "period without units": (lambda: units(period=20), "WinnerTakeAll: period must be a time"),
    "period of no whole steps": (
        lambda: units(period=20.5 * ms),
        (
            "period = 20.5 ms is not a whole number of time steps of 1. ms; write for example"
            " period=20.ms"
        ),
    ),
    "active too long": (
        lambda: units(active=21 * ms),
        "active = 21. ms must be at least one time step and at most period = 20. ms",
    ),
    "never active": (lambda: units(active=0 * ms), "active = 0. s must be at least one time step"),
    "no such unit": (
        lambda: units(initial=3),
        "initial must be the number of a unit, from 0 to 2, .*; got 3",
    ),
    "one initial unit too few": (
        lambda: units(networks=3, initial=[0, 1]),
        r"or one for each of 3 network\(s\); got \[0, 1\]",
    ),
    "half a unit": (lambda: units(initial=0.5), "initial must be the number of a unit"),
    "another clock": (
        lambda: units().at_decision(NeuronGroup(1, "x : 1", dt=0.5 * ms, name="world"), "x = 1"),
        "'world' runs at 0.5 ms, but 'units' at 1. ms",
    ),
    "monitor of neurons": (
        lambda: ChoiceMonitor(RateNeurons(2, tau=5 * ms, name="n")),
        "ChoiceMonitor needs a WinnerTakeAll; got 'n'",
    ),
    "nobody decides": (
        lambda: PlasticSynapses(
            RateNeurons(2, tau=5 * ms),
            NeuronGroup(2, "z : 1", name="mine"),
            RewardHebbian(0.1),
            onto="z",
        ),
        "'mine' has no variable 'deciding'.*use a WinnerTakeAll",
    ),
    "clock changed": (
        clock_changed,
        "made for periods of 20 time steps, but runs at 0.5 ms|write defaultclock.dt",
    ),
}


@pytest.mark.parametrize("act, message", BAD.values(), ids=BAD)
def test_bad_input(act, message):
    with pytest.raises((TypeError, ValueError), match=message):
        try:
            act()
        except BrianObjectException as error:
            raise error.__cause__ from None
