"""Answers
=======

For tasks with answers, here with numbers that are made up: `plot_share` of wrong ones over trials,
`plot_psychometric` against the evidence, `plot_answers` of several networks over what is wanted,
and `plot_points`, a number of each network against something.
"""

import numpy as np

from brian_rflo import plotting

rng = np.random.default_rng(1)
wrong = rng.random((3, 400)) < 0.5 * np.exp(-np.arange(400) / 150)
plotting.legend_over(plotting.plot_share(wrong, label="wrong"))

# %%
evidence = rng.choice([-5, -3, -1, 1, 3, 5], 600)
plotting.plot_psychometric(evidence, rng.random(600) < 1 / (1 + np.exp(-evidence))).set(
    xlabel="Cues right minus left", ylabel="Answers right"
)

# %%
delays = np.linspace(50, 150, 11)
plotting.plot_answers(delays, 2 * delays + rng.normal(0, 8, (4, 11)), 2 * delays, name="rflo").set(
    xlabel="Delay (ms)", ylabel="Answer after the first pulse (ms)"
)

# %%
sizes = [10, 20, 30, 50]
plotting.plot_points(sizes, [rng.lognormal(-np.log(n), 0.4, 9) for n in sizes], name="rflo").set(
    xlabel="Neurons", ylabel="Final loss", yscale="log"
)
