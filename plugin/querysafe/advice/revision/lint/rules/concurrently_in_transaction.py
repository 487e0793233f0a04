"""QS502: CONCURRENTLY within a transaction, which PostgreSQL refuses."""

from collections.abc import Iterator

from querysafe.advice.revision.lint.breach import Breach, autocommit, called, dedented, executed
from querysafe.advice.revision.lint.change import BUILDS, Revision, Surroundings
from querysafe.finding import Rule, Severity

RULE = Rule(
    id="QS502",
    name="concurrently-in-transaction",
    severity=Severity.ERROR,
    summary="CONCURRENTLY stands inside the revision's transaction",
    condition="A revision says `CONCURRENTLY`, and neither `autocommit_block()`, a COMMIT nor the "
    "isolation level AUTOCOMMIT comes before it. Where `env.py` leaves it to other code to connect and to "
    "run the migrations, nothing here tells, and it is not judged.",
    effect='PostgreSQL refuses it, and the deployment ends there: "cannot run inside a '
    'transaction block".',
    cure="Put it into `with op.get_context().autocommit_block():`.",
)


def find(revision: Revision, around: Surroundings) -> Iterator[Breach]:
    """Report concurrent builds within the transaction."""
    if around.is_handed:
        return  # what runs the migrations may open no transaction, and is nowhere near
    for change in revision.changes:
        if change.kind in BUILDS and change.concurrently and not change.outside_transaction:
            code = executed(change.source) if change.is_sql else dedented(change.source)
            yield Breach(
                change=change,
                message=f"index {called(change)}: CONCURRENTLY cannot run inside the transaction",
                cure=autocommit(code),
                advice="put it into an autocommit block",
            )
