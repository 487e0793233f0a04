"""Capture on real drivers: what is heard, whose it is, which line sent it and why."""
