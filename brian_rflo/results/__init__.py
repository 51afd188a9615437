"""Results of trainings: named arrays, labelled arrays, files."""

from .training import TrainingResult

__all__ = ["TrainingResult"]
