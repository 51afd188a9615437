"""The contestants of `threads`, each in a process of its own: the timed rate network on one thread
and on two.
"""

from brian2 import prefs

from .contestants.ours import Ours
from .worker import answer, serve


class OnOne(Ours):
    """One thread."""

    threads = 1

    def prepare(self, problem, folder):
        """Write and compile the program for so many threads."""
        prefs["brian_rflo.threads"] = self.threads
        super().prepare(problem, folder)


class OnTwo(OnOne):
    """Two threads."""

    threads = 2


CONTESTANTS = {"one": OnOne, "two": OnTwo}
MADE = {}


def respond(name, request, folder):
    """Execute a request."""
    return answer(MADE.setdefault(name, CONTESTANTS[name]()), request, folder)


if __name__ == "__main__":
    serve(respond)
