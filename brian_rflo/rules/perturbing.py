"""Common parts of rules that perturb."""

from __future__ import annotations

from ..brian.quantities import is_number

ZUEGE = (
    "Züge, P., Klos, C. & Memmesheimer, R.-M. (2023). Weight versus node perturbation learning in"
    " temporally extended tasks: weight perturbation often performs similarly or better. Physical"
    " Review X 13:021006"
)


def check_sigma(rule) -> None:
    """Raise unless the standard deviation of a rule's perturbation is positive and finite."""
    if not is_number(rule.sigma) or rule.sigma <= 0:
        raise ValueError(
            f"{rule.title}: sigma must be a finite positive number; got {rule.sigma!r}. It is the"
            " standard deviation of the perturbation, for example 1e-3."
        )
