"""Backups of real servers, restored."""
