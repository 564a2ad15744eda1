// Calls a gateway over Twirp, with the client generated from proto/. Its argument names what to
// do; it prints what came of it as one line of JSON.

import { RpcError } from "@protobuf-ts/runtime-rpc";
import { TwirpFetchTransport } from "@protobuf-ts/twirp-transport";

import { CallServiceClient } from "./gateway/telephony/v1/calls.client";
import {
  CallEvent,
  CallEventType,
  CallState,
  EndReason,
  HangUpCallRequest,
  ListCallEventsRequest,
  PlaceCallRequest,
} from "./gateway/telephony/v1/calls";

const transport = new TwirpFetchTransport({
  baseUrl: `${process.env.GATEWAY_HTTP}/twirp`,
  meta: { Authorization: `Bearer ${process.env.GATEWAY_TOKEN}` },
});
const calls = new CallServiceClient(transport);

/** Waits until the phone is picked up. */
async function answered() {
  const call = await place({ to: "+15005550100", waitUntilAnswered: true });
  return { state: CallState[call.state] };
}

/** Reads every event of a call until it is over. */
async function watch() {
  const call = await place({ to: "+15005550108" });
  const seen: CallEvent[] = [];
  for await (const event of events(call.callId)) {
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
    await place({ to: "nonsense" });
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    return { code: error.code, reason: error.meta.reason, fields: [error.meta.field] };
  }
  throw new Error("not refused");
}

/** Ends a call while the phone rings. */
async function hangup() {
  const { callId } = await place({ to: "+15005550102" });
  for await (const event of events(callId)) {
    if (event.type === CallEventType.CALL_RINGING) break;
  }
  const { response } = await calls.hangUpCall(HangUpCallRequest.create({ callId }));
  return { state: CallState[response.call!.state], end_reason: EndReason[response.call!.endReason] };
}

async function place(request: Partial<PlaceCallRequest>) {
  const { response } = await calls.placeCall(PlaceCallRequest.create(request));
  return response.call!;
}

/**
 * Each event of a call, from the first on, until the call is over. Twirp has no streams: each
 * request waits for what comes next.
 */
async function* events(callId: string): AsyncGenerator<CallEvent> {
  const request = ListCallEventsRequest.create({
    callId,
    afterSequence: 0n,
    wait: { seconds: 20n },
  });
  for (;;) {
    const { response } = await calls.listCallEvents(request);
    for (const event of response.events) {
      yield event;
      if (event.type === CallEventType.CALL_ENDED) return;
    }
    request.afterSequence = response.sequence;
  }
}

const scenarios = { answered, watch, refused, hangup };

async function main() {
  console.log(JSON.stringify(await scenarios[process.argv[2] as keyof typeof scenarios]()));
}

void main();
