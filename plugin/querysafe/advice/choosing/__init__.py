"""The choice of indexes for a whole workload: priced by a planner, within limits, each paying."""
