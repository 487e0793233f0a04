"""Doors of a running application: each is thin, and loaded only by who asks for it."""
