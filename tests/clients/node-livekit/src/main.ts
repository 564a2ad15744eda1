// Calls phones with LiveKit's Node library. Its argument names what to do; it prints what came of
// it as one line of JSON.

import {
  AgentDispatchClient,
  RoomServiceClient,
  ServerError,
  SipCallError,
  SipClient,
} from "livekit-server-sdk";
import { setTimeout } from "node:timers/promises";

const { LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET } = process.env;
const trunk = process.env.SIP_TRUNK_ID!;
const room = process.env.ROOM!;
const sip = new SipClient(LIVEKIT_URL!, LIVEKIT_API_KEY, LIVEKIT_API_SECRET);
const rooms = new RoomServiceClient(LIVEKIT_URL!, LIVEKIT_API_KEY, LIVEKIT_API_SECRET);
const agents = new AgentDispatchClient(LIVEKIT_URL!, LIVEKIT_API_KEY, LIVEKIT_API_SECRET);

/** Waits until the phone is picked up. */
async function answered() {
  return { participant: await dial("+15005550100") };
}

/** Reads the SIP status of a call that failed. */
async function busy() {
  try {
    await dial("+15005550101");
  } catch (error) {
    if (!(error instanceof SipCallError)) throw error;
    return {
      sip_status_code: error.sipStatusCode,
      sip_status: error.sipStatus,
      code: error.code,
    };
  }
  throw new Error("answered");
}

/** Hands an answered call over to another number. */
async function transfer() {
  return handOver("tel:+15005550100");
}

/** Hands an answered call over to a SIP address. */
async function transferSip() {
  return handOver("sip:+15005550100@pbx.example.com");
}

/** Transfers an answered call. */
async function handOver(target: string) {
  const identity = await dial("+15005550100");
  await sip.transferSipParticipant(room, identity, target);
  return { transferred: true };
}

/** Dials without waiting, and looks at the call until it is answered or over. */
async function poll() {
  await sip.createSipParticipant(trunk, "+15005550100", room, { participantIdentity: "phone" });
  for (;;) {
    const participant = await rooms.getParticipant(room, "phone");
    const status = participant.attributes["sip.callStatus"];
    if (status === "active" || status === "hangup") return { status };
    await setTimeout(100);
  }
}

/** Dials a second person into the room of the first. */
async function second() {
  await dial("+15005550100");
  await dial("+15005550100", "second");
  return { participants: await present() };
}

/** Two people talk; when one hangs up, the room is deleted. */
async function deleteRoom() {
  await dial("+15005550100");
  await dial("+15005550108", "second");
  while ((await present()).includes("second")) await setTimeout(100);
  await rooms.deleteRoom(room);
  return { rooms: (await rooms.listRooms([room])).map((found) => found.name) };
}

/** Puts one of two people out of the room. */
async function remove() {
  await dial("+15005550100");
  await dial("+15005550100", "second");
  await rooms.removeParticipant(room, "second");
  return { participants: await present() };
}

/** Dispatches an agent into the room, dials, and sends the agent away again. */
async function agent() {
  const dispatch = await agents.createDispatch(room, "agent-comes", { metadata: "+15005550100" });
  await dial("+15005550100");
  const joined = await until("agent", "phone");
  const listed = await agents.listDispatch(room);
  if (!listed.some((one) => one.id === dispatch.id)) throw new Error("not listed");
  await agents.deleteDispatch(dispatch.id, room);
  return { dispatch: dispatch.id, joined, left: await until("phone") };
}

/** Waits until these are in the room, agents without their names. */
async function until(...expected: string[]) {
  for (;;) {
    const there = (await present()).map((name) => name.replace(/^agent-.*/, "agent"));
    if (there.join() === expected.join()) return there;
    await setTimeout(100);
  }
}

/** Who is in the room. */
async function present() {
  return (await rooms.listParticipants(room)).map((found) => found.identity).sort();
}

/** Reads the error of a key that is not known. */
async function badKey() {
  try {
    await dial("+15005550100");
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    return { code: error.code, status: error.status };
  }
  throw new Error("let in");
}

/** Waits until the phone is picked up; the identity of the phone in the room. */
async function dial(number: string, identity = "phone") {
  const participant = await sip.createSipParticipant(trunk, number, room, {
    participantIdentity: identity,
    waitUntilAnswered: true,
  });
  return participant.participantIdentity;
}

const scenarios = {
  answered,
  busy,
  transfer,
  transfer_sip: transferSip,
  poll,
  second,
  remove,
  delete_room: deleteRoom,
  agent,
  bad_key: badKey,
};
console.log(JSON.stringify(await scenarios[process.argv[2] as keyof typeof scenarios]()));
