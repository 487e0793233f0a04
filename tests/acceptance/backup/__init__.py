"""Backups as a team lives through them: real clusters, real faults, the command line only."""
