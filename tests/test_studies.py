"""Published studies as scripts of a few lines, against recursions of their own."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from brian2 import seed

SCRIPT = Path(__file__).parents[1] / "examples" / "changed_decoder.py"


def run(**values):
    """Run the script with twenty trials each and other values; return its variables."""
    text = SCRIPT.read_text()
    for line, other in {"train(600)": "train(20)", "train(400)": "train(20)", **values}.items():
        assert line in text
        text = text.replace(line, other)
    names = {}
    exec(compile(text, SCRIPT.name, "exec"), names)
    plt.close("all")
    return names


def test_a_changed_decoder():
    """RFLO with an internal model (Portes, Schmid, Murray 2022), without noise: 20 trials with one
    decoder, 20 with another, line by line as published.
    """
    script = run(**{"output_noise_std=noise": "output_noise_std=None"})
    initial, task, N, T = (script[name] for name in ("initial", "task", "N", "T"))
    W, Win, a, eta = initial["recurrent"].copy(), initial["input"], 0.1, 0.1
    for k in range(40):
        x, target, _ = task.trial(k)
        Wout = script["first"] if k < 20 else script["second"]
        h, p, dW = np.zeros(N), np.zeros((N, N)), np.zeros((N, N))
        for t in range(T):
            u = W @ h + Win @ x[t]
            p = (1 - a) * p + a * np.outer(1 - np.tanh(u) ** 2, h)
            h = h + a * (-h + np.tanh(u))
            error = (target[t] - Wout @ h) / (T - t)
            dW += eta / T * (Wout.T @ error)[:, None] * p
        W += dW
    assert np.abs(W - initial["recurrent"]).max() > 1e-3
    np.testing.assert_allclose(script["net"].recurrent.matrix(), W, rtol=0, atol=1e-12)


def test_a_changed_decoder_with_noise():
    """As it is printed: of at most 25 lines, finite, and with other numbers for another seed."""
    lines = SCRIPT.read_text().partition('"""\n\n')[2].splitlines()
    assert sum(bool(line.strip()) for line in lines) <= 25
    losses = []
    for number in (0, 1):
        seed(number)
        losses.append(run()["after"].losses)
    assert np.isfinite(losses).all() and not np.array_equal(*losses)
