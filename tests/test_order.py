"""What runs when: neither the names of objects nor the order in which they were made decides a bit,
and Brian2's own table shows it all.
"""

import re
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from brian2 import Hz, Network, NeuronGroup, defaultclock, ms
from brian2.core.variables import Subexpression
from brian2.groups.group import CodeRunner
from brian2.synapses.synapses import SummedVariableUpdater
from brian2.utils.stringtools import get_identifiers

from brian_rflo import (
    RFLO,
    Adam,
    Delta,
    EProp,
    FeedbackSynapses,
    FiringRate,
    LearningNetwork,
    LIFNeurons,
    LossMonitor,
    PerStep,
    PerTrial,
    PlasticSynapses,
    RateNeurons,
    Readout,
    Trials,
    schedule,
)
from brian_rflo.brian.statements import written
from brian_rflo.credit import AdaptiveFeedback, Credit, RandomFeedback, SymmetricFeedback
from brian_rflo.readouts import Leaky, Linear, TaskInput
from brian_rflo.rules import LeakyDelta
from brian_rflo.steps import Mechanism, Step
from brian_rflo.tasks import ArrayTask, CursorMovements, PeriodicOutput

TASK, TAU, N = CursorMovements(movement=15 * ms, seed=1), 10 * ms, 6


def rates(blocks, name):
    return RateNeurons(blocks * N, tau=TAU, name=name)


def spiking(blocks, name):
    return LIFNeurons(
        blocks * N, tau=TAU, tau_syn=TAU, bias=np.tile(np.linspace(1, 1.5, N), blocks), name=name
    )


CASES = {
    "rates, each step": (
        rates,
        RFLO(0.05, tau=TAU),
        Linear(),
        Delta(0.05),
        RandomFeedback(),
        PerStep(Adam()),
        2,
    ),
    "rates, batches, clipped, copies, adaptive": (
        rates,
        FiringRate(0.1, 1).around(EProp(0.05, tau=TAU)),
        Leaky(TAU),
        LeakyDelta(0.05, TAU),
        AdaptiveFeedback(0.01),
        PerTrial(Adam(), batch=2, clip_norm=0.01, copies=2),
        1,
    ),
    "spikes, symmetric": (
        spiking,
        FiringRate(10 * Hz, 30).around(RFLO(0.05, tau=TAU)),
        Linear(),
        Delta(0.05),
        SymmetricFeedback(),
        PerTrial(),
        1,
    ),
}


def built(case, rng=None):
    """A network by parts; with a generator, its names and the order in which its objects are made
    and listed are drawn.
    """
    make, rule, kind, readout_rule, path, learn, networks = CASES[case]
    blocks, letters = (
        networks * learn.copies,
        iter(range(100) if rng is None else rng.permutation(100)),
    )
    defaultclock.dt = TASK.dt

    def name():
        return f"x{next(letters):02d}"

    def in_order(makers):
        chosen = (
            list(makers) if rng is None else [list(makers)[k] for k in rng.permutation(len(makers))]
        )
        return {key: makers[key]() for key in chosen}

    groups = in_order(
        {
            "neurons": lambda: make(blocks, name()),
            "inputs": lambda: TaskInput(TASK, networks=networks, copies=learn.copies, name=name()),
            "readout": lambda: kind.build(TASK, networks, learn.copies, name()),
        }
    )
    neurons, inputs, readout = groups["neurons"], groups["inputs"], groups["readout"]
    parts = in_order(
        {
            "recurrent": lambda: PlasticSynapses(
                neurons,
                neurons,
                rule,
                onto="I_rec",
                learn=learn,
                self_connections=False,
                name=name(),
            ),
            "input": lambda: PlasticSynapses(
                inputs, neurons, rule, onto="I_in", learn=learn, name=name()
            ),
            "output": lambda: PlasticSynapses(
                neurons, readout, readout_rule, onto=readout.onto, learn=learn, name=name()
            ),
        }
    )
    weights = np.random.default_rng(3)
    for key in ("recurrent", "input", "output"):
        part = parts[key]
        part.connect(networks=blocks)
        part.set_matrix(
            np.repeat(
                0.5
                * weights.standard_normal(
                    (networks, len(part.target) // blocks, len(part.source) // blocks)
                ),
                learn.copies,
                axis=0,
            )
        )
    credit = Credit(path, readout, neurons, parts["output"], learn, blocks)
    if not isinstance(path, SymmetricFeedback):
        back = credit.projections["feedback"]
        back.set_matrix(
            np.repeat(weights.standard_normal((networks, N, TASK.n_outputs)), learn.copies, axis=0)
        )
    trials = Trials(
        TASK,
        neurons,
        readout,
        *(parts[key] for key in ("recurrent", "input", "output")),
        credit,
        networks=networks,
        name=name(),
    )
    objects = [*groups.values(), *parts.values(), *credit, trials, LossMonitor(trials, name=name())]
    network = Network(
        *(objects if rng is None else [objects[k] for k in rng.permutation(len(objects))])
    )
    return network, {**groups, **parts, "credit": credit, "trials": trials, "losses": objects[-1]}


def numbers(parts):
    """All that a run leaves behind, by name."""
    path = {
        name: one for name, one in parts["credit"].projections.items() if hasattr(one, "matrix")
    }
    kept = {
        f"{name} {variable}": np.array(getattr(part, variable))
        for name, part in {**parts, **path}.items()
        for variable in (
            "w",
            "activity",
            "trace",
            "change",
            "first_moment",
            "output",
            "diverged_in",
        )
        if variable in getattr(part, "variables", {})
    }
    return kept | {"losses": np.array(parts["losses"].loss)}


@pytest.mark.parametrize("case", CASES)
def test_names_and_order_of_construction_change_no_bit(case):
    found = []
    for seed in (None, 1, 2, 3):
        network, parts = built(case, None if seed is None else np.random.default_rng(seed))
        before = np.array(parts["recurrent"].w)
        network.run(6 * TASK.duration)
        assert (np.array(parts["recurrent"].w) != before).any()
        found.append(numbers(parts))
    for other in found[1:]:
        for name, values in found[0].items():
            np.testing.assert_array_equal(values, other[name], err_msg=name)
    assert len(found[0]) > 8 and len(np.unique(found[0]["losses"])) > 4


def touched(runner):
    """Return the variables that a piece of code writes, and all that it names."""
    variables, code = runner.group.variables, str(runner.abstract_code)
    names = known = get_identifiers(code)
    while names:
        inner = {name for name in names if isinstance(variables.get(name), Subexpression)}
        names = {name for one in inner for name in variables[one].identifiers} - known
        known = known | names
    target = [runner.target_var] if isinstance(runner, SummedVariableUpdater) else []
    writes = [variables[name] for name in written(code) if name in variables]
    return {id(variable) for variable in (*writes, *target)}, {
        id(variables[name]) for name in known if name in variables
    }


def races(network):
    """Return pairs of objects in one place of the step of which one writes what the other reads or
    writes.
    """
    runners = [
        obj for obj in network.sorted_objects if isinstance(obj, CodeRunner) and obj.abstract_code
    ]
    touches = {id(runner): touched(runner) for runner in runners}
    for one, other in combinations(runners, 2):
        if (one.when, one.order) != (other.when, other.order):
            continue
        (writes, names), (its_writes, its_names) = touches[id(one)], touches[id(other)]
        if writes & (its_writes | its_names) or its_writes & names:
            yield one.name, other.name, one.when, one.order


@pytest.mark.parametrize("case", CASES)
def test_no_two_in_one_place_touch_the_same_variable(case):
    network, _parts = built(case)
    network.run(2 * TASK.duration)
    assert len([obj for obj in network.sorted_objects if isinstance(obj, CodeRunner)]) > 20
    assert list(races(network)) == []


def test_a_race_would_be_found():
    network, parts = built("rates, each step")
    for statement in ("feedback = 0", "feedback += 1"):
        parts["neurons"].run_regularly(statement, **schedule.FEEDBACK)
    network.run(TASK.duration)
    assert len(list(races(network))) >= 3


SPIKING = """dv/dt = (1.3 + I_rec - v)/(10*ms) : 1
             dI_rec/dt = -I_rec/(5*ms) : 1
             dactivity/dt = -activity/(20*ms) : 1
             dpsp/dt = (activity - psp)/(10*ms) : 1"""
RATE = "dactivity/dt = (tanh(I_rec) - activity)/(10*ms) : 1\nI_rec : 1"


def with_a_variable_called(name, is_spiking):
    """Weights and losses of a network of one's own neurons with a variable that nobody reads."""
    task = ArrayTask(target=np.sin(np.arange(20) * 0.3), dt=1 * ms)
    how = (
        dict(threshold="v > 1", reset="v = 0; activity += 1", method="exponential_euler")
        if is_spiking
        else dict(method="euler")
    )
    neurons = NeuronGroup(
        4, f"{SPIKING if is_spiking else RATE}\n{name} : 1\ngain : 1\nfeedback : 1", **how
    )
    neurons.run_regularly(
        "gain = clip(1 - abs(v - 1), 0, 1)" if is_spiking else "gain = 1 - tanh(I_rec)**2",
        **(schedule.SLOPE if is_spiking else schedule.GAIN),
    )
    readout = Readout(task)
    recurrent, output = (
        PlasticSynapses(neurons, neurons, RFLO(0.5, tau=TAU), onto="I_rec"),
        PlasticSynapses(neurons, readout, Delta(0.5), onto="output"),
    )
    back = FeedbackSynapses(readout, neurons)
    for part, weights in ((recurrent, "0.4*(i - j)"), (output, 0.3), (back, "1 + 0.1*j")):
        part.connect()
        part.w = weights
    trials = Trials(task, readout, recurrent, output)
    trials.at_start(
        neurons, "v = 0.2*i; I_rec = 0; psp = 0; activity = 0" if is_spiking else "activity = 0.1"
    )
    losses = LossMonitor(trials)
    Network(neurons, readout, recurrent, output, back, trials, losses).run(5 * task.duration)
    return recurrent.matrix(), output.matrix(), np.array(losses.loss)


@pytest.mark.parametrize("is_spiking", [False, True])
def test_a_variable_of_ones_own_called_error_changes_nothing(is_spiking):
    """What a group is, is not guessed from the names of its variables."""
    found, expected = (with_a_variable_called(name, is_spiking) for name in ("error", "mismatch"))
    for one, other in zip(found, expected):
        np.testing.assert_array_equal(one, other)
    assert len(np.unique(expected[2])) == 5


@pytest.mark.parametrize(
    "name",
    ["output", "target", "loss", "sent", "winner", "reward", "summed", "change", "noise", "finite"],
)
def test_names_that_the_machinery_uses_are_the_users_too(name):
    found, expected = (with_a_variable_called(one, False) for one in (name, "mismatch"))
    for one, other in zip(found, expected):
        np.testing.assert_array_equal(one, other)


def test_brian2s_own_table_shows_what_runs():
    task = PeriodicOutput(period=20 * ms)
    defaultclock.dt = task.dt
    net = LearningNetwork(task, RateNeurons(5, tau=TAU), RFLO(0.1, tau=TAU))
    table = net.scheduling_summary()
    assert all(isinstance(entry.order, int) for entry in table.entries)
    text = str(table)
    assert text == str(net.steps()) and all(
        name in text
        for name in (
            "recurrent",
            "output",
            "feedback",
            "trials",
            net.neurons.name,
            net.readout.name,
        )
    )
    net.train(1)
    assert str(net).startswith(f"{net.name}: 1 network of 5 neurons\n")


SLOTS = ["start", "groups", "after_resets", "end"]


def rows_of(table):
    """Cells of a printed table, without numbers that tell objects of one name apart; objects of one
    place, which run in the order of their names, in one order.
    """
    lines = [line.strip() for line in re.sub(r"_\d+\b", "", table).strip().splitlines()[2:]]
    rows = [re.split(r"  +", line) for line in lines]
    return sorted(rows, key=lambda row: (SLOTS.index(row[-5]), int(row[-4]), row))


def test_the_printed_step_is_the_real_one(capsys):
    """The page's first block prints what stands below it."""
    page = (Path(__file__).parents[1] / "docs" / "step.md").read_text()
    code, printed = re.search(r"```python\n(.*?)```\n\n```text\n(.*?)```", page, re.S).groups()
    names = {}
    exec(compile(code, "docs/step.md", "exec"), names)
    found = capsys.readouterr().out
    assert rows_of(found) == rows_of(printed)
    entries = names["net"].scheduling_summary().entries
    runs = [entry for entry in entries if entry.active and abs(entry.order) < 1000000]
    orders = [int(re.search(r"[a-z]  +(-?\d+)  ", line)[1]) for line in found.splitlines()[2:]]
    assert orders == [entry.order for entry in runs] and len(runs) > 30
    phases = {row[-2]: row[0] for row in rows_of(printed)}
    assert phases["forget"] == "RESET" and phases["copied_summed_variable_y_post"] == "READOUT"
    assert phases["recorded"] == "end", "a place of its own, without a phase"


def test_places_near_a_phase_have_its_name():
    assert schedule.title_of(schedule.LEARN) == "LEARN"
    assert schedule.title_of(schedule.LEARN.behind(3)) == "LEARN + 3"
    assert schedule.title_of(schedule.Phase("groups", 0)) == ""
    assert schedule.title_of(schedule.Phase("resets", 0)) == ""


@dataclass(frozen=True)
class Counting(Mechanism):
    """A number of the network."""

    variables = {"network": "total : 1"}


@dataclass(frozen=True)
class AddsAtTheEnd(RFLO):
    when = "trial_end"

    @property
    def steps(self):
        return (*super().steps, Step("total_network += 1", schedule.TALLY, when=self.when))


@dataclass(frozen=True)
class AddsInEachStep(AddsAtTheEnd):
    when = "step"


@dataclass(frozen=True)
class AddsTwice(AddsAtTheEnd):
    @property
    def steps(self):
        return (*super().steps, Step("total_network += 1", schedule.TALLY))


def test_synapses_add_to_a_number_of_the_network_where_they_say():
    """Each projection at its own time, into the cells of one group."""
    defaultclock.dt = TASK.dt
    neurons = RateNeurons(N, tau=TAU)
    parts = [
        PlasticSynapses(neurons, neurons[half], kind(0.1, tau=TAU), onto="I_rec")
        for kind, half in ((AddsAtTheEnd, slice(0, 3)), (AddsInEachStep, slice(3, 6)))
    ]
    for part in parts:
        part.connect()
    trials = Trials(TASK, neurons, *parts, Counting())
    network = Network(neurons, *parts, trials)
    for steps in (1, 4, TASK.n_steps - 5, 3):
        network.run(steps * TASK.dt)
        done = round(float(network.t / TASK.dt))
        assert float(trials.total[0]) == len(parts[1]) * done + len(parts[0]) * (
            done // TASK.n_steps
        )


def test_a_number_of_the_network_is_added_to_in_one_place():
    defaultclock.dt = TASK.dt
    neurons = RateNeurons(N, tau=TAU)
    recurrent = PlasticSynapses(
        neurons, neurons, AddsTwice(0.1, tau=TAU), onto="I_rec", name="recurrent"
    )
    recurrent.connect()
    with pytest.raises(
        ValueError,
        match=("AddsTwice on 'recurrent' must not both add to 'total_network' and read it"),
    ):
        Trials(TASK, neurons, recurrent, Counting())


def test_a_step_is_that_of_a_network():
    with pytest.raises(TypeError, match="schedule.table: network must be a Network of Brian2"):
        schedule.table(5)
