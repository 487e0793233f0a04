"""JSON within a ``<script>`` element, which nothing in it can end."""

import json

_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def embedded(value: object) -> str:
    """Render a value as one line of ASCII JSON without ``<``, ``>`` and ``&``.

    So neither ``</script>`` nor ``<!--`` can occur (HTML Living Standard, 4.12.1.3,
    "Restrictions for contents of script elements").
    """
    return json.dumps(value, separators=(",", ":"), allow_nan=False, default=str).translate(
        _ESCAPES
    )
