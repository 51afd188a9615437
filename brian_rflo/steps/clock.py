"""Conditions on the number of a time step under which a step runs, for Python and C++."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..brian.quantities import whole_steps

if TYPE_CHECKING:
    from ..tasks import Task


class TrialClock:
    """Conditions for the time steps of a trial: first and last step, and named phases of the task.

    Parameters
    ----------
    task : Task
        Its optional attribute `phases` has durations by name, of consecutive phases; they need not
        fill the trial.

    Attributes
    ----------
    n_steps : int
        Number of steps of a trial.
    ranges : dict of str to tuple
        First step of each phase and the step after its last; ``"trial"`` is the whole trial.
    resets_at : str
        The `when` of steps that reset state: ``"trial_start"``, or ``"stream_start"``, the first
        step of all, if trials are the windows of a stream.

    Raises
    ------
    ValueError
        If the phases are longer than the trial, or a duration is not a whole number of time steps.
    """

    def __init__(self, task: Task):
        self.n_steps, self.ranges, begins = task.n_steps, {"trial": (0, task.n_steps)}, 0
        self.resets_at = "stream_start" if task.continuous else "trial_start"
        for name, duration in getattr(task, "phases", {}).items():
            ends = begins + whole_steps(f"{type(task).__name__}: phase '{name}'", duration, task.dt)
            if (
                ends > task.n_steps
                or not name.isidentifier()
                or name in ("trial", "step", "stream")
            ):
                raise ValueError(
                    f"{type(task).__name__}: phases must have names other than 'trial', 'step' and"
                    f" 'stream', and fit into the {task.n_steps} steps of a trial; got"
                    f" {task.phases!r}"
                )
            self.ranges[name], begins = (begins, ends), ends

    def condition(self, when: str, every: int = 1) -> str | None:
        """Return the condition of a `Step`, a string in which ``{step}`` is the number of the time
        step; None if it always holds.

        Raises
        ------
        ValueError
            If the task does not have the phase.
        """
        if when == "step":
            return None if every == 1 else f"({{step}} + 1) % {every} == 0"
        if when == "stream_start":
            return "{step} == 0"
        name, edge = self.phase_and_edge(when)
        first, end = self.ranges[name]
        if name == "trial" and edge == "end":
            return f"({{step}} + 1) % {self.n_steps * every} == 0"
        within = f"({{step}} % {self.n_steps})"
        condition = {
            "start": f"{within} == {first}",
            "end": f"{within} == {end - 1}",
            "": f"({within} >= {first})*({within} < {end})",
        }[edge]
        return (
            condition
            if every == 1
            else f"({condition})*((({{step}} - {within})/{self.n_steps} + 1) % {every} == 0)"
        )

    def phase_and_edge(self, when: str) -> tuple[str, str]:
        """Return the phase in `when`, and "start", "end" or ""."""
        if when in self.ranges and when != "trial":
            return when, ""
        name, _, edge = when.rpartition("_")
        if name not in self.ranges or edge not in ("start", "end"):
            known = [f"'{name}_start', '{name}_end'" for name in self.ranges] + [
                f"'{name}'" for name in self.ranges if name != "trial"
            ]
            raise ValueError(
                f"when must be 'step' or one of {', '.join(known)}, the phases of this task; got"
                f" {when!r}"
            )
        return name, edge
