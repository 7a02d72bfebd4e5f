import { lastToken, subjects } from '@weir/contracts';
import type { Bus, BusSubscription } from './bus.ts';

/**
 * A body too large to travel inline stays in the ingress; whoever needs it asks for chunks:
 * request = `u32 offset | u32 length`, answer = `u8 status | bytes`. Both ends use a connection of their own for
 * this, so that a 10 MB prompt never stands in front of somebody's tokens.
 */
const status = { ok: 0, unknown: 1 } as const;

/** What is asked for at a time: those ahead may all be answered in one turn of the loop, and must not block it. */
export const bodyChunkBytes = 64 * 1024;
/** What is answered at most: small enough for every server's `max_payload`. Adapters of before asked for as much. */
export const maxBodyChunkBytes = 256 * 1024;

const chunkTimeoutMs = 2_000;
const chunkTries = 3;
/** Chunks asked for ahead of the one being used. */
const readAhead = 4;

export interface BodyServer {
  readonly size: number;
  offer(request: string, body: Uint8Array): void;
  withdraw(request: string): void;
  drain(): Promise<void>;
}

/** The ingress's end. Bodies are held until they are withdrawn; the HTTP body limit bounds each. */
export const createBodyServer = (bus: Bus, instance: string): BodyServer => {
  const bodies = new Map<string, Uint8Array>();
  const subscription: BusSubscription = bus.subscribe(subjects.bodies(instance), (message) => {
    const body = bodies.get(lastToken(message.subject));
    if (!body || message.data.byteLength !== 8) return message.respond(Uint8Array.of(status.unknown));
    const view = new DataView(message.data.buffer, message.data.byteOffset, 8);
    const offset = view.getUint32(0);
    const chunk = body.subarray(offset, offset + Math.min(view.getUint32(4), maxBodyChunkBytes));
    const answer = new Uint8Array(1 + chunk.byteLength);
    answer[0] = status.ok;
    answer.set(chunk, 1);
    message.respond(answer);
  });
  return {
    get size() {
      return bodies.size;
    },
    offer: (request, body) => {
      bodies.set(request, body);
    },
    withdraw: (request) => {
      bodies.delete(request);
    },
    drain: () => subscription.drain(),
  };
};

const askForChunk = (offset: number, length: number): Uint8Array => {
  const question = new Uint8Array(8);
  const view = new DataView(question.buffer);
  view.setUint32(0, offset);
  view.setUint32(4, length);
  return question;
};

/** A question or an answer that was lost is asked again; an ingress that says it has no such body is believed. */
const pullChunk = async (bus: Bus, subject: string, offset: number, length: number): Promise<Uint8Array> => {
  const where = `body of ${lastToken(subject)} at ${offset}`;
  let problem = '';
  for (let tries = 0; tries < chunkTries; tries += 1) {
    const answer = await bus.request(subject, askForChunk(offset, length), chunkTimeoutMs);
    if (answer.outcome === 'answered') {
      if (answer.data[0] !== status.ok) throw new Error(`${where}: no longer offered`);
      if (answer.data.byteLength === length + 1) return answer.data.slice(1);
      throw new Error(`${where}: ${answer.data.byteLength - 1} bytes instead of ${length}`);
    }
    problem = answer.outcome;
    if (problem === 'no_responders') break;
  }
  throw new Error(`${where}: ${problem}`);
};

/** Yields the body in order. Throws when the ingress does not answer in time or has withdrawn it. */
export async function* pullBody(bus: Bus, subject: string, totalBytes: number): AsyncGenerator<Uint8Array> {
  const pending: Promise<Uint8Array>[] = [];
  let next = 0;
  const ask = () => {
    const length = Math.min(bodyChunkBytes, totalBytes - next);
    const chunk = pullChunk(bus, subject, next, length);
    // It is awaited in turn; until then a failure must not count as unhandled.
    chunk.catch(() => undefined);
    pending.push(chunk);
    next += length;
  };
  while (next < totalBytes || pending.length > 0) {
    while (next < totalBytes && pending.length < readAhead) ask();
    const chunk = await pending.shift();
    if (chunk) yield chunk;
  }
}
