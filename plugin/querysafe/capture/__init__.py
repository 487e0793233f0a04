"""The only code that touches SQLAlchemy's events: statements become raw records, then a Recording.

Nothing here judges. Hooks keep a tuple a statement and leave everything that can
wait (source lines, fingerprints, loader paths) until the end of the test.
"""
