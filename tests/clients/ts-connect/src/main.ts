// Calls a gateway over gRPC, with the npm package of its stubs. Its argument names what to do; it
// prints what came of it as one line of JSON.

import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createTransport } from "call-gateway-client";
import { BadRequest, ErrorInfo } from "nice-grpc-error-details";

import {
  type CallEvent,
  CallEventType,
  CallService,
  CallState,
  EndReason,
} from "call-gateway-client/v1/calls";

const token = () => process.env.GATEWAY_TOKEN!;
const baseUrl = `http://${process.env.GATEWAY_GRPC}`;
const calls = createClient(CallService, createTransport({ baseUrl, token }));

/** Waits until the phone is picked up. */
async function answered() {
  const { call } = await calls.placeCall({ to: "+15005550100", waitUntilAnswered: true });
  return { state: CallState[call!.state] };
}

/** Reads every event of a call until it is over. */
async function watch() {
  const { call } = await calls.placeCall({ to: "+15005550108" });
  const seen: CallEvent[] = [];
  for await (const event of events(call!.callId)) {
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
    await calls.placeCall({ to: "nonsense" });
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    const info = ErrorInfo.decode(detail(error, "google.rpc.ErrorInfo"));
    const bad = BadRequest.decode(detail(error, "google.rpc.BadRequest"));
    return {
      code: Code[error.code],
      domain: info.domain,
      reason: info.reason,
      fields: bad.fieldViolations.map((violation) => violation.field),
    };
  }
  throw new Error("not refused");
}

function detail(error: ConnectError, type: string): Uint8Array {
  for (const each of error.details) {
    if ("type" in each && each.type === type) return each.value;
  }
  throw new Error(`no ${type}`);
}

/** Ends a call while the phone rings. */
async function hangup() {
  const { call } = await calls.placeCall({ to: "+15005550102" });
  for await (const event of events(call!.callId)) {
    if (event.type === CallEventType.CALL_RINGING) break;
  }
  const ended = await calls.hangUpCall({ callId: call!.callId });
  return { state: CallState[ended.call!.state], end_reason: EndReason[ended.call!.endReason] };
}

/** Each event of a call, from the first on, until the call is over or nobody asks for more. */
async function* events(callId: string): AsyncGenerator<CallEvent> {
  const watching = new AbortController();
  const request = { callId, afterSequence: 0n };
  try {
    for await (const { message } of calls.watchCalls(request, { signal: watching.signal })) {
      if (message.case === "event") yield message.value;
    }
  } finally {
    watching.abort(); // leaving the loop above does not end the stream
  }
}

const scenarios = { answered, watch, refused, hangup };
console.log(JSON.stringify(await scenarios[process.argv[2] as keyof typeof scenarios]()));
