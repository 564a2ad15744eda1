"""What a gateway imports until it serves, and nobody's garbage: it is not looked through again."""

import gc
from importlib import import_module

for each in (
    "alembic.op",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite.pysqlite",
    "uvloop",
    "gateway.__main__",
    "gateway.build",
    "gateway.build.descriptors",
    "gateway.cli.serving",
    "gateway.cli.workers",
    "gateway.logs",
    "gateway.settings",
):
    import_module(each)

gc.collect()
gc.freeze()
