// A transport to a call-control gateway that repeats what certainly did nothing, and signs in.

import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import { Code, ConnectError, type Interceptor, type Transport } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";

/** gRPC's service config, which Connect itself does not read. */
export interface ServiceConfig {
  methodConfig: { retryPolicy: RetryPolicy }[];
}

export interface RetryPolicy {
  maxAttempts: number;
  initialBackoff: string;
  maxBackoff: string;
  backoffMultiplier: number;
  retryableStatusCodes: string[];
}

const file = new URL("../service-config.json", import.meta.url);
export const serviceConfig: ServiceConfig = JSON.parse(readFileSync(file, "utf8"));

/** Connect's names are those of gRPC in camel case, but for one letter. */
function retryable(policy: RetryPolicy, error: unknown): boolean {
  const code = ConnectError.from(error).code;
  const name = code === Code.Canceled ? "CANCELLED" : Code[code]!.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
  return policy.retryableStatusCodes.includes(name);
}

/** Repeats unary requests as the policy says. Streams are opened again by who reads them. */
export function retries(policy: RetryPolicy = serviceConfig.methodConfig[0]!.retryPolicy): Interceptor {
  const seconds = (duration: string) => Number(duration.replace("s", ""));
  return (next) => async (request) => {
    if (request.stream) return next(request);
    let pause = seconds(policy.initialBackoff);
    for (let attempt = 1; ; attempt++) {
      try {
        return await next(request);
      } catch (error) {
        if (attempt >= policy.maxAttempts || request.signal.aborted || !retryable(policy, error)) throw error;
        await sleep(pause * 1000 * Math.random(), undefined, { signal: request.signal });
        pause = Math.min(pause * policy.backoffMultiplier, seconds(policy.maxBackoff));
      }
    }
  };
}

/** A transport for Connect's createClient. `token` is asked before each request, for tokens that expire. */
export function createTransport(options: {
  baseUrl: string;
  token?: () => string;
  interceptors?: Interceptor[];
}): Transport {
  const signIn: Interceptor = (next) => (request) => {
    if (options.token) request.header.set("authorization", `Bearer ${options.token()}`);
    return next(request);
  };
  const interceptors = [...(options.interceptors ?? []), retries(), signIn];
  return createGrpcTransport({ baseUrl: options.baseUrl, interceptors });
}
