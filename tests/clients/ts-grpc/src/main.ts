// Calls a gateway over gRPC, with stubs generated from proto/. Its argument names what to do; it
// prints what came of it as one line of JSON.

import { createChannel, createClientFactory, Metadata, Status } from "nice-grpc";
import { BadRequest, ErrorInfo, errorDetailsClientMiddleware, RichClientError } from "nice-grpc-error-details";

import {
  CallEvent,
  CallEventType,
  CallServiceClient,
  CallServiceDefinition,
} from "./gateway/telephony/v1/calls.js";

const channel = createChannel(process.env.GATEWAY_GRPC!);
const authorization = `Bearer ${process.env.GATEWAY_TOKEN}`;
const calls: CallServiceClient = createClientFactory()
  .use(errorDetailsClientMiddleware)
  .create(CallServiceDefinition, channel, { "*": { metadata: Metadata({ authorization }) } });

/** Waits until the phone is picked up. */
async function answered() {
  const { call } = await calls.placeCall({ to: "+15005550100", waitUntilAnswered: true });
  return { state: call!.state };
}

/** Reads every event of a call until it is over. */
async function watch() {
  const { call } = await calls.placeCall({ to: "+15005550108" });
  const seen: CallEvent[] = [];
  for await (const event of events(call!.callId)) {
    seen.push(event);
  }
  return {
    types: seen.map((event) => event.type),
    sequences: seen.map((event) => event.sequence),
    end_reason: seen.at(-1)!.call!.endReason,
  };
}

/** Reads the details of an error. */
async function refused() {
  try {
    await calls.placeCall({ to: "nonsense" });
  } catch (error) {
    if (!(error instanceof RichClientError)) throw error;
    const info = error.extra.find((detail) => detail.$type === ErrorInfo.$type) as ErrorInfo;
    const bad = error.extra.find((detail) => detail.$type === BadRequest.$type) as BadRequest;
    return {
      code: Status[error.code],
      domain: info.domain,
      reason: info.reason,
      fields: bad.fieldViolations.map((violation) => violation.field),
    };
  }
  throw new Error("not refused");
}

/** Ends a call while the phone rings. */
async function hangup() {
  const { call } = await calls.placeCall({ to: "+15005550102" });
  for await (const event of events(call!.callId)) {
    if (event.type === CallEventType.CALL_EVENT_TYPE_CALL_RINGING) break;
  }
  const ended = await calls.hangUpCall({ callId: call!.callId });
  return { state: ended.call!.state, end_reason: ended.call!.endReason };
}

/** Each event of a call, from the first on, until the call is over. */
async function* events(callId: string): AsyncGenerator<CallEvent> {
  for await (const message of calls.watchCalls({ callId, afterSequence: 0 })) {
    if (message.event) yield message.event;
  }
}

const scenarios = { answered, watch, refused, hangup };
console.log(JSON.stringify(await scenarios[process.argv[2] as keyof typeof scenarios]()));
channel.close();
