"""Being written."""


def render(run, **_):  # type: ignore[no-untyped-def]
    """Nothing yet."""
    return ""
