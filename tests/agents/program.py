"""The sandbox's agents as real ones: a worker of livekit-agents for each name, in one process.

Runs in the environment that `build.sh` makes, and finds LiveKit by LIVEKIT_URL, LIVEKIT_API_KEY and
LIVEKIT_API_SECRET. Its arguments are the agents' names; `agent-late` joins after three seconds, and
`agent-leaves` leaves two seconds after a phone was answered. On standard output it says when each
is registered, and what job it was given.
"""

import asyncio
import json
import sys

from livekit.agents import AgentServer, JobContext, JobExecutorType
from livekit.rtc import Room

LATE_SECONDS = 3.0
STAYS_SECONDS = 2.0


def say(what: str, **facts: object) -> None:
    """One line for the tests."""
    print(json.dumps({"said": what, **facts}), flush=True)  # noqa: T201  it talks by its output


async def play(context: JobContext) -> None:
    """One job, from its start until the agent need do nothing more."""
    job = context.job
    say(
        "job",
        agent_name=job.agent_name,
        room=job.room.name,
        dispatch_id=job.dispatch_id,
        metadata=job.metadata,
        attributes=dict(job.attributes),
    )
    if job.agent_name == "agent-late":
        await asyncio.sleep(LATE_SECONDS)
    await context.connect()
    if job.agent_name == "agent-leaves":
        await answered(context.room)
        await asyncio.sleep(STAYS_SECONDS)
        context.shutdown("that was all")


async def answered(room: Room) -> None:
    """Returns when a phone in the room is answered."""
    active = asyncio.Event()

    def look(*_: object) -> None:
        for one in room.remote_participants.values():
            if one.attributes.get("sip.callStatus") == "active":
                active.set()

    room.on("participant_attributes_changed", look)
    room.on("participant_connected", look)
    look()
    await active.wait()


def worker(agent_name: str) -> AgentServer:
    """One that plays this agent, each job in a thread."""
    server = AgentServer(
        job_executor_type=JobExecutorType.THREAD,
        host="127.0.0.1",
        load_fnc=lambda: 0.0,  # LiveKit gives no job to a worker on a busy machine
    )
    server.rtc_session(play, agent_name=agent_name)
    server.on("worker_registered", lambda *_: say("registered", agent_name=agent_name))
    return server


async def main(names: list[str]) -> None:
    """All of them, until the process is ended."""
    await asyncio.gather(*(worker(name).run(devmode=True) for name in names))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
