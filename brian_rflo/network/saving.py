"""Saved networks: `save` writes what `load` reads.

The file contains everything that the next time step depends on: the state variables of groups and
projections (weights, traces, moments, unfinished batches, ...), the time, and the state of the
random generators; and the settings, so that a network with another construction is refused.
Recordings of monitors are not included. Trials need no state: each is drawn from the task's seed
and its number, which follows from the time, and from the numbers of trials with other tasks.
"""

import json

import numpy as np
from brian2 import get_device

from ..brian.conditional import is_standalone
from ..brian.in_program import set_value
from ..brian.random_numbers import random_numbers, random_numbers_in, restore_random_numbers
from ..identity.settings import named_versions
from ..results.archives import archive, in_words, shortened
from ..results.files import save_arrays, write_whole
from ..synapses.kinds import is_projection
from ..synapses.lesion import INTACT
from .contents import connections, owners, variables
from .differing import (
    impossible,
    is_lesion,
    refuse_another_network,
    refuse_delayed_spikes,
    report_alteration,
)

FORMAT = 2


def save(net, path):
    """Write a network to a file; return the path."""
    check_ending(path)
    if is_standalone() and not get_device().has_been_run:
        raise RuntimeError(
            f"'{net.name}' has not run yet, and before that C++ standalone does not know its state;"
            " save it after train"
        )
    refuse_delayed_spikes(net)
    about = dict(
        format=FORMAT, settings=net.settings | named_versions(), connections=connections(net)
    ) | ({"shown": net.shows.rounds} if net.shows.rounds else {})
    known = variables(net)
    state = {name: variable.get_value() for name, variable in known.items()}
    for problem in impossible(state, known):
        raise ValueError(
            f"'{net.name}' cannot be saved: training cannot continue from its state,"
            f" since {problem}. Load an earlier file, or build it again"
        )
    arrays = {f"state/{name}": values for name, values in state.items()}
    return write_whole(
        path,
        lambda waiting: save_arrays(
            waiting,
            arrays
            | random_numbers()
            | {
                "step": np.array(step_of(net)),
                "about": np.array(json.dumps(about)),
            },
        ),
    )


def load(net, path):
    """Restore a network's state from a file, completely, or not at all if it does not fit."""
    check_ending(path)
    if is_standalone() and get_device().has_been_run:
        raise RuntimeError(
            "C++ standalone has run its one program; load the network before it runs, or in a new"
            " one after device.reinit() and device.activate()"
        )
    refuse_delayed_spikes(net)
    with archive(path) as file:
        about, wanted = about_of(file), without_lesions(variables(net))
        refuse_another_network(net, wanted, file, about)
        with report_alteration(file.path):
            step, random, state = step_in(file), random_numbers_in(file), state_in(file, wanted)
            shown = shown_in(about, step // net.task.n_steps)
            lesions = lesions_in(file, net)
    for name, variable in wanted.items():
        set_value(variable, state[name])
    for role, projection in lesionable(net).items():
        projection.take_lesions(lesions.get(role))
    set_time(net, step * float(net.task.dt))
    net.shows.resume(shown)
    if random:
        restore_random_numbers(random)
    return state


def about_of(file):
    """Return a file's description of its network.

    Raises
    ------
    ValueError
        If there is no network in it, or its format is unknown.
    """
    with report_alteration(file.path):
        about = file.dictionary("about") if "about" in file.headers else {}
    if "format" not in about:
        raise ValueError(f"'{file.path}' holds no network; LearningNetwork.save writes one")
    with report_alteration(file.path):
        if type(about["format"]) is not int or about["format"] < 1:
            raise ValueError(
                f"its format must be a whole number, 1 or more; got {shortened(about['format'])}"
            )
    if about["format"] > FORMAT:
        raise ValueError(
            f"'{file.path}' has format {about['format']}, but this version of brian_rflo knows "
            f"formats up to {FORMAT}; install the one that wrote it{writer_of(about)}"
        )
    if about["format"] < FORMAT:
        raise ValueError(
            f"'{file.path}' was saved by an earlier version{writer_of(about)}, whose networks have "
            "other variables; load it there, or read its weights with "
            f"numpy.load('{file.path}')['state/recurrent.w']"
        )
    with report_alteration(file.path):
        for name in ("settings", "connections"):
            if not isinstance(about.get(name), dict):
                raise ValueError(
                    f"its {name} must be a dictionary; got {shortened(about.get(name))}"
                )
    return about


def writer_of(about):
    """Return the version that wrote a file, in brackets, if known."""
    settings = about.get("settings")
    return (
        f" ({shortened(settings.get('version_brian_rflo'))})" if isinstance(settings, dict) else ""
    )


def step_in(file):
    """Return the number of the time step in a file."""
    if "step" not in file.headers:
        raise ValueError("it lacks 'step'")
    header = file.headers["step"]
    if header.shape or header.dtype.kind not in "biuf":
        raise ValueError(f"'step' must be a whole number, 0 or more; got {in_words(header)}")
    step = file.read(["step"])["step"].item()
    if type(step) is not int or step < 0:
        raise ValueError(f"'step' must be a whole number, 0 or more; got {step}")
    return step


def shown_in(about, rounds):
    """Return the rounds in which a saved network has shown other tasks, by their digests."""
    shown = about.get("shown", {})
    if (
        not isinstance(shown, dict)
        or any(type(count) is not int or count < 0 for count in shown.values())
        or sum(shown.values()) > rounds
    ):
        raise ValueError(
            f"'shown' must be numbers of trials with other tasks, {rounds} at most; got"
            f" {shortened(shown)}"
        )
    return shown


def state_in(file, wanted):
    """Return the values of variables in a file, whose shapes and types have been checked."""
    arrays = file.read([f"state/{name}" for name in wanted])
    state = {name: arrays[f"state/{name}"] for name in wanted}
    for problem in impossible(state, wanted):
        raise ValueError(problem)
    return state


def lesions_in(file, net):
    """Return the masks of lesioned projections in a file, by role, checked."""
    names = [name for name in file.headers if is_lesion(name.removeprefix("state/"))]
    roles = {name: name.removeprefix("state/").removesuffix(f".{INTACT}") for name in names}
    for name, role in roles.items():
        weights, header = file.headers.get(f"state/{role}.w"), file.headers[name]
        if (
            role not in lesionable(net)
            or weights is None
            or (header.shape, header.dtype) != (weights.shape, weights.dtype)
        ):
            raise ValueError(
                f"'{name}' must be one number for each weight of a projection; got"
                f" {in_words(header)}"
            )
    arrays = file.read(names)
    for name, values in arrays.items():
        if not np.isin(values, (0, 1)).all():
            raise ValueError(f"'{name}' must be 0 where synapses are lesioned, and 1 elsewhere")
    return {role: arrays[name] for name, role in roles.items()}


def lesionable(net):
    """Return the projections of a network by role."""
    return {role: obj for role, obj in owners(net).items() if is_projection(obj)}


def without_lesions(known):
    """Return variables by name without the masks of lesioned synapses."""
    return {name: variable for name, variable in known.items() if not is_lesion(name)}


def set_time(net, t):
    """Set the time at which the next run begins; a C++ program has a clock of its own, which begins
    at 0.
    """
    net.t_ = t
    if is_standalone():
        get_device().insert_code("main", f"{net.name}.t = {t!r};")


def check_ending(path):
    """Raise unless a file name has the ending of array files."""
    if not str(path).endswith(".npz"):
        raise ValueError(
            f"networks are saved as NumPy arrays ('.npz'); got '{path}': write for example"
            " 'network.npz'"
        )


def step_of(net):
    """Return the time of a network in steps; accumulated times would differ in their last bit."""
    step = round(net.t_ / float(net.task.dt))
    if abs(net.t_ / float(net.task.dt) - step) > 1e-6:
        raise ValueError(
            f"'{net.name}' is at {net.t}, between two time steps of {net.task.dt}; run it"
            " to the end of one, then save it"
        )
    return step
