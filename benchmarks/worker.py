"""One contestant in its own process; requests and answers are JSON, one per line.

``python -m brian_rflo.benchmarks.worker`` reads requests from standard input; `Worker` is the other
end.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from dataclasses import asdict

from ..crews import temporary
from ..results.files import scratch_folder
from .problem import Problem

#: One thread for every library.
ENVIRONMENT = {
    **{
        f"{name}_NUM_THREADS": "1"
        for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "NUMBA", "VECLIB", "BLIS")
    },
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}


class Failure(RuntimeError):
    """Reason why a contestant cannot go on."""


class Worker:
    """A contestant in another process, which runs a module of this folder; a context manager."""

    def __init__(self, name, module="worker"):
        self.name = name
        self.log = tempfile.TemporaryFile(  # noqa: SIM115 (open as long as the process)
            mode="w+", prefix="brian_rflo_bench_"
        )
        self.folder = str(scratch_folder("bench"))
        command = [sys.executable, "-m", f"{__package__}.{module}", name, self.folder]
        environment = {**os.environ, **ENVIRONMENT, **temporary(self.folder)}
        pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.process = subprocess.Popen(command, **pipes, env=environment, start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """End the process and its children."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.log):
            close(stream)
        shutil.rmtree(self.folder, ignore_errors=True)

    def prepare(self, problem):
        """Build for a problem; return the seconds that it took."""
        return self.ask(prepare=asdict(problem))

    def run(self, periods):
        """Run a number of periods."""
        return self.ask(run=periods)

    def ask(self, **request):
        """Send a request and return the answer.

        Raises
        ------
        Failure
            If the contestant fails, with its reason.
        """
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            self.log.seek(0)
            last = (self.log.read().strip().splitlines() or ["no message"])[-1]
            raise Failure(f"its process ended: {last}")
        answer = json.loads(answer)
        if "error" in answer:
            raise Failure(answer["error"])
        return answer


def close(stream):
    """Close a stream whose other end may be closed."""
    with suppress(BrokenPipeError):
        stream.close()


def answer(contestant, request, folder):
    """Execute a request and return the answer."""
    if "prepare" in request:
        start = time.perf_counter()
        contestant.prepare(Problem(**request["prepare"]), folder)
        seconds = time.perf_counter() - start
        return {"prepare_s": seconds, "compile_s": getattr(contestant, "build_seconds", None)}
    return asdict(contestant.run(request["run"]))


def serve(respond):
    """Answer requests with ``respond(name, request, folder)`` until the other end closes."""
    name, folder = sys.argv[1:]
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(
        sys.stderr.fileno(), sys.stdout.fileno()
    )  # compilers and programs print; answers go elsewhere
    for request in sys.stdin:
        try:
            reply = respond(name, json.loads(request), folder)
        except Exception as error:
            traceback.print_exc()
            reply = {"error": f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"}
        print(json.dumps(reply), file=answers, flush=True)


def respond(name, request, folder):
    """Execute a request for a contestant."""
    from .contestants import BY_NAME

    return answer(BY_NAME[name], request, folder)


if __name__ == "__main__":
    serve(respond)
