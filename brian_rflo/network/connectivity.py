"""Which neurons a projection of the standard network connects."""

from dataclasses import dataclass


@dataclass(frozen=True)
class AllToAll:
    """Connectivity in which each neuron has a synapse onto each.

    Parameters
    ----------
    self_connections : bool
        Whether neurons have weights onto themselves; without, these are 0 and stay so. For
        recurrent connections.
    """

    self_connections: bool = True
