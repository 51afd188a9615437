"""The arrays of a task as a Brian2 function of time step and column, on every target.

A task whose trials are all the same is one block of `n_steps` rows, which is read in each trial. A
task with random trials is read in chunks of a few hundred kilobytes, so that memory does not grow
with the number of trials. On numpy and Cython a chunk is drawn when the simulation reaches it. A
C++ standalone program reads chunks from a file that is written, chunk by chunk, before the build,
with one byte per value if all are small whole numbers, such as spikes, else eight.
"""

import shutil
import weakref

import numpy as np
from brian2 import Function, Nameable

from ..brian.private import run_end
from ..results.files import scratch_folder

#: The arrays, in the order of `Task.trial`; a window and a kind are numbers.
PARTS = ("inputs", "target", "mask", "window", "kind")
CHUNK_VALUES = 2**16
#: Largest number of trials in a chunk, so that a short run does not draw thousands of short trials.
CHUNK_TRIALS = 64
#: C++ types of the values in a file of trials, by its suffix, which is NumPy's name of the type;
#: the smallest first.
CPP_TYPES = {".i1": "signed char", ".f8": "double"}

CPP_FIXED = """
static inline double {name}(const int64_t step, const int64_t column)
{{
    return _namespace{name}_values[(step % {rows})*{columns} + column];
}}
"""

CPP_CHUNKS = """
static thread_local {type} {name}_chunk[{rows}*{columns}];
static thread_local int64_t {name}_number = -1;
static inline double {name}(const int64_t step, const int64_t column)
{{
    if ({step}/{rows} != {name}_number)
    {{
        {name}_number = {step}/{rows};
        std::ifstream file("{path}", std::ios::binary);
        file.seekg((std::streamoff)sizeof({name}_chunk)*({name}_number - {first}));
        if (!file.read((char*){name}_chunk, sizeof({name}_chunk)))
        {{
            std::cerr << "brian_rflo: cannot read the trials of the task from {path}" << std::endl;
            std::exit(1);
        }}
    }}
    return {name}_chunk[({step} % {rows})*{columns} + column];
}}
"""


class TaskValues(Function, Nameable):
    """One array of a task, called in equations as ``name(t_in_timesteps, column)``; the first trial
    begins at step 0.

    Parameters
    ----------
    task : Task
        The task, whose trials are shown.
    what : {"inputs", "target", "mask", "window", "kind"}
        ``"window"`` is one number per trial, that of its steps in which the mask is not 0, and
        ``"kind"`` another, that of `Task.kind`.
    copies : int
        Number of trials side by side: first the columns of the first trial, then those of the
        second, and so on.
    check : callable, optional
        Called with the task, the number of a trial and its arrays before they are used; raises if
        they are invalid.

    Attributes
    ----------
    width : int
        Number of columns of a trial; of a mask 1, or the number of outputs if each has its own.
    """

    def __init__(self, task, what, copies=1, check=None):
        self.check = check
        Nameable.__init__(self, "_task_values*")
        self.what, self.part, self.copies = what, PARTS.index(what), copies
        self.width, self.shows, self.folder = None, 0, None
        self.show(task)
        Function.__init__(
            self,
            pyfunc=self.look_up,
            arg_units=[1, 1],
            arg_types=["integer", "integer"],
            return_unit=1,
        )
        self.implementations.add_implementation("numpy", self.look_up)
        self.implementations.add_implementation("cython", self.look_up)
        self.implementations.add_dynamic_implementation(
            "cpp", self.cpp_code, namespace=self.cpp_namespace, name=self.name
        )

    def show(self, task, begins=0):
        """Show a task from now on: its first trial begins, or would have begun, at the time step
        `begins`.
        """
        self.task, self.begins, self.shows = task, begins, self.shows + 1
        self.width = self.width or self.rows_of_trial(0).shape[1]
        self.columns = self.width * self.copies
        trials = (
            max(1, min(CHUNK_TRIALS, CHUNK_VALUES // (task.n_steps * self.columns)))
            if task.random
            else 1
        )
        self.trials, self.rows = trials, trials * task.n_steps
        self.number, self.values = 0, self.chunk(0)

    def chunk(self, number):
        """Return the rows of one chunk as a flat array."""
        first = number * self.trials
        return np.concatenate(
            [self.rows_of_trials(k).ravel() for k in range(first, first + self.trials)]
        )

    def rows_of_trials(self, number):
        """Return the rows of trials that run side by side, ``(n_steps, columns)``."""
        trials = (
            range(number * self.copies, (number + 1) * self.copies)
            if self.task.random
            else [0] * self.copies
        )
        return np.concatenate([self.rows_of_trial(k) for k in trials], axis=1)

    def rows_of_trial(self, number):
        """Return the rows of one trial."""
        if self.what == "kind":
            return np.full((self.task.n_steps, 1), float(kind_of(self.task, number)))
        arrays = self.task.trial(number)
        if self.check:
            self.check(self.task, number, *arrays)
        if self.part == len(arrays):
            return np.full((self.task.n_steps, 1), max(float(np.count_nonzero(arrays[-1])), 1.0))
        return self.as_wide(arrays[self.part].reshape(self.task.n_steps, -1), number)

    def as_wide(self, rows, number):
        """Return rows with the columns of trial 0 of the first task; a mask of each step counts for
        all outputs.
        """
        if self.width in (None, rows.shape[1]):
            return rows
        if rows.shape[1] == 1:
            return np.repeat(rows, self.width, axis=1)
        raise ValueError(
            f"{type(self.task).__name__}: trial {number} has a mask of each output, but the network"
            " was built for masks of each step; give trial 0 of its own task a mask of shape"
            " (n_steps, n_outputs) too"
        )

    def look_up(self, step, column):
        """Return the values of `column` at a time step, which is the same for all columns."""
        number, row = divmod(int(step) - self.begins, self.rows)
        if self.task.random and number != self.number:
            self.number, self.values = number, self.chunk(number)
        return self.values[row * self.columns + column]

    def cpp_code(self, owner):
        """Return C++ source for the group `owner`; write random trials of the coming run to a file
        first.
        """
        step = f"(step - {self.begins})" if self.begins else "step"
        names = dict(name=self.name, rows=self.rows, columns=self.columns, step=step)
        if not self.task.random:
            return CPP_FIXED.format(**names)
        clock = owner.clock
        now = int(clock.variables["timestep"].get_value()[0])
        first = (now - self.begins) // self.rows
        path = self.write(first, run_end(clock) - self.begins)
        return CPP_CHUNKS.format(
            path=path.as_posix(), first=first, type=CPP_TYPES[path.suffix], **names
        )

    def cpp_namespace(self, owner):
        """Return the array that the C++ source of a task with equal trials reads."""
        return {} if self.task.random else {f"{self.name}_values": self.values}

    def write(self, first, end):
        """Write the chunks of the steps up to `end` to a temporary file, in the smallest type that
        holds all values. The file lives as long as this object.
        """
        if self.folder is None:
            self.folder = scratch_folder("task")
            weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        numbers = range(first, -(-int(end) // self.rows))
        stem = f"{self.name}_{self.shows}_{first}_{end}"
        paths = [self.folder / f"{stem}{suffix}" for suffix in CPP_TYPES]
        return next(path for path in paths if path.exists() or self.write_as(path, numbers))

    def write_as(self, path, numbers):
        """Write chunks in the type given by the suffix of the file. Return False, and leave no
        file, if that type cannot hold all values.
        """
        with open(path, "wb") as file:
            for number in numbers:
                values = self.chunk(number)
                with np.errstate(invalid="ignore"):
                    stored = values.astype(path.suffix[1:])
                if not np.array_equal(stored, values, equal_nan=True):
                    break
                file.write(stored.tobytes())
            else:
                return True
        path.unlink()
        return False


def kind_of(task, number):
    """Return the kind of a trial; raise if the task has no such kind."""
    kind = task.kind(number)
    if kind not in range(task.n_kinds):
        raise ValueError(
            f"{type(task).__name__}: kind({number}) must be a whole number from 0 to"
            f" {task.n_kinds - 1}, since n_kinds = {task.n_kinds}; got {kind!r}"
        )
    return kind


def task_values_of(objects):
    """Return the arrays of tasks that the strings of some objects name."""
    return [
        value
        for obj in objects
        for value in (getattr(obj, "namespace", None) or {}).values()
        if isinstance(value, TaskValues)
    ]
