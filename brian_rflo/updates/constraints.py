"""Constraints: statements that run after each change of the weights."""

__all__ = ["DALE"]

#: Dale's law, a constraint for `PlasticSynapses`: weights of excitatory neurons of the source
#: (their variable `excitatory`) stay non-negative, those of inhibitory ones non-positive (Murray
#: 2019, figure 2, supplement 1).
DALE = "w = where(excitatory_pre, clip(w, 0, inf), clip(w, -inf, 0))"
