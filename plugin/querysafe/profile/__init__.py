"""Other witnesses of the same queries: logs of an application or a server, ``pg_stat_statements``,
files of statements. Each reader gives :class:`~querysafe.query.CapturedQuery` values, and an
:class:`~querysafe.profile.unread.Unread` for whatever it could not or should not read.
"""
