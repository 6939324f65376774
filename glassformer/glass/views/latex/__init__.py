"""Worked solutions as LaTeX documents."""

from glassformer.glass.views.latex.solution import cell_solution, worked_solution

__all__ = ["cell_solution", "worked_solution"]
