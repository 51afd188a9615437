"""What a Trials says of projections that go on across the boundary of trials."""

import numpy as np
from brian2 import get_logger

from ..brian.construction import networks_with
from ..neurons.base import check_group, parent_group
from ..synapses import PlasticSynapses, Projection
from ..synapses.missing import never_reset
from ..updates.clipping import Clip

logger = get_logger(__name__)


def check_members(task, members):
    """Raise unless each part is a group, and given once, and the task says what its trials are."""
    for part in members:
        check_group("Trials: each part", part)
    if not task.random and not all(map(np.array_equal, task.trial(0), task.trial(1))):
        raise ValueError(
            f"{type(task).__name__} says that all its trials are the same, but trial 1 is another"
            " one than trial 0; write random = True in the class"
        )
    for number, part in enumerate(members):
        if any(part is other for other in members[:number]):
            raise ValueError(f"Trials was given '{part.name}' twice; name each part once")


def check_clipping(projections):
    """Raise if projections clip their changes otherwise than others do: the norm is one over all of
    them.
    """
    clips = {
        part.name: mechanism
        for part in projections
        for mechanism in part.mechanisms
        if isinstance(mechanism, Clip)
    }
    told = {name: (clip.largest, clip.batch, clip.window) for name, clip in clips.items()}
    other = next(
        (name for name, values in told.items() if values != next(iter(told.values()))), None
    )
    if other is not None:
        one = next(iter(told))
        wording = [
            "clip_norm={}, batch={} and a window of {}".format(*told[name]) for name in (one, other)
        ]
        raise ValueError(
            f"gradient clipping needs the changes of all projections together: '{one}' has"
            f" {wording[0]}, '{other}' {wording[1]}; give both the same learn=PerTrial(...,"
            " window=...)"
        )


def look_at(trials):
    """Warn, once, of each projection that the trials should have, or that sends spikes into the
    next trial, and of groups that nothing resets.
    """
    objects = {
        id(obj): obj
        for network in networks_with(trials)
        for obj in network.sorted_objects
        if isinstance(obj, Projection)
    }
    for projection in objects.values():
        look_at_one(trials, projection)
    if not trials._is_looked_at:
        trials.settle(_is_looked_at=True)
        for sentence in never_reset(trials):
            logger.warn(sentence, "forgotten")


def look_at_one(trials, projection):
    """Warn, once, of a projection that goes on across the boundary of trials."""
    if (
        trials.members.isdisjoint(
            {parent_group(projection.source).name, parent_group(projection.target).name}
        )
        or projection.name in trials.reported
    ):
        return
    if (
        isinstance(projection, PlasticSynapses)
        and projection.trials is None
        and not projection.learn.accumulates
        and projection.may_learn
    ):
        trials.reported.add(projection.name)
        logger.warn(
            f"'{projection.name}' learns, but '{trials.name}', which has its groups, does not have"
            " it: its traces are not reset, its updates are not divided by the"
            f" {trials.task.n_steps} steps of a trial, and nothing stops it where it diverges."
            f" Write Trials(task, ..., {projection.name}).",
            "forgotten",
        )
    elif (
        not isinstance(projection, PlasticSynapses)
        and projection.sends_spikes
        and projection.has_delays
    ):
        trials.reported.add(projection.name)
        logger.warn(
            f"'{projection.name}' has delays: spikes from the end of a trial arrive in the next"
            " one. Give it none, or let the trials of the task end with steps in which nothing is"
            " asked.",
            "delays",
        )
