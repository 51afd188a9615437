"""Constraints: statements behind each change of the weights."""

__all__ = ["DALE"]

#: Dale's law, a constraint (`PlasticSynapses`). Neurons of the source are excitatory or inhibitory
#: (their variable `excitatory`), and no weight takes the other sign (Murray 2019, figure 2,
#: supplement 1).
DALE = "w = where(excitatory_pre, clip(w, 0, inf), clip(w, -inf, 0))"
