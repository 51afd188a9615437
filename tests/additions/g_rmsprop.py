"""RMSprop (Hinton 2012, lecture 6e): s <- b s + (1 - b) g^2,  dw = rate g/(sqrt(s) + epsilon)."""

from dataclasses import dataclass

from brian_rflo.updates import SGD


@dataclass(frozen=True)
class RMSprop(SGD):
    beta: float = 0.9
    epsilon: float = 1e-8

    memory = "mean_square : 1"

    @property
    def code(self):
        return f"""_gradient = total/window
            mean_square = {self.beta!r}*mean_square + {1 - self.beta!r}*_gradient**2
            dw = {self.rate}*_gradient/(sqrt(mean_square) + {self.epsilon!r})"""
