import type { EnvelopeMeta, HeadFrame, UsageFrame, WireError } from '@weir/contracts';
import type { Candidate } from '@weir/messaging';
import { statusOf, toErrorBody, toErrorHeaders, wireOf } from '../core/error-body.ts';
import { heartbeatMs, toHeartbeat, toStreamError } from '../core/stream-wire.ts';
import type { ClientResponse } from './client-response.ts';
import { toOwnHeaders, toResponseHeaders } from './response-headers.ts';

/** How an exchange ended, for the access line and the metrics. */
export interface ExchangeSummary {
  readonly status: number;
  readonly error: WireError | undefined;
  readonly candidate: Candidate | undefined;
  /** Which of the route's variants answered. */
  readonly variant: string | undefined;
  readonly usage: UsageFrame | undefined;
  readonly firstByteAt: number | undefined;
  readonly responseBytes: number;
}

/** The client's side of one request: turns head, data and errors into an HTTP answer of the API that was called. */
export class Exchange {
  readonly meta: EnvelopeMeta;
  readonly response: ClientResponse;
  #now: () => number;
  /** Values of `set-cookie`, by the upstream that answers. */
  #cookies: ReadonlyMap<string, string> | undefined;
  #head: HeadFrame | undefined;
  #candidate: Candidate | undefined;
  #usage: UsageFrame | undefined;
  #error: WireError | undefined;
  #status = 0;
  #streams = false;
  #firstByteAt: number | undefined;
  /** Data of the packet being read, until it is known whether it is the whole answer. */
  #gathered: Uint8Array[] = [];

  constructor(
    meta: EnvelopeMeta,
    response: ClientResponse,
    now: () => number,
    cookies?: ReadonlyMap<string, string>,
  ) {
    this.meta = meta;
    this.response = response;
    this.#now = now;
    this.#cookies = cookies;
  }

  get summary(): ExchangeSummary {
    return {
      status: this.#status,
      error: this.#error,
      candidate: this.#candidate,
      variant: this.#head?.headers.find(([name]) => name === 'x-weir-variant')?.[1],
      usage: this.#usage,
      firstByteAt: this.#firstByteAt,
      responseBytes: this.response.sentBytes,
    };
  }

  head(head: HeadFrame, candidate: Candidate | undefined): void {
    this.#head = head;
    this.#candidate = candidate;
    this.#status = head.status;
    this.#firstByteAt = this.#now();
    this.#streams = head.headers.some(
      ([name, value]) => name === 'content-type' && value.startsWith('text/event-stream'),
    );
  }

  data(bytes: Uint8Array): void {
    this.#gathered.push(bytes);
  }

  usage(usage: UsageFrame): void {
    this.#usage = usage;
  }

  /** All of a packet is in: writes what was gathered. `onTaken` hears of bytes that the socket has taken. */
  flush(onTaken: (bytes: number) => void): void {
    const gathered = this.#gathered;
    this.#gathered = [];
    if (gathered.length === 0) return;
    this.#openHead();
    for (const bytes of gathered) this.response.write(bytes, onTaken);
  }

  end(): void {
    const gathered = this.#gathered;
    this.#gathered = [];
    if (!this.response.headSent && this.#head) {
      const responseBytes = gathered.reduce((sum, bytes) => sum + bytes.byteLength, 0);
      this.response.sendWhole(this.#head.status, this.#headers(this.#head, responseBytes), gathered);
      return;
    }
    for (const bytes of gathered) this.response.write(bytes);
    this.response.end();
  }

  /** Before the head an answer of its own; after it an in-band error; where that cannot be, a cut. */
  fail(error: WireError): void {
    this.#error = error;
    const { api, id } = this.meta;
    if (!this.response.headSent) {
      // Clients of both APIs ask for models by the same path.
      const asksAsAnthropic = api === 'openai.models' && 'anthropic-version' in this.meta.client.headers;
      const wire = asksAsAnthropic ? 'anthropic' : wireOf(api);
      this.#status = statusOf(error, wire);
      const headers = {
        ...Object.fromEntries(toErrorHeaders(error)),
        ...toOwnHeaders(this.meta),
        'content-type': 'application/json',
        ...(wire === 'anthropic' ? { 'request-id': id } : {}),
      };
      this.response.sendWhole(this.#status, headers, [Buffer.from(toErrorBody(error, wire, id))]);
      return;
    }
    for (const bytes of this.#gathered) this.response.write(bytes);
    const inBand = this.#streams && this.response.atEventEnd ? toStreamError(api, error, id) : undefined;
    if (!inBand) return this.response.destroy();
    this.response.write(inBand);
    this.response.end();
  }

  heartbeat(now: number): void {
    // Inside an event a sign of life would destroy it.
    if (!this.#streams || !this.response.headSent || !this.response.atEventEnd) return;
    if (now - this.response.lastWriteAt >= heartbeatMs) this.response.write(toHeartbeat(this.meta.api));
  }

  #openHead(): void {
    if (this.response.headSent || !this.#head) return;
    this.response.sendHead(this.#head.status, this.#headers(this.#head, undefined));
  }

  #headers(head: HeadFrame, responseBytes: number | undefined) {
    const summary =
      responseBytes === undefined || this.#streams
        ? undefined
        : {
            usage: this.#usage,
            startedAt: this.meta.receivedAt,
            now: this.#now(),
            requestBytes: this.meta.body.bytes,
            responseBytes,
          };
    const candidate = this.#candidate;
    const cookie = candidate && this.#cookies?.get(candidate.upstream);
    return toResponseHeaders({ head, meta: this.meta, candidate, cookie, streams: this.#streams, summary });
  }
}
