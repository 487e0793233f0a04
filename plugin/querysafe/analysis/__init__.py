"""Judgement: a ``Recording`` becomes findings. Pure but for reading the source files it names."""
