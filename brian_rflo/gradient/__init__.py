"""The exact gradient of any network, from its own text: what happens in a time step, run backwards.

A trial runs as always, and beside it are recorded, by statements that Brian2 compiles, the
derivatives of what each object of the step does. The way back goes through the step from its last
object to its first, over all steps of the trial: the adjoint of the network, without any truncation
or approximation but the pseudo-derivatives of spikes.

`operations` says what an operation is; `statements`, `sums`, `spikes`, `arrivals` and `delays` are
the kinds of them; `graph` finds them in a network, and refuses what it does not know; `recorder`
records; `tape` goes back; `checkpoints` let long trials run in segments a second time; `measuring`
is what a network does for its user.
"""

from .alignment import GradientAlignment, RuleAlignment
from .bptt import BPTT

__all__ = ["BPTT", "GradientAlignment", "RuleAlignment"]
