"""Processes forked from this one, for scripts and parts that need a process of their own and not a
new Python, which takes two seconds of processor time to load Brian2.
"""

import multiprocessing
import os
import re
import runpy
import signal
import sys
import time
import traceback
import types
import warnings
from contextlib import suppress

from brian_rflo.crews import processes


class Forked:
    """A script in a fork of this process, with the methods of `subprocess.Popen` that tests need.

    Parameters
    ----------
    script : str or path
        Source of the script, or the path of its file.
    arguments
        Its arguments, ``sys.argv[1:]``.
    """

    def __init__(self, script, *arguments):
        read, write = os.pipe()
        sys.stdout.flush()
        self.returncode, self.pid = None, os.fork()
        if not self.pid:
            os.dup2(write, 1)
            os.dup2(write, 2)
            run_and_exit(script, [str(argument) for argument in arguments])
        os.close(write)
        self.stdout = os.fdopen(read)

    def poll(self):
        """Return the exit status, minus the number of a signal; None while the process runs."""
        return self.ended(os.WNOHANG)

    def ended(self, option):
        """Return the exit status, or None if it is not to be waited for."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, option)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def wait(self, timeout):
        """Return the exit status, without what the script prints."""
        until = time.monotonic() + timeout
        while self.poll() is None:
            assert time.monotonic() < until, "the script does not end"
            time.sleep(0.02)
        self.stdout.close()
        return self.returncode

    def kill(self):
        """Kill the process."""
        os.kill(self.pid, signal.SIGKILL)

    def communicate(self):
        """Return what the script prints, once it has ended."""
        with self.stdout:
            said = self.stdout.read()
        self.ended(0)
        return said


def run_and_exit(script, arguments):
    """Run a script as Python does, and end this process."""
    status = 1
    try:
        sys.stdout = sys.stderr = os.fdopen(1, "w", buffering=1, closefd=False)
        sys.argv = [str(script), *arguments]
        warnings.simplefilter("ignore")
        if isinstance(script, os.PathLike):
            runpy.run_path(str(script), run_name="__main__")
        else:
            main = sys.modules["__main__"] = types.ModuleType("__main__")
            exec(compile(script, "<script>", "exec"), vars(main))
        status = 0
    except SystemExit as end:
        status = end.code or 0
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(Exception):
            sys.stdout.flush()
        os._exit(status)


def fork_parts(set_attribute=setattr):
    """Let parts of experiments be computed in forks of the process that asks for them."""
    context = multiprocessing.get_context("fork")
    set_attribute(
        processes, "multiprocessing", types.SimpleNamespace(get_context=lambda kind: context)
    )


def warnings_in(stderr):
    """Return what a process printed besides Brian2's notice of a large cache of Cython."""
    return re.sub(r"INFO +Cache size for target .*\n.*clear_cache.*\n", "", stderr)
