"""A dead man's switch: somebody outside is told that all is well, and misses it when it is not."""

from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import Request, urlopen

TIMEOUT = 10.0
"""Seconds."""


def ping(url: str) -> str | None:
    """Ask a URL for an answer of success; say why there was none.

    The URL is a secret, and never stands in what is said.
    """
    if not url.lower().startswith(("http://", "https://")):
        return "it is no http:// or https:// address"
    try:
        with urlopen(Request(url, headers={"User-Agent": "querysafe"}), timeout=TIMEOUT) as answer:
            answer.read(1)
    except HTTPError as error:
        with error:
            return f"the answer was {error.code}"
    except OSError as error:
        reason = getattr(error, "reason", error)
        return reason.strerror or type(reason).__name__ if isinstance(reason, OSError) else "failed"
    except (HTTPException, ValueError):
        return "the answer was no HTTP"
    return None
