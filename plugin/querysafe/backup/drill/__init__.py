"""Restore drills: a backup is restored elsewhere and looked at, the only proof that it can be."""
