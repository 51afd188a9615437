"""Many networks: one function over seeds and parameters, on all cores of a machine or on a cluster; what is finished is never computed again.

Each network is a `Part`, computed by a crew (`brian_rflo.crews`) and on disk as soon as it is finished. It starts from a Brian2 in which nothing has
happened, with random numbers that follow from its settings, so that its numbers do not depend on who computes it, where, and after what.
"""

import csv
import gc
import inspect
import itertools
import json
import multiprocessing
import os
import random
import re
import time
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import numpy as np
from brian2 import Quantity, defaultclock, get_device, get_unit, ms, prefs, start_scope
from brian2 import seed as seed_brian

from . import devices, labelled, plotting
from .crews import Failure, Here, crew_of, work
from .files import read_arrays, writable_folder, write_whole
from .parts import Part, path_of, read
from .quantities import check_count
from .results import TrainingResult
from .settings import described, digest, source_of, source_of_package

SAY_EVERY_S, SHOWN_FAILURES, SHOWN_ROWS = 20, 5, 60
FIRST_DT = defaultclock.dt
#: Preferences that decide no number: those of messages, and one that is always off here, lest Control-C make a short training of a long one.
INDIFFERENT = ("logging.", "core.stop_on_keyboard_interrupt")
PLAIN = (bool, int, float, str, type(None))


def sweep(function, parameters, folder, workers=None, executor=None, device=None, report="text"):
    """Call a function for all combinations of its arguments, several at the same time, and keep what it returns.

    Parameters
    ----------
    function : callable
        Builds and trains a network; returns a `TrainingResult`, or a dictionary of numbers and arrays. It finds Brian2 as in a new Python: nothing in the
        magic network, a time step of 0.1 ms, random numbers that begin at its argument ``seed``, if it has one, and else depend on all arguments. The
        preferences are those of now.
    parameters : dict or sequence of dict
        The values of each argument, of which all combinations are computed; or the arguments of each network one by one.
    folder : path
        For the results. Networks that are in it are not computed again, unless function, package, versions or preferences have changed.
    workers : int, optional
        Networks at the same time, each in a process (with joblib: ``pip install 'brian_rflo[sweep]'``); one for each core by default. With 1 they are computed
        here, one after the other.
    executor : optional
        Whoever computes instead: an executor of `concurrent.futures` that has processes, a Dask client, an executor of submitit.
    device : {"numpy", "cython", "cpp_standalone", "auto"}, optional
        Where Brian2 runs; as its preferences say by default. C++ standalone programs of one process are built in one folder, so that only what has
        changed since the last network is compiled.
    report : "text", None or callable
        Whether progress is printed, or a function that takes each line of it.

    Returns
    -------
    SweepTable
        Also when networks have failed: then with the reasons.

    Raises
    ------
    TypeError, ValueError
        If function, parameters or executor cannot be used, before anything is computed.
    OSError, RuntimeError
        If the folder cannot be written to, or a finished network in it is damaged.

    Examples
    --------
    >>> import tempfile
    >>> from brian2 import ms, defaultclock
    >>> def train(seed, learning_rate):
    ...     task = PeriodicOutput(period=20*ms)
    ...     defaultclock.dt = task.dt
    ...     net = LearningNetwork(task, RateNeurons(5, tau=10*ms), RFLO(learning_rate, tau=10*ms), seed=seed)
    ...     return net.train(2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table = sweep(train, {"seed": range(2), "learning_rate": [0.01, 0.1]}, folder, workers=1, report=None)
    ...     table.result(seed=1, learning_rate=0.1).losses.shape
    (1, 2)
    """
    settings = settings_of(function, parameters)
    say = teller(report)
    check_surroundings(function, workers, executor)
    device = devices.chosen(device) if device is not None else None
    folder = writable_folder(folder)
    networks = networks_of(function, settings, device)
    common = networks[0].common()
    identities = {network.name: common | network.particular() for network in networks}
    paths = {name: path_of(name, identity, folder) for name, identity in identities.items()}
    found = Finished(networks, paths, folder, say)
    missing = [network for network in networks if network.name not in found.rows]
    found.say_what_there_is(missing, identities)
    if missing:
        crew = crew_of(executor, min(workers or devices.cores(), len(missing)) if executor is None else None)
        try:
            work(crew, missing, paths, found)
        except KeyboardInterrupt:
            say(f"interrupted: {found.counted()} are finished, in {folder}; the same sweep goes on from there")
            raise
        finally:
            found.table().save(folder / "table.csv")
    found.say_how_it_went(bool(missing))
    return found.table()


def settings_of(function, parameters):
    """The arguments of each network.

    Raises
    ------
    TypeError, ValueError
        If they are no arguments of the function, or not given as many values.
    """
    if not inspect.isfunction(function):
        raise TypeError(f"sweep: give a function, written with def or lambda; got {function!r}. What is the same for all networks can be a parameter with one value")
    if isinstance(parameters, dict):
        for name, values in parameters.items():
            check_values(name, values)
        settings = [dict(zip(parameters, values)) for values in itertools.product(*parameters.values())]
    elif isinstance(parameters, (list, tuple)) and all(isinstance(one, dict) and one.keys() == parameters[0].keys() for one in parameters):
        settings = list(parameters)
    else:
        raise TypeError(f"sweep: parameters must be a dictionary of values by argument, such as {{'seed': range(3)}}, or a list of dictionaries with the same names; got {parameters!r}")
    settings = [{name: plain(value) for name, value in one.items()} for one in settings]
    if not settings or not settings[0]:
        raise ValueError("sweep: no networks: parameters must have at least one argument, and each at least one value")
    check_arguments(function, settings[0])
    texts = [described(one) for one in settings]
    twice = next((one for one, text in zip(settings, texts) if texts.count(text) > 1), None) if len(set(texts)) < len(texts) else None
    if twice:
        raise ValueError(f"sweep: {told(twice)} is given more than once; networks with the same settings are the same to the bit, so vary a seed")
    return settings


def check_values(name, values):
    """Raise unless an argument has several values."""
    if isinstance(values, (str, bytes, dict)) or np.ndim(values) == 0 and not hasattr(values, "__iter__"):
        raise TypeError(f"sweep: the values of '{name}' must be a sequence; write '{name}': [{values!r}]")
    if not isinstance(name, str):
        raise TypeError(f"sweep: arguments go by their names; got {name!r}")
    if not hasattr(values, "__len__"):
        raise TypeError(f"sweep: the values of '{name}' must have an end; write list(...) around them")


def check_arguments(function, settings):
    """Raise unless a function takes these arguments."""
    try:
        inspect.signature(function).bind(**settings)
    except TypeError as error:
        raise TypeError(f"sweep: {function.__name__}{inspect.signature(function)} cannot be called with {', '.join(settings)}: {error}") from None


def check_surroundings(function, workers, executor):
    """Raise unless this can be computed from here."""
    if workers is not None:
        check_count("sweep: workers", workers)
        if executor is not None:
            raise ValueError("sweep: workers counts processes of this machine, and an executor has its own; leave one of them out")
    if get_device() is not devices.runtime():
        raise RuntimeError(f"sweep: Brian2's device is set to {type(get_device()).__name__}, but each network needs its own; write set_device('runtime'), and sweep(..., device='cpp_standalone')")
    if multiprocessing.current_process().name != "MainProcess" and function.__module__ in ("__main__", "__mp_main__"):
        raise RuntimeError("sweep was called while a process of another sweep imported this script; put it below: if __name__ == '__main__':")


def plain(value):
    """NumPy's numbers as Python's, so that the function gets the same from a list and from an array."""
    return value.item() if isinstance(value, np.generic) else value


def teller(report):
    """The function that takes lines for the user."""
    if report is None:
        return lambda line: None
    if report == "text":
        return lambda line: print(line, flush=True)
    if not callable(report):
        raise TypeError(f"sweep: report must be 'text', None or a function of one line; got {report!r}")
    return report


def networks_of(function, settings, device):
    """The networks of a sweep, each with a name of its own."""
    names = [re.sub(r"[^\w.=+-]+", "", "_".join(f"{name}={short(value)}" for name, value in one.items()))[:120] for one in settings]
    if len({name.lower() for name in names}) < len(names):
        names = [f"{name}_{digest(described(one))[:6]}" for name, one in zip(names, settings)]
    preferences = {name: prefs[name] for name in prefs}
    return [Network(name, function, one, 1.0, device, preferences) for name, one in zip(names, settings)]


def short(value):
    """A value in few letters."""
    if isinstance(value, PLAIN) or isinstance(value, Quantity) and value.ndim == 0:
        return str(value)
    return getattr(value, "__name__", None) or f"{type(value).__name__}-{digest(described(value))[:4]}"


def told(settings):
    """Settings for the user: ``seed=1, learning_rate=0.1``."""
    return ", ".join(f"{name}={short(value)}" for name, value in settings.items())


@dataclass(frozen=True)
class Network(Part):
    """A network of a sweep: a `Part` whose function knows nothing of parts.

    Parameters
    ----------
    device : str or None
        Where Brian2 runs.
    preferences : dict
        Those of Brian2.
    """

    device: str | None = None
    preferences: dict = field(default_factory=dict)

    def common(self):
        """What decides the numbers of all networks of the sweep, as text by name."""
        chosen = {name: repr(value) for name, value in self.preferences.items() if not name.startswith(INDIFFERENT) and value != default_preference(name)}
        versions = {package: version(package) for package in ("brian2", "numpy")}
        return {"the function": digest(source_of(self.function)), "brian_rflo": source_of_package(), "preferences of Brian2": repr(chosen), "the device": str(self.device)} | versions

    def particular(self):
        """What decides the numbers of this one."""
        return {"settings": described(self.arguments)}

    def identity(self):
        return self.common() | self.particular()

    def compute(self, progress):
        """What the function returns, as arrays, from a Brian2 in which nothing has happened."""
        with new_brian(self.device, self.preferences, self.first_random()):
            arrays = arrays_of(self.function(**self.arguments), self.function)
        return arrays | {"about": np.array(json.dumps(self.identity()))}

    def first_random(self):
        """Where the random numbers of Brian2 begin: at the argument ``seed``; else at a number that stands for all arguments."""
        given = self.arguments.get("seed")
        return given if type(given) is int and 0 <= given < 2**32 else int(digest(described(self.arguments)), 16) % 2**32


def default_preference(name):
    """What a preference of Brian2 is if nobody changes it."""
    category, _, last = name.rpartition(".")
    return prefs.pref_register[category][0][last].default


@contextmanager
def new_brian(device, preferences, number):
    """A Brian2 as in a new Python, but for its preferences, with random numbers that begin at `number`; afterwards it is as it was, in a new scope."""
    gc.collect()  # what is gone gives its names back, and the same programs have the same text
    before, dt = {name: prefs[name] for name in prefs}, defaultclock.dt
    try:
        set_preferences(preferences | {"core.stop_on_keyboard_interrupt": False})
        with devices.device(device, devices.own_folder(os.getpid()) / "program") if device else nullcontext():
            own = get_device()
            start_scope()
            defaultclock.dt = FIRST_DT
            random.seed(number)
            np.random.seed(number)  # which seed of a standalone device leaves alone
            seed_brian(number)
            yield
            if get_device() is not own:
                devices.reset()
                raise RuntimeError("the function has called set_device; leave that to the sweep, which gives each process a folder of its own: sweep(..., device='cpp_standalone')")
    finally:
        if get_device() is not devices.runtime():
            devices.reset()
        set_preferences(before)
        defaultclock.dt = dt
        start_scope()


def set_preferences(values):
    """Set those of the preferences that exist here."""
    for name, value in values.items():
        if name in prefs and prefs[name] != value:
            prefs[name] = value


def arrays_of(returned, function):
    """What a function has returned, as arrays by name.

    Raises
    ------
    TypeError
        If it is neither a `TrainingResult` nor a dictionary of numbers and arrays.
    """
    if isinstance(returned, TrainingResult):
        return returned.arrays()
    if not isinstance(returned, dict):
        raise TypeError(f"{function.__name__} must return what train returned, or a dictionary of numbers and arrays by name; got {type(returned).__name__}")
    arrays = {f"value/{name}": np.asarray(value) for name, value in returned.items()}
    objects = [name.removeprefix("value/") for name, array in arrays.items() if array.dtype == object]
    if objects:
        raise TypeError(f"{function.__name__} must return numbers, texts and arrays; '{objects[0]}' is {type(returned[objects[0]]).__name__}")
    return arrays


def returned_from(arrays):
    """The inverse of `arrays_of`."""
    if "losses" in arrays:
        return TrainingResult.from_arrays(arrays)
    return {name.removeprefix("value/"): values if values.ndim else values.item() for name, values in arrays.items() if name.startswith("value/")}


def numbers_of(returned):
    """What the table says of a network."""
    if isinstance(returned, TrainingResult):
        diverged = int((returned.diverged_in >= 0).sum())
        return {"final_loss": float(np.median(returned.final_loss))}, f"{diverged} of {len(returned.losses)} diverged" if diverged else ""
    return {name: value for name, value in returned.items() if isinstance(value, PLAIN)}, ""


class Finished:
    """What is finished, and what is told of it; the `report` of `crews.work`."""

    def __init__(self, networks, paths, folder, say):
        self.networks, self.paths, self.folder, self.say, self.rows = networks, paths, folder, say, {}
        for network in networks:
            if paths[network.name].exists():
                self.rows[network.name] = self.row(network, read(paths[network.name]))
        self.began = self.said = time.monotonic()
        self.before, self.computed, self.shown = len(self.rows), 0.0, 0

    def row(self, network, arrays):
        """The row of a finished network."""
        numbers, remark = numbers_of(returned_from(arrays))
        return Row(network.arguments, numbers, float(arrays["seconds"]), remark, self.paths[network.name])

    def traceback(self, network):
        """Where a failure is told at length."""
        return self.paths[network.name].with_suffix(".failed.txt")

    def ended(self, network, outcome):
        """A network has come to an end, well or not."""
        if isinstance(outcome, Failure):
            self.failed(network, outcome)
        else:
            self.rows[network.name] = self.row(network, read(self.paths[network.name]))
            self.computed += self.rows[network.name].seconds
            self.traceback(network).unlink(missing_ok=True)
        if time.monotonic() - self.said > 2 or len(self.rows) - self.before == 1:
            self.said = -SAY_EVERY_S

    def failed(self, network, failure):
        """Keep why a network has failed, and say so, if not of too many."""
        file = self.traceback(network)
        write_whole(file, lambda waiting: waiting.write_text(f"{told(network.arguments)}\n\n{failure.details or failure.reason}\n", encoding="utf-8"))
        self.rows[network.name] = Row(network.arguments, {}, np.nan, f"failed: {failure.reason}", None, failure)
        self.shown += 1
        if self.shown <= SHOWN_FAILURES:
            self.say(f"  failed: {told(network.arguments)}: {failure.reason} ({file})")
        if self.shown == SHOWN_FAILURES:
            self.say("  (further failures are in the table)")

    def now_and_then(self, crew, elsewhere):
        """Say how far it is, if that has not been said for a while."""
        if time.monotonic() - self.said < SAY_EVERY_S or len(self.rows) == len(self.networks):
            return
        self.said = time.monotonic()
        others = f", {len(elsewhere)} at work in another sweep" if elsewhere else ""
        self.say(f"  {self.counted()} after {spoken(self.said - self.began)}{self.time_left(crew)}{others}")

    def time_left(self, crew):
        """How long the rest will take, in words; nothing before the first one is finished."""
        done, left = len(self.rows) - self.before, len(self.networks) - len(self.rows)
        if not done or not self.computed:
            return ""
        elapsed = time.monotonic() - self.began
        at_a_time = min(crew.at_a_time, left) if np.isfinite(crew.at_a_time) else max(1.0, self.computed / elapsed)
        half_done = 0.5 * min(at_a_time, left) if not isinstance(crew, Here) else 0.0
        return f", about {spoken((left - half_done) * self.computed / done / at_a_time)} left"

    def counted(self):
        """How many are finished, in words."""
        failed = sum(row.failure is not None for row in self.rows.values())
        return f"{len(self.rows) - failed} of {len(self.networks)} networks{f' ({failed} failed)' if failed else ''}"

    def say_what_there_is(self, missing, identities):
        """What of the sweep was in the folder, and why something is computed anew."""
        if len(missing) < len(self.networks):
            self.say(f"{len(self.networks) - len(missing)} of {len(self.networks)} networks are finished already, in {self.folder}")
        changed = [what for network in missing for what in [self.what_has_changed(network.name, identities[network.name])] if what]
        if changed:
            self.say(f"{len(changed)} networks are computed anew: what is in {self.folder} is older than a change of {' and '.join(sorted(set().union(*changed)))} (it stays there until you delete it)")

    def what_has_changed(self, name, now):
        """Between a network of now and the one of the same settings that is in the folder; nothing if there is none."""
        for path in self.folder.glob(f"{name}-*.npz"):
            with suppress(OSError, KeyError, RuntimeError, ValueError):
                then = json.loads(str(read_arrays(path)["about"]))
                if then["settings"] == now["settings"]:
                    return {what for what in now if now[what] != then.get(what)}
        return set()

    def say_how_it_went(self, computed):
        """The last line."""
        took = f" after {spoken(time.monotonic() - self.began)}" if computed else ""
        self.say(f"{self.counted()}{took}; table: {self.folder / 'table.csv'}")

    def table(self):
        """All that is known by now."""
        return SweepTable([self.rows[network.name] for network in self.networks if network.name in self.rows])


def spoken(seconds):
    """A time in words."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


@dataclass(frozen=True)
class Row:
    """A network in the table: its settings, numbers and seconds, a remark, its file, and why it has failed, if it has."""

    settings: dict
    numbers: dict
    seconds: float
    remark: str
    path: Path | None
    failure: Failure | None = None

    def result(self):
        """What the function returned, read from the file; None if it has failed."""
        return None if self.path is None else returned_from(read_arrays(self.path))


@dataclass(frozen=True)
class SweepTable:
    """What `sweep` returns: a row for each network, in the order of the parameters; print it.

    Attributes
    ----------
    rows : list of Row
        Of each network `settings`, `numbers` (``"final_loss"``, the median over networks side by side; or all single numbers in the dictionary that the
        function returned), `seconds`, `path`, and, where it has failed, `failure` with `reason` and `details`, the traceback.
    """

    rows: list

    @property
    def results(self):
        """What the function returned, network by network, read from the files now; None where it failed."""
        return [row.result() for row in self.rows]

    @property
    def failed(self):
        """Rows of the networks that have failed."""
        return [row for row in self.rows if row.failure is not None]

    def result(self, **settings):
        """What the function returned for these settings.

        Raises
        ------
        KeyError
            If no network, or more than one, has them.
        RuntimeError
            If it has failed, with the reason.
        """
        found = [row for row in self.rows if all(name in row.settings and described(row.settings[name]) == described(value) for name, value in settings.items())]
        if len(found) != 1:
            raise KeyError(f"{len(found)} networks have {told(settings)}; the settings are {', '.join(self.rows[0].settings)}, for example {told(self.rows[0].settings)}")
        if found[0].failure:
            raise RuntimeError(f"{told(settings)} has failed: {found[0].failure}")
        return found[0].result()

    def columns(self):
        """Names of the numbers."""
        return list(dict.fromkeys(name for row in self.rows for name in row.numbers))

    def save(self, path):
        """Write it as CSV, whole or not at all; quantities in base units, which the header names. Returns the path."""
        names = list(self.rows[0].settings) if self.rows else []
        header = [f"{name}{unit_of([row.settings[name] for row in self.rows])}" for name in names] + [*self.columns(), "seconds", "remark"]
        lines = [[label(value) for value in row.settings.values()] + [row.numbers.get(name, "") for name in self.columns()] + ["" if np.isnan(row.seconds) else row.seconds, row.remark] for row in self.rows]

        def write(waiting):
            with open(waiting, "w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows([header, *lines])

        return write_whole(path, write)

    def to_xarray(self):
        """An `xarray.Dataset` along the parameters, `seconds` among its variables, NaN where a network failed; needs ``brian_rflo[results]``.

        Results that are no `TrainingResult` have dimensions like ``"rates_0"``, ``"rates_1"``.
        """
        done = [row for row in self.rows if row.failure is None]
        if not done:
            raise ValueError("no network has been finished, so there is nothing to put into arrays; see the reasons in table.failed")
        datasets = [dataset_of(row.result()).assign(seconds=((), row.seconds, {"units": "s"})) for row in done]
        places = {name: [label(row.settings[name]) for row in done] for name in done[0].settings}
        everywhere = {name: list(dict.fromkeys(label(row.settings[name]) for row in self.rows)) for name in done[0].settings}
        stacked = labelled.stacked(datasets, everywhere, **places)
        for name in places:
            unit = unit_of([row.settings[name] for row in self.rows])
            if unit:
                stacked[name].attrs["units"] = unit.strip(" ()")
        return stacked

    def plot(self, parameter, number=None, ax=None):
        """Draw a number of the table, by default the first, against a parameter: a point for each network, a line through the medians; returns the axes."""
        return plotting.plot_sweep(self, parameter, number or self.columns()[0], ax)

    def __str__(self):
        names = list(self.rows[0].settings) if self.rows else []
        lines = [[*names, *self.columns(), "seconds", ""]]
        lines += [[*(short(value) for value in row.settings.values()), *(shown(row.numbers.get(name, "")) for name in self.columns()), shown(row.seconds, ".1f"), first_line(row.remark)] for row in self.rows]
        if len(lines) > SHOWN_ROWS + 1:
            lines[SHOWN_ROWS // 2 + 1 : -SHOWN_ROWS // 2] = [["..."] + [""] * (len(lines[0]) - 1)]
        widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
        text = ["  ".join([*(cell.rjust(width) for cell, width in zip(line[:-1], widths)), line[-1]]).rstrip() for line in lines]
        return "\n".join([text[0], "-" * max(map(len, text[:1])), *text[1:]])


def label(value):
    """A value as a number or text, quantities in base units."""
    if isinstance(value, Quantity) and value.ndim == 0:
        return float(value)
    return value if isinstance(value, (bool, int, float, str)) else short(value)


def unit_of(values):
    """The unit of quantities, in brackets."""
    return f" ({get_unit(values[0].dim)!r})" if values and isinstance(values[0], Quantity) and values[0].ndim == 0 else ""


def shown(value, form=".3g"):
    """A number for the table on screen."""
    if isinstance(value, bool) or not isinstance(value, float):
        return str(value)
    return "" if np.isnan(value) and form == ".1f" else f"{value:{form}}"


def first_line(text):
    """As much of a text as a line takes."""
    line = text.partition("\n")[0]
    return line if len(line) <= 100 else f"{line[:97]}..."


def dataset_of(returned):
    """What a function returned as a dataset."""
    if isinstance(returned, TrainingResult):
        return returned.to_xarray()
    return labelled.xarray().Dataset({name: ([f"{name}_{axis}" for axis in range(np.ndim(value))], value) for name, value in returned.items()})
