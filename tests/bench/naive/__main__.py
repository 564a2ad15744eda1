"""`python -m tests.bench.naive PORT DATABASE_URL LIVEKIT_URL KEY SECRET` serves."""

import sys

import uvicorn

from tests.bench.naive.service import service

if __name__ == "__main__":
    port, database, *livekit = sys.argv[1:]
    uvicorn.run(
        service(database, *livekit),
        host="127.0.0.1",
        port=int(port),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
