"""Faults of backup, restore, S3 and retention, done to the command line as its users have it.

Five laws hold in each: status 0 if and only if a backup that really restores is listed as ok;
a failed restore leaves the target as it was; a failure is loud, quick, names its cause and
leaves no process, lock or partial behind; no secret is anywhere; retention deletes neither the
last good backup, nor what it did not make, nor anything because of the clock.

``QUERYSAFE_POSTGRES_BIN`` chooses another server than the embedded one.
"""
