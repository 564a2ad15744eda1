// Calls a gateway over Twirp, with the client generated from proto/. Its argument names what to
// do; it prints what came of it as one line of JSON.

import { RpcError } from "@protobuf-ts/runtime-rpc";
import { TwirpFetchTransport } from "@protobuf-ts/twirp-transport";

import { CallServiceClient } from "./gateway/telephony/v1/calls.client.js";
import { CallEvent, CallEventType, CallState, EndReason } from "./gateway/telephony/v1/calls.js";

const transport = new TwirpFetchTransport({
  baseUrl: `${process.env.GATEWAY_HTTP}/twirp`,
  meta: { Authorization: `Bearer ${process.env.GATEWAY_TOKEN}` },
});
const calls = new CallServiceClient(transport);

/** Waits until the phone is picked up. */
async function answered() {
  const placed = await calls.placeCall({ to: "+15005550100", waitUntilAnswered: true }).response;
  return { state: CallState[placed.call!.state] };
}

/** Reads every event of a call until it is over. */
async function watch() {
  const placed = await calls.placeCall({ to: "+15005550108" }).response;
  const seen: CallEvent[] = [];
  for await (const event of events(placed.call!.callId)) {
    seen.push(event);
  }
  return {
    types: seen.map((event) => CallEventType[event.type]),
    sequences: seen.map((event) => Number(event.sequence)),
    end_reason: EndReason[seen.at(-1)!.call!.endReason],
  };
}

/** Reads the details of an error. */
async function refused() {
  try {
    await calls.placeCall({ to: "nonsense" }).response;
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    return { code: error.code, reason: error.meta.reason, fields: [error.meta.field] };
  }
  throw new Error("not refused");
}

/** Ends a call while the phone rings. */
async function hangup() {
  const placed = await calls.placeCall({ to: "+15005550102" }).response;
  const { callId } = placed.call!;
  for await (const event of events(callId)) {
    if (event.type === CallEventType.CALL_RINGING) break;
  }
  const { call } = await calls.hangUpCall({ callId }).response;
  return { state: CallState[call!.state], end_reason: EndReason[call!.endReason] };
}

/**
 * Each event of a call, from the first on, until the call is over. Twirp has no streams: each
 * request waits for what comes next.
 */
async function* events(callId: string): AsyncGenerator<CallEvent> {
  const wait = { seconds: 20n, nanos: 0 };
  for (let afterSequence = 0n; ; ) {
    const page = await calls.listCallEvents({ callId, afterSequence, wait, pageSize: 0 }).response;
    for (const event of page.events) {
      yield event;
      if (event.type === CallEventType.CALL_ENDED) return;
    }
    afterSequence = page.sequence;
  }
}

const scenarios = { answered, watch, refused, hangup };
console.log(JSON.stringify(await scenarios[process.argv[2] as keyof typeof scenarios]()));
