"""The one tree of errors that querysafe raises."""


class QuerysafeError(Exception):
    """something in querysafe failed"""

    slug: str = "errors"
    """Page of the documentation that explains this error."""
    exit_status: int = 3
    """With which the command line ends; see :class:`querysafe.exit_codes.ExitCode`."""

    def __init__(self, message: str | None = None, *, hint: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        self.hint = hint
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


class SettingsError(QuerysafeError):
    """a setting has a value that querysafe does not understand"""

    slug = "settings"
    exit_status = 2


class BaselineError(QuerysafeError):
    """the baseline cannot be read or written"""

    slug = "baseline"


class RecordingError(QuerysafeError):
    """a recording cannot be read or written"""

    slug = "recordings"


class ProgramNotFound(QuerysafeError):
    """a PostgreSQL program was not found"""

    slug = "postgres"


class ServerError(QuerysafeError):
    """the PostgreSQL server could not be started or stopped"""

    slug = "postgres"


class GrowthError(QuerysafeError):
    """the growth of a test could not be measured"""

    slug = "growth"
