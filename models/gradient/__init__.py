"""Local rules beside the exact gradient."""

EXPERIMENTS = ()
