"""An agent that briefs a human about the caller, and hands the caller over."""

import math
import os

import aiohttp
from livekit import rtc
from livekit.agents import AgentServer, JobContext, JobExecutorType, cli

GATEWAY, TOKEN = os.environ["GATEWAY_URL"], os.environ["GATEWAY_TOKEN"]
HUMAN = os.environ["HUMAN_NUMBER"]
server = AgentServer(job_executor_type=JobExecutorType.THREAD, load_fnc=lambda: 0.0)


async def ask(method: str, **fields: object) -> dict[str, str]:
    """One request to the gateway; the transfer that it answers with."""
    url = f"{GATEWAY}/twirp/gateway.telephony.v1.CallService/{method}"
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with aiohttp.ClientSession() as http, http.post(url, json=fields, headers=headers) as r:
        r.raise_for_status()
        transfer: dict[str, str] = (await r.json())["transfer"]
        return transfer


async def brief(voice: rtc.AudioSource, seconds: float = 1.0) -> None:
    """Whatever is to be said of the caller; here a tone, elsewhere a text to speech."""
    tone = bytearray()
    for n in range(round(48000 * seconds)):
        tone += round(9000 * math.sin(n / 20)).to_bytes(2, "little", signed=True)
    await voice.capture_frame(rtc.AudioFrame(bytes(tone), 48000, 1, len(tone) // 2))
    await voice.wait_for_playout()


@server.rtc_session(agent_name="briefing")
async def hand_over(job: JobContext) -> None:
    """One job: the room has a caller, who is to talk to a human."""
    await job.connect()
    voice = rtc.AudioSource(48000, 1)
    track = rtc.LocalAudioTrack.create_audio_track("voice", voice)
    caller = await job.wait_for_participant(kind=rtc.ParticipantKind.PARTICIPANT_KIND_SIP)
    me = job.room.local_participant
    await me.publish_track(track)
    where = {"room": job.room.name, "participant_identity": caller.identity}
    start = {"to": HUMAN, "leaves": me.identity, "wait_until_answered": True}
    transfer = await ask("StartWarmTransfer", **where, **start)
    if transfer["state"] == "TRANSFER_STATE_CONSULTING":  # else the caller is back already
        await brief(voice)
        await ask("CompleteWarmTransfer", transfer_id=transfer["transfer_id"])


if __name__ == "__main__":
    cli.run_app(server)
