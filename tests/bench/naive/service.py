"""The service: `POST /calls` places a call, and answers when it was answered or is over."""

import contextlib
import uuid
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI
from livekit import api
from pydantic import BaseModel
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

BUSY_SECONDS = 30
"""How long one waits for SQLite while others write."""


class Base(DeclarativeBase):
    """The tables."""


class Call(Base):
    """One call."""

    __tablename__ = "calls"

    call_id: Mapped[str] = mapped_column(primary_key=True)
    to: Mapped[str]
    room: Mapped[str]
    state: Mapped[str]
    sip_call_id: Mapped[str]
    sip_status_code: Mapped[int]


class PlaceCall(BaseModel):
    """The request."""

    to: str


class Placed(BaseModel):
    """The response."""

    call_id: str
    state: str
    sip_status_code: int


def service(database: str, livekit_url: str, key: str, secret: str) -> FastAPI:
    """The application; `database` is one of the gateway's URLs."""
    engine = engine_of(database)
    sessions = async_sessionmaker(engine, expire_on_commit=False)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        async with api.LiveKitAPI(livekit_url, key, secret, failover=False) as client:
            app.state.livekit = client
            yield
        await engine.dispose()

    app = FastAPI(lifespan=lifespan)

    @app.post("/calls")
    async def place_call(asked: PlaceCall) -> Placed:
        call_id = uuid.uuid4().hex
        call = Call(
            call_id=call_id,
            to=asked.to,
            room=f"call-{call_id}",
            state="dialing",
            sip_call_id="",
            sip_status_code=0,
        )
        async with sessions() as session:
            session.add(call)
            await session.commit()
            await dial(app.state.livekit, call)
            await session.commit()
        return Placed(call_id=call_id, state=call.state, sip_status_code=call.sip_status_code)

    return app


async def dial(client: api.LiveKitAPI, call: Call) -> None:
    """Rings the phone, and keeps in `call` what came of it."""
    request = api.CreateSIPParticipantRequest(
        sip_trunk_id="ST_x",
        sip_call_to=call.to,
        room_name=call.room,
        participant_identity="callee",
        wait_until_answered=True,
    )
    try:
        answered = await client.sip.create_sip_participant(request)
    except api.SipCallError as failed:
        call.state, call.sip_status_code = "failed", int(failed.metadata["sip_status_code"])
    else:
        call.state, call.sip_call_id = "active", answered.sip_call_id


def engine_of(database: str) -> AsyncEngine:
    """Commits are as durable as the gateway's."""
    if database.startswith("postgresql://"):
        return create_async_engine(database.replace("postgresql://", "postgresql+asyncpg://", 1))
    url = database.replace("sqlite:///", "sqlite+aiosqlite:///", 1)
    engine = create_async_engine(url, connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine.sync_engine, "connect")
    def durable(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    return engine
