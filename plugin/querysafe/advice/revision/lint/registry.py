"""Every rule for revisions."""

from querysafe.advice.revision.lint.breach import Finder
from querysafe.advice.revision.lint.rules import (
    blocking_check,
    blocking_drop_index,
    blocking_foreign_key,
    blocking_index,
    blocking_not_null,
    blocking_unique,
    concurrently_in_transaction,
    hidden_invalid_index,
    impatient_build,
    missing_lock_timeout,
    partitioned_index,
    running_code_breaks,
    table_rewrite,
)
from querysafe.errors import SettingsError
from querysafe.finding import Rule

FINDERS: tuple[tuple[Rule, Finder], ...] = (
    (blocking_index.RULE, blocking_index.find),
    (concurrently_in_transaction.RULE, concurrently_in_transaction.find),
    (missing_lock_timeout.RULE, missing_lock_timeout.find),
    (hidden_invalid_index.RULE, hidden_invalid_index.find),
    (blocking_foreign_key.RULE, blocking_foreign_key.find),
    (blocking_check.RULE, blocking_check.find),
    (blocking_unique.RULE, blocking_unique.find),
    (blocking_not_null.RULE, blocking_not_null.find),
    (table_rewrite.RULE, table_rewrite.find),
    (blocking_drop_index.RULE, blocking_drop_index.find),
    (partitioned_index.RULE, partitioned_index.find),
    (running_code_breaks.RULE, running_code_breaks.find),
    (impatient_build.RULE, impatient_build.find),
)
RULES: tuple[Rule, ...] = tuple(rule for rule, _ in FINDERS)
_BY_NAME = {name: rule for rule in RULES for name in (rule.id, rule.name)}


def rule(name: str) -> Rule:
    """Find a rule by its id (``QS501``) or its name (``blocking-index``).

    Raises :class:`SettingsError` for any other name.
    """
    found = _BY_NAME.get(name.upper()) or _BY_NAME.get(name.lower())
    if found is None:
        raise SettingsError(
            f'there is no rule "{name}"',
            hint=f"the rules for revisions are {', '.join(each.id for each in RULES)}",
        )
    return found
