"""Captured queries of any witness to one :class:`~querysafe.advice.workload.Workload`."""

from querysafe.advice.sources.gathering import Gathering, gather

__all__ = ["Gathering", "gather"]
