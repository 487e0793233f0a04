"""Backups that have been restored: made, kept, verified, restored and drilled."""
