"""Brian2 models as contestants: as one C++ program for all lengths, or step by step from Python.

A model is a function ``(problem, networks) -> Model``; this package and plain Brian2 are both timed
through what is here.
"""

import os
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from brian2 import Network, device, ms, prefs, second, set_device
from brian2.codegen.cpp_prefs import get_compiler_and_args

from .contestants.base import Contestant, Run
from .problem import DT_MS, RATE, STEPS

LENGTH, RESULT = "BRIAN_RFLO_BENCH_SECONDS", "bench.txt"

#: What the program writes down: wall seconds of the steps, CPU seconds of all of it, peak memory in
#: kB (0 where unknown).
BEFORE = "std::chrono::steady_clock::time_point bench_begin; double bench_wall = 0;"
START = "bench_begin = std::chrono::steady_clock::now();"
STOP = (
    "bench_wall = std::chrono::duration<double>(std::chrono::steady_clock::now() -"
    " bench_begin).count();"
)
AFTER = f"""{{
    std::ifstream status("/proc/self/status");
    std::string word;
    long peak = 0;
    while (status >> word)
        if (word == "VmHWM:") status >> peak;
    std::ofstream(brian::results_dir + "{RESULT}")
        << bench_wall << " " << (double)std::clock()/CLOCKS_PER_SEC << " " << peak;
}}"""


@dataclass
class Model:
    """A built model: its objects, and the variables that hold what it learned.

    `pending` is a change of the weights that the model has accumulated but not yet applied where a
    run ends; `spike_count` counts the spikes of its last period.
    """

    objects: list
    weights: object
    output: object
    pending: object = None
    spike_count: object = None

    def outcome(self, problem, value):
        """Return the change of the first network's weights and its last output; `value` reads a
        variable.
        """
        flat = value(self.weights) + (0 if self.pending is None else RATE * value(self.pending))
        matrix = np.asarray(flat)[: problem.size**2].reshape(problem.size, problem.size).T
        hertz = (
            None
            if self.spike_count is None
            else float(np.mean(value(self.spike_count)) / (STEPS * DT_MS * 1e-3))
        )
        return dict(change=problem.change(matrix), output=float(value(self.output)[0]), hertz=hertz)


def flat(problem, networks):
    """Return the initial weights of networks side by side, in the order in which Brian2 connects
    them: recurrent, output, feedback.
    """
    drawn = [problem.weights(network) for network in range(networks)]
    recurrent, readout, feedback = zip(*drawn)
    return (
        np.concatenate([matrix.T.ravel() for matrix in recurrent]),
        np.concatenate(readout),
        np.concatenate(feedback),
    )


class Standalone(Contestant):
    """A model as one C++ program; subclasses give `model`.

    CPU time is Brian2's own measure of the steps. The length of a run is read from the environment:
    one build for all runs.
    """

    compiler = True

    def prepare(self, problem, folder):
        """Write the program, make its length an argument, and compile it."""
        prefs.core.default_float_dtype = np.dtype(problem.dtype).type
        prefs.codegen.cpp.headers += ["<chrono>"]
        set_device("cpp_standalone", build_on_run=False)
        self.problem, self.folder = problem, Path(folder)
        self.built = self.model(problem, self.networks)
        for slot, code in (
            ("before_start", BEFORE),
            ("before_network_run", START),
            ("after_network_run", STOP),
            ("after_end", AFTER),
        ):
            device.insert_code(slot, code)
        Network(*self.built.objects).run(STEPS * DT_MS * ms)
        device.build(directory=str(folder), compile=False, run=False)
        take_length_from_outside(self.folder / "main.cpp")
        start = time.perf_counter()
        device.compile_source(str(folder), get_compiler_and_args()[0], debug=False, clean=False)
        self.build_seconds = time.perf_counter() - start
        self.run(1)

    def run(self, periods):
        """Run the program; times are those of the steps, without reading and writing weights."""
        seconds = periods * STEPS * DT_MS / 1e3
        results = self.folder / "results"
        done = subprocess.run(
            ["./main", "--results_dir", f"{results}/"],
            cwd=self.folder,
            env={**os.environ, LENGTH: repr(seconds)},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(f"the program failed ({done.returncode}): {done.stderr[-300:]}")
        wall, program, peak = map(float, (results / RESULT).read_text().split())
        cpu = float((results / "last_run_info.txt").read_text().split()[0])
        return Run(
            cpu,
            wall,
            memory=int(peak) * 1024 or None,
            program=program,
            **self.built.outcome(self.problem, self.value),
        )

    def value(self, variable):
        """Return a variable as the last run left it."""
        return np.fromfile(
            self.folder / "results" / device.get_array_filename(variable), dtype=variable.dtype
        )

    def model(self, problem, networks):
        """Return the model."""
        raise NotImplementedError


def take_length_from_outside(path):
    """Replace the duration that Brian2 wrote into the program, and the last step in dense loops, by
    values that the program reads when it starts.
    """
    source, count = re.subn(
        r"(\.run\()[^,()]+(?=,)", rf'\1std::stod(std::getenv("{LENGTH}"))', path.read_text()
    )
    if count != 1:
        raise RuntimeError(f"Brian2 wrote {count} runs into {path.name} where one was expected")
    steps = rf'\1std::lround(std::stod(std::getenv("{LENGTH}"))*1000/{DT_MS})'
    path.write_text(re.sub(r"(__history_end\[0\] = )\d+", steps, source))


class TimedNetwork(Network):
    """A network that measures the time of its steps alone."""

    def before_run(self, run_namespace):
        """Start the clock, after everything else before the steps."""
        super().before_run(run_namespace)
        self.began = time.process_time()

    def after_run(self):
        """Stop the clock, before everything else after the steps."""
        self.cpu = time.process_time() - self.began
        super().after_run()


class Runtime(Contestant):
    """A model run from Python by compiled Cython; subclasses give `model`."""

    packages, compiler = ("Cython",), True
    target = "cython"

    def prepare(self, problem, folder):
        """Build the model, and keep its initial state."""
        prefs.core.default_float_dtype = np.dtype(problem.dtype).type
        prefs.codegen.target = self.target
        self.problem, self.built = problem, self.model(problem, self.networks)
        self.network = TimedNetwork(*self.built.objects)
        self.network.store()
        self.run(1)

    def run(self, periods):
        """Run from the initial state; wall seconds are Brian2's own measure of the steps."""
        self.network.restore()
        self.network.run(periods * STEPS * DT_MS / 1e3 * second)
        outcome = self.built.outcome(self.problem, lambda variable: variable.get_value())
        return Run(self.network.cpu, device._last_run_time, **outcome)

    model = Standalone.model
