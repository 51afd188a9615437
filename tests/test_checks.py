"""The conformance checks, over everything we ship, and over things that must not pass."""

import re
from dataclasses import MISSING, dataclass, fields

import numpy as np
import pytest
from brian2 import NeuronGroup, Quantity, ms, rand, seed
from environments import Decisions, Reaching

from brian_rflo import (
    RFLO,
    ALIFNeurons,
    DerivedNeurons,
    DiscreteLIFNeurons,
    LearningRule,
    LIFNeurons,
    RateNeurons,
    credit,
    neurons,
    rules,
    schedule,
    tasks,
)
from brian_rflo.checks import check_credit, check_neurons, check_rule, check_task
from brian_rflo.credit import CreditPath, Path
from brian_rflo.neurons import PotentialNeurons
from brian_rflo.tasks import (
    MNIST1D,
    Add,
    ArrayTask,
    Conditioning,
    ContextChoice,
    CursorMovements,
    DelayedNonMatch,
    DelayedXOR,
    EmptyTask,
    EvidenceAccumulation,
    FlipFlop,
    IntervalMatching,
    Mimic,
    NeurogymTask,
    PatternGeneration,
    Patterns,
    PeriodicOutput,
    SequentialDigits,
    StoreRecall,
)

TASKS = (
    PeriodicOutput(period=40 * ms),
    IntervalMatching(seed=2),
    IntervalMatching(n_inputs=2, input_height=2.0, tail=50 * ms),
    CursorMovements(n_movements=3, hold=20 * ms),
    PatternGeneration(length=100 * ms, learning_window=60 * ms, seed=2),
    EvidenceAccumulation(n_cues=1, delay=200 * ms),
    EvidenceAccumulation(n_cues=3, delay=0 * ms, pause=0 * ms, seed=4),
    StoreRecall(symbol=20 * ms),
    DelayedNonMatch(seed=1),
    DelayedXOR(answer="class", order="in turn"),
    ContextChoice(answer="action", start=0 * ms),
    SequentialDigits(seed=3),
    SequentialDigits(by="pixel", show=1 * ms, answer=5 * ms, part="test"),
    MNIST1D(samples=100, show=2 * ms),
    Add(length=30 * ms),
    EmptyTask(length=5 * ms),
    FlipFlop(length=50 * ms),
    Patterns(inputs=np.eye(3), target=np.eye(3)[:, :2], phases={"free": 6 * ms}, order="shuffled"),
    Mimic(n_inputs=3, n_outputs=4, length=20 * ms),
    NeurogymTask(env=Decisions()),
    NeurogymTask(env=Decisions(), one_action=True),
    Conditioning(seed=2),
    Conditioning(n_cues=2, probability=0.7, delay=2 * ms, repeats=1),
    NeurogymTask(env=Reaching(), length=500 * ms, period=None, dt=10 * ms),
    ArrayTask(target=np.linspace(0, 1, 12), inputs=np.ones((12, 3)), mask=np.arange(12) % 2),
    ArrayTask(
        target=np.arange(72.0).reshape(6, 6, 2),
        inputs=np.ones(6),
        mask=np.arange(12).reshape(6, 2) % 2,
        order="shuffled",
    ),
    ArrayTask(target=[np.full((n, 1), n) for n in (3, 5)], continuous=False, order="drawn"),
    ArrayTask(target=np.arange(12.0).reshape(2, 6, 1), continuous=True),
)
START = dict(tau=10 * ms, tau_syn=20 * ms, bias=3.0, refractory=2 * ms)


def lif(N):
    return LIFNeurons(N, initial=np.linspace(0, 0.9, N), **START)


def alif(N):
    return ALIFNeurons(N, initial=np.linspace(0, 0.9, N), tau_adapt=50 * ms, beta=0.2, **START)


def discrete(N):
    return DiscreteLIFNeurons(
        N,
        tau=10 * ms,
        tau_adapt=50 * ms,
        beta=np.linspace(0, 0.5, N),
        refractory=1 * ms,
        threshold=0.2,
    )


def potential(N):
    return PotentialNeurons(
        N,
        tau=np.linspace(5, 20, N) * ms,
        f="sigmoid",
        bias=0.2,
        noise_std=0.1,
        output_noise_std=0.1,
    )


NEURONS = (
    discrete,
    lambda N: RateNeurons(N, tau=10 * ms, initial=0.3),
    lambda N: RateNeurons(N, tau=5 * ms, initial=np.linspace(-1, 1, N)),
    lambda N: RateNeurons(
        N, tau=np.linspace(5, 20, N) * ms, f="relu", bias=0.2, rate_noise_std=0.1
    ),
    potential,
    lif,
    alif,
)
#: Neurons that no error reaches, and where they are checked.
WITHOUT_FEEDBACK = {
    "ConductanceNeurons": "by scaling: test_scaling",
    "RelaxationNeurons": "by a teacher: test_contrastive",
}
#: Rules and paths that are not for recurrent weights by themselves, and where they are checked.
ELSEWHERE = {
    "AdaptiveEProp": "of neurons that adapt: test_eprop",
    "Around": "holds another rule: test_around",
    "DerivedRule": "of DerivedNeurons: test_derived",
    "Exploration": "of neurons with a potential: test_perturbation",
    "LearningRule": "the base",
    "ModProp": "of signals of types: test_modprop",
    "FORCE": "of readout weights: test_force",
    "Relayed": "beside a Relay: test_relay",
    "PresynapticScaling": "of neurons with a goal: test_scaling",
    "RecursiveLeastSquares": "of readout weights, beside FORCE: test_force",
    "RewardHebbian": "of decisions: test_loop",
    "Rewarded": "holds another rule: test_reward",
    "SynapticScaling": "of neurons with a goal: test_scaling",
}


#: Paths with other arguments.
EXAMPLES = {
    "Diffusion": credit.Diffusion((3, 3)),
    "ErrorModule": credit.ErrorModule(5 * ms, "error"),
    "Relay": credit.Relay((4, 3), [[0.2, -0.1], [0.1, 0.3]]),
    "TypeSignals": credit.TypeSignals((4, 3)),
}


def example_of(rule):
    """A rule or path, whose numbers without a default are times, named tau, and rates; around
    another rule, around RFLO.
    """
    needed = [f for f in fields(rule) if f.default is MISSING and f.default_factory is MISSING]
    if rule.__name__ in EXAMPLES:
        return EXAMPLES[rule.__name__]
    values = {f.name: 10 * ms if f.name.startswith("tau") else 0.1 for f in needed}
    return rule(**values | ({"rule": RFLO(0.1, tau=10 * ms)} if "rule" in values else {}))


PATHS = [
    example_of(kind)
    for name, kind in zip(credit.__all__, map(vars(credit).get, credit.__all__))
    if issubclass(kind, CreditPath) and kind is not CreditPath and name not in ELSEWHERE
]
RULES = [example_of(getattr(rules, name)) for name in rules.__all__ if name not in ELSEWHERE]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: type(task).__name__)
def test_task_conforms(task):
    check_task(task)


@pytest.mark.parametrize("make", NEURONS)
def test_neurons_conform(make):
    check_neurons(make)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: type(rule).__name__)
def test_rule_conforms(rule):
    check_rule(rule)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: type(path).__name__)
def test_credit_path_conforms(path):
    check_credit(path)


@pytest.mark.parametrize("path", [*PATHS, credit.FORCE()], ids=lambda path: type(path).__name__)
def test_credit_path_is_printed(path):
    assert str(path).startswith(repr(path))


def test_a_credit_path_that_does_not_arrive_is_found():
    class Lost(CreditPath):
        paths = {"feedback": Path("pre", "post", "feedback", sends="error")}

    with pytest.raises(AssertionError, match="Lost: recurrent weights have not moved"):
        check_credit(Lost())


def test_all_that_is_shipped_is_checked():
    assert {type(path).__name__ for path in PATHS} >= {"AdaptiveFeedback", "RandomFeedback"}
    assert {type(rule).__name__ for rule in RULES} >= {"RFLO", "EProp", "Delta"}
    assert not set(ELSEWHERE) - {*rules.__all__, *credit.__all__}
    assert {type(task).__name__ for task in TASKS} == set(tasks.__all__) - {"Task"}
    made = {type(make(3)).__name__ for make in NEURONS}
    others = {"DerivedNeurons", "PRESETS", *WITHOUT_FEEDBACK}
    assert made == set(neurons.__all__) - others


def test_each_rule_names_its_paper():
    for name in set(rules.__all__) - {"Around", "LearningRule"}:
        citation = getattr(rules, name).citation
        assert re.search(r"\(\d{4}\)\. .* (\d+:|arXiv:\d)", citation), name


def test_a_task_that_ignores_the_generator_is_found():
    class Careless(PeriodicOutput):
        def sample(self, rng):
            inputs, target, mask = super().sample(rng)
            return inputs, target + np.random.rand(), mask

    with pytest.raises(AssertionError, match="second time"):
        check_task(Careless(period=40 * ms))


def test_neurons_that_forget_to_reset_are_found():
    class Forgetful(RateNeurons):
        trial_start = "gain = 0"

    with pytest.raises(AssertionError, match="reset all its state"):
        check_neurons(lambda N: Forgetful(N, tau=10 * ms))


def test_a_rule_that_never_moves_is_found():
    @dataclass(frozen=True)
    class Silent(LearningRule):
        update = "0*feedback_post"

    with pytest.raises(AssertionError, match="no weight has moved"):
        check_rule(Silent(0.1))


def test_a_trace_that_is_updated_at_spikes_only_is_refused():
    @dataclass(frozen=True)
    class AtSpikes(LearningRule):
        tau: Quantity
        traces = "dp/dt = -p/tau : 1 (event-driven)"
        update = "feedback_post*p"

    with pytest.raises(ValueError, match="trace 'p' must be updated in each step.*clock-driven"):
        check_rule(AtSpikes(0.1, tau=10 * ms))


def test_a_rule_with_a_trace_behind_the_trace_conforms():
    @dataclass(frozen=True)
    class TwoStage(LearningRule):
        tau: Quantity
        tau_slow: Quantity
        traces = """dp/dt = (gain_post*activity_pre - p)/tau : 1 (clock-driven)
                    ds/dt = (p - s)/tau_slow : 1 (clock-driven)"""
        update = "feedback_post*s"
        reset = "p = 0; s = 0"

    check_rule(TwoStage(0.1, tau=10 * ms, tau_slow=20 * ms))


@dataclass(frozen=True)
class Perturbed(LearningRule):
    """Draws in each step, for each synapse, and where a trial begins."""

    traces = "noise : 1"
    advance = "noise = 0.5*noise + 0.1*randn()"
    update = "feedback_post*activity_pre + noise*rand()"
    reset = "noise = rand()"


@dataclass(frozen=True)
class NamesDecide(Perturbed):
    """Reads in the phase in which the neurons are integrated, before or after them."""

    advance = "noise = activity_post + 0.1*randn()"
    phase = schedule.STATE


def test_a_rule_that_draws_and_depends_on_names_is_found():
    with pytest.raises(
        AssertionError, match="NamesDecide: the result depends on the names of the objects"
    ):
        check_rule(NamesDecide(0.1))


def noisy_lif(N):
    neurons = LIFNeurons(N, initial=0.5, noise=0.1, **START)
    neurons.bias = "2.5 + rand()"
    return neurons


def with_noise(N):
    model = "dx/dt = (tanh(I_rec) - x)/tau_of + 0.1*xi*ms**-0.5 : 1\ntau_of : second (constant)"
    neurons = DerivedNeurons(N, model, activity="x", method="euler")
    neurons.tau_of = "10*ms + 10*ms*rand()"
    return neurons


DRAWING = {
    "rule": lambda: check_rule(Perturbed(0.1)),
    "rule on neurons": lambda: check_rule(make=with_noise, steps=12),
    "neurons": lambda: check_neurons(noisy_lif),
}


@pytest.mark.parametrize("check", DRAWING.values(), ids=DRAWING)
def test_what_draws_random_numbers_conforms_and_yours_go_on(check):
    drawn = []
    for between in (check, lambda: None):
        seed(5)
        rand()
        between()
        drawn.append(rand())
    assert drawn[0] == drawn[1]


def test_ports_of_a_plain_group_are_enough():
    class Mine(NeuronGroup):
        trial_start = "activity = 0.2"

    def make(N):
        mine = Mine(
            N,
            "dactivity/dt = (I_rec + I_in - activity)/(10*ms) : 1\ngain : 1\nfeedback : 1\nI_rec :"
            " 1\nI_in : 1",
            method="euler",
        )
        mine.activity = 0.2
        mine.run_regularly("gain = 1 + 0.1*activity", when="groups", order=-3)
        return mine

    check_neurons(make)
