"""The statements of the do-not-call lists."""

from sqlalchemy import bindparam, delete, exists, select

from gateway.store.databases.schema import do_not_call, do_not_call_keys
from gateway.store.databases.statements import statement

THE_KEY = "numbers"
"""The only row of `do_not_call_keys`."""

_listed = do_not_call.c
_key = select(do_not_call_keys.c.sealed).where(do_not_call_keys.c.name == THE_KEY)

STATE = statement(
    select(exists(select(_listed.form)).label("any"), _key.scalar_subquery().label("sealed"))
)
LISTED_FOR = statement(
    select(do_not_call)
    .where(
        # As lists, both databases look them up in the primary key.
        _listed.tenant_id.in_([bindparam("tenant"), bindparam("every")]),
        _listed.form.in_([bindparam("number"), bindparam("hashed")]),
    )
    .order_by(_listed.tenant_id)
)
LISTED = statement(
    select(do_not_call)
    .where(_listed.tenant_id == bindparam("tenant"), _listed.form > bindparam("after"))
    .order_by(_listed.form)
    .limit(bindparam("limit"))
)
DROP = statement(
    delete(do_not_call).where(
        _listed.tenant_id == bindparam("of_tenant"), _listed.form == bindparam("dropped")
    )
)
