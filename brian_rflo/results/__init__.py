"""What comes of a training: arrays with names, labelled arrays, files."""

from .training import TrainingResult

__all__ = ["TrainingResult"]
