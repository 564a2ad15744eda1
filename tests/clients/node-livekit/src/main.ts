// Calls phones with LiveKit's Node library. Its argument names what to do; it prints what came of
// it as one line of JSON.

import { ServerError, SipCallError, SipClient } from "livekit-server-sdk";

const { LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET } = process.env;
const trunk = process.env.SIP_TRUNK_ID!;
const room = process.env.ROOM!;
const sip = new SipClient(LIVEKIT_URL!, LIVEKIT_API_KEY, LIVEKIT_API_SECRET);

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
  const identity = await dial("+15005550100");
  await sip.transferSipParticipant(room, identity, "tel:+15005550100");
  return { transferred: true };
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
async function dial(number: string) {
  const participant = await sip.createSipParticipant(trunk, number, room, {
    participantIdentity: "phone",
    waitUntilAnswered: true,
  });
  return participant.participantIdentity;
}

const scenarios = { answered, busy, transfer, bad_key: badKey };
console.log(JSON.stringify(await scenarios[process.argv[2] as keyof typeof scenarios]()));
