"""The settings that the tasks of this process work by."""

from querysafe.backup.settings import Settings, load

_given: list[Settings] = []


def use(settings: Settings) -> None:
    """Let the tasks of this process work by these settings instead of ``pyproject.toml``."""
    _given[:] = [settings]


def current() -> Settings:
    """What :func:`use` was given, else ``[tool.querysafe.backup]`` and the environment.

    Raises :class:`SettingsError`.
    """
    return _given[0] if _given else load()
