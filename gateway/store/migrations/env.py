"""Alembic runs this: in the transaction that `store.migrate` has begun."""

from alembic import context

from gateway.store.databases.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
