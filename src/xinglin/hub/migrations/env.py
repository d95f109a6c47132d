"""Alembic's entry: runs the steps on the connection that `xinglin.hub.schema` hands over."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transaction_per_migration=True)
context.run_migrations()
