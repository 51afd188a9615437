"""Checks of the parts of a `Trials`, and warnings about activity that crosses trial boundaries."""

from itertools import product

import numpy as np
from brian2 import Equations, get_logger

from .. import schedule
from ..brian.borrowed import get_identifiers
from ..brian.construction import networks_with
from ..brian.declared import declared
from ..brian.statements import written
from ..neurons.base import check_group, parent_group
from ..steps import equations_of
from ..steps.cells import FIRST, NETWORK, names_ending_in
from ..synapses import PlasticSynapses, Projection
from ..synapses.missing import left_behind, never_reset
from ..updates.clipping import Clip
from ..updates.divergence import FIRST_TRIALS, DivergenceCheck

logger = get_logger(__name__)


def check_members(task, members):
    """Raise unless all parts are groups, each given once, and `random` of the task is right."""
    for part in members:
        check_group("Trials: each part", part)
    if not task.random and not all(map(np.array_equal, task.trial(0), task.trial(1))):
        raise ValueError(
            f"{type(task).__name__} declares random = False, but its trials 0 and 1 differ; write"
            " random = True in the class"
        )
    for number, part in enumerate(members):
        if any(part is other for other in members[:number]):
            raise ValueError(f"Trials was given '{part.name}' twice; name each part once")


def check_numbers(mechanisms):
    """Raise if a mechanism defines a number that decides whether a network has diverged, or one
    that another defines.
    """
    owners = {}
    for mechanism in mechanisms:
        for name in Equations(mechanism.variables.get("network", "")).names:
            if name in owners:
                raise ValueError(
                    f"{owners[name]} and {type(mechanism).__name__} both define '{name}' of a"
                    " network; give one of them, or rename it"
                )
            owners[name] = type(mechanism).__name__
    ours = Equations(DivergenceCheck.variables["network"]).names
    for mechanism in mechanisms:
        theirs = Equations(mechanism.variables.get("network", "")).names
        taken = sorted(ours & {*theirs, *mechanism.parameters, *mechanism.constants})
        if taken:
            raise ValueError(
                f"{type(mechanism).__name__} defines '{taken[0]}', which Trials has itself, to"
                " detect divergence; rename it"
            )


def check_kinds(task, mechanisms):
    """Raise if a mechanism distinguishes another number of kinds of trial than the task."""
    for mechanism in mechanisms:
        kinds = declared(mechanism, "kinds", 1)
        if kinds not in (1, task.n_kinds):
            raise ValueError(
                f"{type(mechanism).__name__}: kinds must be 1, or the number of kinds of trial of"
                f" {type(task).__name__}, {task.n_kinds}; got {kinds}"
            )


def check_modulators(trials, mechanisms):
    """Raise if a mechanism compares pairs of trials, and no rule does; or if it reads the loss, and
    there is no readout.
    """
    pairs = any(part.rule.pairs for part in trials.projections)
    for mechanism in mechanisms:
        if declared(mechanism, "needs_pairs", False) and not pairs:
            raise ValueError(
                f"{type(mechanism).__name__} compares a free and a perturbed trial, but none of the"
                " rules runs such pairs; write for example RunningBaseline(rate=0.25)"
            )
        if reads_loss(mechanism) and not any(map(adds_to_loss, trials.mechanisms)):
            raise ValueError(
                f"{type(mechanism).__name__} reads the loss of a trial, but no part adds to it;"
                " give Trials a Readout"
            )
        check_needed_numbers(trials, mechanism)
    check_times_of_numbers(trials, mechanisms)
    check_numbers_of_each_step(trials, mechanisms)


def check_needed_numbers(trials, mechanism):
    """Raise if no part has a number of the networks that a mechanism says it needs."""
    defined = Equations(equations_of(trials.mechanisms, "network")).names
    for name, advice in declared(mechanism, "needs_numbers", {}).items():
        if name not in defined:
            raise ValueError(
                f"{type(mechanism).__name__} reads the {name} of each step, and no part has one;"
                f" write for example {advice}"
            )


def missing_number(trials, name):
    """Return the error that a step reads a number of the networks that no part gives, with what to
    write if its rule says so.
    """
    for one in trials.mechanisms:
        advice = declared(one, "needs_numbers", {}).get(name)
        if advice is not None:
            return ValueError(
                f"{one.title} reads '{name}{NETWORK}', and no part of '{trials.name}' gives it;"
                f" write {advice}"
            )
    return ValueError(
        f"a step reads '{name}{NETWORK}', but '{trials.name}' has no number '{name}'; pass Trials a"
        " mechanism that defines it, for example a modulator (in a LearningNetwork"
        " credit=TDError(0.99) or RunningBaseline(0.1))"
    )


def check_paths(projections, back):
    """Raise unless the rules of all projections have the credit paths, `back`, that they need."""
    for part in projections:
        part.rule.check_paths([credit.path for credit in back])


def check_times_of_numbers(trials, mechanisms):
    """Raise if updates read a number of the network before the step of the trial that writes it."""
    steps = [step for one in mechanisms for step in one.steps if step.site == "network"]
    late = [step for step in steps if step.when == "trial_end"]
    for step, part in product(late, trials.projections):
        others = {name for one in steps if one is not step for name in written(one.code)}
        for when, update in part.rule.updates.items():
            read = {*names_ending_in(update, NETWORK)}
            names = sorted(read & set(written(step.code)) - others)
            if names and when == "step":
                raise ValueError(
                    f"{part.rule.title} reads {names[0]}{NETWORK} in each step, but it is known at"
                    " the end of a trial; write update={'trial_end': ...}, or what is summed over"
                    " the trial as summed"
                )
            if names and when == "trial_end" and is_behind(step.phase, schedule.TRIAL_LEARN):
                raise ValueError(
                    f"{part.rule.title} reads {names[0]}{NETWORK} at the end of a trial before"
                    f" '{step.code}' runs; write schedule.MODULATE as its phase"
                )


def check_numbers_of_each_step(trials, mechanisms):
    """Raise if updates at the end of a trial read a number that is another one in each step."""
    for mechanism, part in product(mechanisms, trials.projections):
        names = {*declared(mechanism, "each_step", ())}
        read = names & {*names_ending_in(part.rule.updates.get("trial_end", ""), NETWORK)}
        if read:
            better = "PairDifference()" if part.rule.pairs else "RunningBaseline(rate=0.25)"
            raise ValueError(
                f"{part.rule.title} reads {min(read)}{NETWORK} once, at the end of a trial, and"
                f" {type(mechanism).__name__} sets it in each step: only the last would count."
                f" Write {better}, which is of the whole trial"
            )


def is_behind(phase, other):
    """Return whether a phase is later than another, in the last slot of a step."""
    return phase.when == other.when and phase.order >= other.order


def reads_loss(mechanism):
    """Return whether a mechanism reads the loss of the networks."""
    texts = [step.code for step in mechanism.steps if step.site == "network"]
    return any({"loss", f"loss{FIRST}"} & get_identifiers(text) for text in texts)


def adds_to_loss(mechanism):
    """Return whether steps of a mechanism change the loss of the networks, and not to 0."""
    return any(
        ("loss" if step.site == "network" else f"loss{NETWORK}") in written(step.code)
        for step in mechanism.steps
        if step.code.strip() != "loss = 0"
    )


def check_place(trials, when, phase):
    """Raise unless statements have a time of the trial, and a phase of the step."""
    if not isinstance(when, str):
        raise TypeError(
            f"'{trials.name}': when must be a time of the trial, for example 'trial_end'; got"
            f" {when!r}"
        )
    if not isinstance(phase, schedule.Phase):
        raise TypeError(
            f"'{trials.name}': phase must be a phase of brian_rflo.schedule, for example"
            f" schedule.RESET; got {phase!r}"
        )


def check_clipping(projections):
    """Raise if projections have different settings of gradient clipping, whose norm is over all."""
    clips = {
        part.name: mechanism
        for part in projections
        for mechanism in part.mechanisms
        if isinstance(mechanism, Clip)
    }
    settings = {name: (clip.largest, clip.batch, clip.window) for name, clip in clips.items()}
    other = next(
        (name for name, values in settings.items() if values != next(iter(settings.values()))), None
    )
    if other is not None:
        one = next(iter(settings))
        wording = [
            "clip_norm={}, batch={} and a window of {}".format(*settings[name])
            for name in (one, other)
        ]
        raise ValueError(
            f"gradient clipping must have the same settings in all projections; '{one}' has"
            f" {wording[0]}, '{other}' {wording[1]}. Write the same learn=PerTrial(..., window=...)"
        )


def cause_of(trials, network):
    """Return why a network has diverged, as text."""
    copies = slice(network * trials.copies, (network + 1) * trials.copies)
    limit, trial = np.asarray(trials.limit).item(), trials.diverged_in[copies][0]
    for loss, largest in zip(trials.diverged_loss[copies], trials.largest_loss[copies]):
        if trial >= FIRST_TRIALS and largest > 0 and np.isfinite(loss) and loss / limit > largest:
            return (
                f"loss {loss:.3g}, above limit={limit:g} times {largest:.3g}, the largest of the"
                f" first {FIRST_TRIALS} trials"
            )
    return "loss or weights not finite"


def warn_of_omissions(trials):
    """Warn, once each, of projections of `trials` that are in no network, of plastic projections of
    its networks that no Trials has, and of sums that have ended; and, unless it is a stream, of
    projections whose spikes arrive in the next trial, and of groups that are not reset.
    """
    objects = {id(obj): obj for net in networks_with(trials) for obj in net.sorted_objects}
    others = [obj for obj in objects.values() if isinstance(obj, type(trials)) if obj is not trials]
    for projection in trials.projections:
        if id(projection) not in objects:
            warn_of_absence(trials, projection)
    for sentence in left_behind(trials):
        if sentence not in trials.reported:
            trials.reported.add(sentence)
            logger.warn(sentence, "forgotten")
    for projection in (obj for obj in objects.values() if isinstance(obj, Projection)):
        warn_of_projection(trials, projection, others)
    if not trials.task.continuous and not trials._is_checked:
        trials.settle(_is_checked=True)
        for sentence in never_reset(trials):
            logger.warn(sentence, "forgotten")


def warn_of_absence(trials, projection):
    """Warn, once, of a projection that does not run, since the network lacks it."""
    if projection.name not in trials.reported:
        trials.reported.add(projection.name)
        logger.warn(
            f"'{projection.name}' was passed to '{trials.name}', but it is not in the network:"
            f" it neither sends nor learns. Write net.add({projection.name}), unless you removed"
            " it.",
            "forgotten",
        )


def warn_of_projection(trials, projection, others):
    """Warn, once, of a plastic projection that no Trials has, neither `trials` nor any of `others`,
    and of one whose spikes cross the boundary of trials.
    """
    if projection.name in trials.reported:
        return
    is_ours = is_at(projection, trials)
    if isinstance(projection, PlasticSynapses):
        is_theirs = not is_ours and any(is_at(projection, other) for other in others)
        if is_theirs or projection.name in {name for one in others for name in one.reported}:
            return
        if projection.trials is None and not projection.learn.accumulates and projection.may_learn:
            trials.reported.add(projection.name)
            logger.warn(
                f"'{projection.name}' is plastic but was not passed to '{trials.name}':"
                f" {what_is_lost(trials)}. Write Trials(task, ..., {projection.name}).",
                "forgotten",
            )
    elif (
        is_ours and not trials.task.continuous and projection.sends_spikes and projection.has_delays
    ):
        trials.reported.add(projection.name)
        logger.warn(
            f"'{projection.name}' has delays: spikes from the end of a trial arrive in the next"
            " one. Remove the delays, or end trials with steps whose mask is 0.",
            "delays",
        )


def is_at(projection, trials):
    """Return whether a projection begins or ends in a member of `trials`."""
    ends = {parent_group(projection.sender).name, parent_group(projection.target).name}
    return not trials.members.isdisjoint(ends)


def what_is_lost(trials):
    """Return what a Trials does not do for projections that it does not have, as text."""
    if trials.task.continuous:
        return "it goes on learning where its network has diverged"
    return (
        f"its traces are not reset and its updates are not divided by the {trials.task.n_steps}"
        " steps of a trial"
    )
