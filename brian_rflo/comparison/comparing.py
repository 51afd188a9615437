"""The comparison: tasks, neuron models and rules become parts, and the parts a result."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from brian2 import ms

from ..brian.devices import chosen
from ..brian.quantities import check_count, check_number, check_seed, check_tau
from ..crews import Progress
from ..crews.part import Part
from ..results.files import scratch
from ..tasks import (
    CursorMovements,
    DelayedNonMatch,
    IntervalMatching,
    PatternGeneration,
    PeriodicOutput,
    Task,
)
from ..updates.arguments import check_instance
from .found import comparison_of
from .kinds import KINDS, PERTURBING, Kind, kind_of
from .rewards import check_choices
from .told import TOLD, check_refused, check_told
from .training import RULES, TRAINED, train

if TYPE_CHECKING:
    from collections.abc import Sequence

    from brian2 import Quantity

    from .found import Comparison


#: Tasks by name.
TASKS = {
    "periodic": lambda seed: PeriodicOutput(period=1000 * ms),
    "cursor": lambda seed: CursorMovements(n_movements=4, seed=seed),
    "pattern": lambda seed: PatternGeneration(seed=seed, input_height=4.0),
    "interval": lambda seed: IntervalMatching(
        n_inputs=2, input_height=2.0, tail=50 * ms, seed=seed
    ),
    "non_match": lambda seed: DelayedNonMatch(
        cue=10 * ms, delay=10 * ms, go=10 * ms, answer="action", seed=seed
    ),
}
#: Time constant by default, and that of the tasks that are shorter.
TAU, TAUS = 50 * ms, {"non_match": 10 * ms}


def compare(
    task: Task | str = "periodic",
    neurons: Sequence[str | Kind] = ("rate", "lif"),
    rules: Sequence[str] = ("rflo", "readout"),
    networks: int = 5,
    trials: int = 600,
    n: int = 100,
    tau: Quantity | None = None,
    noise: float = 0.0,
    gain: float | None = None,
    seed: int = 0,
    device: str = "auto",
) -> Comparison:
    """Train networks of several neuron models by several rules on one task.

    Parameters
    ----------
    task : Task or {"periodic", "cursor", "pattern", "interval", "non_match"}
        The task, or the name of one.
    neurons : sequence of {"rate", "lif", "alif", "rate_ei", "lif_ei", "potential_ei"} or of Kind
        With "_ei" 80 of 100 neurons are excitatory, the others inhibitory; "potential" are rates
        whose function is outside the leak. Your own `Kind` makes other neurons and defines their
        rule, which replaces "rflo".
    rules : sequence of str
        "rflo": RFLO. "snap1": SnAp-1 of rates, by symmetric feedback. By other credit paths:
        "diffusion", "weight_mirror", "eprop3", and "unfiltered", e-prop without its filter, which
        "eprop3" begins with; by symmetric feedback and signals of two types, "mdgl" and "modprop"
        (see ``docs/credit_paths.md``). "readout" and
        "least_squares": the readout alone, on the initial recurrent weights, trained trial by trial
        or fitted to 20 trials (to one, where all are the same) and judged on others. "bptt": the
        exact gradient by `BPTT`, for spikes that of their pseudo-derivatives. "wp" and "np": weight
        and node perturbation, at a learning rate and with a size of the noise that each neuron
        model has (`perturbations`). "reward", on tasks of actions such as
        "non_match", is actor and critic with the traces of the neuron model's rule, and
        "reward_readout" those on the initial recurrent weights; both are judged by the share of
        wrong answers, and need some 20 000 trials.
    networks, trials, n : int
        Networks of each kind, trials, neurons.
    tau : Quantity, optional
        Time constant of the rates and of the filtered spikes; by default 50 ms, and 10 ms on
        "non_match", which is shorter.
    noise : float
        Noise of spiking neurons (see `LIFNeurons`): standard deviation of the membrane, in units of
        threshold minus rest. Not with "wp" and "np", whose pairs of trials must differ by the
        perturbation alone.
    gain : float, optional
        Gain of the initial recurrent weights; each neuron model has its own by default (rates 1.5,
        spikes 0.5).
    seed : int
        Seed of weights, neurons and noise.
    device : {"auto", "numpy", "cython", "cpp_standalone"}
        Where it runs; "auto" takes C++ standalone where there is a compiler, and numpy
        elsewhere. BPTT takes Cython in place of C++ standalone.

    Returns
    -------
    Comparison

    Raises
    ------
    TypeError, ValueError
        For names that do not exist, numbers out of their range, rules that are for other neurons,
        or rules of rewards beside others.
    """
    wanted = wanted_parts(
        task, neurons, rules, networks, trials, n, tau, seed, chosen(device), noise, gain
    )
    with scratch("compare") as folder:
        silent = Progress(os.path.join(folder, "progress"))
        arrays = {part.name: part.function(silent, **part.arguments) for part in wanted}
    return comparison_of(wanted, arrays)


def wanted_parts(
    task: Task | str,
    neurons: Sequence[str | Kind],
    rules: Sequence[str],
    networks: int,
    trials: int,
    n: int,
    tau: Quantity | None,
    seed: int,
    device: str,
    noise: float = 0.0,
    gain: float | None = None,
) -> list[Part]:
    """Return a part for each pair of neurons and rule."""
    check_seed("compare: seed", seed)
    tau = TAUS.get(task if isinstance(task, str) else None, TAU) if tau is None else tau
    task = task_of(task, seed)
    counts = dict(networks=networks, trials=trials, n=n)
    sizes = dict(noise=noise, gain=0 if gain is None else gain)
    check_wanted(task, neurons, rules, counts, tau, sizes)
    pairs = dict.fromkeys((kind, rule) for kind in neurons for rule in rules)
    steps = trials * task.n_steps * networks
    slower = {"bptt": 3} | dict.fromkeys((*PERTURBING, "eprop3", "modprop"), 2)
    return [
        Part(
            f"{kind if isinstance(kind, str) else kind.label}-{rule}".replace(" ", "_"),
            train,
            dict(
                device=device,
                task=task,
                kind=kind,
                rule=rule,
                n=n,
                networks=networks,
                seed=seed,
                trials=trials,
                tau=tau,
                noise=noise,
                gain=gain,
            ),
            20 + steps * 3e-10 * n**2 * slower.get(rule, 1),
        )
        for kind, rule in pairs
    ]


def check_wanted(task, neurons, rules, counts, tau, sizes):
    """Raise unless arguments of a comparison are known neurons and rules, and possible numbers."""
    check_refused(rules)
    for name, given, known in (("neurons", neurons, KINDS), ("rules", rules, RULES)):
        listed = given if isinstance(given, (list, tuple)) else ()
        unknown = [
            value
            for value in listed
            if not isinstance(value, Kind) and not (isinstance(value, str) and value in known)
        ]
        if unknown or not listed:
            is_one = isinstance(given, str) and given in known
            advice = f": write {name}=({given!r},)" if is_one else ""
            raise ValueError(
                f"compare: {name} must be some of {', '.join(known)}; got {given!r}{advice}"
            )
    for name, value in counts.items():
        check_count(f"compare: {name}", value)
    check_tau("compare", tau, task.dt)
    check_choices(task, rules)
    for name, value in sizes.items():
        check_number("compare", name, value, zero_allowed=True)
    in_pairs = [rule for rule in rules if rule in PERTURBING]
    if sizes["noise"] and in_pairs:
        raise ValueError(
            f"compare: noise must be 0 for '{in_pairs[0]}', whose pairs of trials would differ by"
            f" more than their perturbation; got {sizes['noise']!r}"
        )
    models = {kind: kind_of(kind) for kind in neurons}
    check_told(rules, models, KINDS)
    only_numpy = [rule for rule in rules if rule not in TRAINED]
    for model in (model for model in models.values() if only_numpy and not model.is_in_numpy):
        right = [rule for rule in TRAINED if rule not in TOLD or TOLD[rule].fits(model)]
        raise ValueError(
            f"compare: '{only_numpy[0]}' is computed in NumPy, for rates and LIF neurons alone; for"
            f" {model.label} choose among {', '.join(right)}"
        )


def task_of(task, seed):
    """Return a task, or the one of that name."""
    if not isinstance(task, str):
        check_instance("compare: task", task, Task, "'periodic' or PeriodicOutput(period=200*ms)")
        return task
    if task not in TASKS:
        raise ValueError(f"compare: no task {task!r}; there are: {', '.join(TASKS)}")
    return TASKS[task](seed)
