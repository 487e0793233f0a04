"""Errors of an S3 store, said in our words: what failed and why, never what was sent."""

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from querysafe.backup.errors import ObjectExists, ObjectMissing, RepositoryError

_MISSING = ("404", "NoSuchKey", "NotFound")
_TAKEN = ("412", "PreconditionFailed", "409", "ConditionalRequestConflict")
_SAID = {
    "404": ("the bucket does not exist", "create the bucket, or name another"),
    "NoSuchBucket": ("the bucket does not exist", "create the bucket, or name another"),
    "403": ("access denied", "look at AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and their policy"),
    "AccessDenied": ("access denied", "the credentials in AWS_* may not do this"),
    "InvalidAccessKeyId": ("the access key is not known", "look at AWS_ACCESS_KEY_ID"),
    "SignatureDoesNotMatch": ("the secret key is wrong", "look at AWS_SECRET_ACCESS_KEY"),
    "ExpiredToken": ("the session's token has expired", "renew AWS_SESSION_TOKEN"),
    "RequestTimeTooSkewed": ("the clocks differ too much", "set this machine's clock"),
    "SlowDown": ("the store asked to slow down", "try again later"),
    "InternalError": ("the store failed inside", "look at the store, and try again"),
    "500": ("the store failed inside", "look at the store, and try again"),
    "502": ("the store's gateway failed", "look at the store, and try again"),
    "503": ("the store is unavailable", "look at the store, and try again"),
    "ServiceUnavailable": ("the store is unavailable", "look at the store, and try again"),
    "QuotaExceeded": ("the store is full", "free space in the bucket"),
    "InsufficientStorage": ("the store is full", "free space in the bucket"),
    "507": ("the store is full", "free space in the bucket"),
}


@contextmanager
def told(location: str, endpoint: str, name: str) -> Iterator[None]:
    """Raise :class:`RepositoryError`, :class:`ObjectMissing` or :class:`ObjectExists` instead
    of botocore's errors.
    """
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError
    from urllib3.exceptions import HTTPError

    about = f'"{name}" in "{location}"' if name else f'"{location}"'
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "unknown"))
        if name and code in _MISSING:
            raise ObjectMissing(f"{about} does not exist") from None
        if name and code in _TAKEN:
            raise ObjectExists(f"{about} exists already") from None
        said, hint = _SAID.get(code, ("refused", None))
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        which = code if str(status) == code else f"{code}, HTTP {status}"
        raise RepositoryError(
            f"the store failed {about}: {said} ({which}, {error.operation_name})", hint=hint
        ) from None
    except (KeyError, ResponseParserError):
        # An answer whose connection ends within it is read as an empty one.
        raise RepositoryError(
            f'the store of {about} at "{endpoint}" failed: its answer was cut off',
            hint="look at the store and the network, and try again",
        ) from None
    except (BotoCoreError, Boto3Error, HTTPError, OSError) as error:
        raise RepositoryError(
            f'the store of {about} at "{endpoint}" failed: {_cause(error)}',
            hint="look at AWS_ENDPOINT_URL_S3, the credentials in AWS_* and the network",
        ) from None


def _cause(error: BaseException) -> str:
    from botocore import exceptions as of_botocore
    from urllib3 import exceptions as of_urllib3

    words: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
        ((of_botocore.NoCredentialsError,), "there are no credentials"),
        ((of_botocore.PartialCredentialsError,), "the credentials are not complete"),
        ((of_botocore.ProfileNotFound,), "the profile in AWS_PROFILE does not exist"),
        ((of_botocore.SSLError, of_urllib3.SSLError), "its certificate was not accepted"),
        (
            (of_botocore.ConnectTimeoutError, of_botocore.ReadTimeoutError, TimeoutError),
            "it did not answer in time",
        ),
        ((of_urllib3.TimeoutError,), "it did not answer in time"),
        ((of_botocore.ConnectionClosedError, of_urllib3.ProtocolError), "the connection was cut"),
        (
            (of_botocore.ResponseStreamingError, of_botocore.IncompleteReadError),
            "the connection was cut",
        ),
    )
    links = tuple(_chain(error))
    for link in links:
        if isinstance(link, OSError) and link.errno == errno.ECONNREFUSED:
            return "connection refused"
        if isinstance(link, socket.gaierror):
            return "its name is not known"
        if isinstance(link, OSError) and link.errno == errno.ECONNRESET:
            return "the connection was cut"
    for link in links:
        for kinds, said in words:
            if isinstance(link, kinds):
                return said
    if isinstance(error, of_botocore.EndpointConnectionError):
        return "it cannot be reached"
    return type(error).__name__


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error, what it wraps and what it came from, outermost first."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        each = waiting.pop(0)
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        kept = getattr(each, "kwargs", {})
        inner = kept.get("error") if isinstance(kept, dict) else None
        reason = getattr(each, "reason", None)
        waiting += [each.__cause__, each.__context__]
        waiting += [found for found in (inner, reason) if isinstance(found, BaseException)]
