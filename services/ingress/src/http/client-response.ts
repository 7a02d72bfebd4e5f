import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';

/** What is written to a client's socket, with the credit it earns. */
export interface ClientResponse {
  readonly headSent: boolean;
  readonly sentBytes: number;
  /** Milliseconds since the epoch of the last write; 0 before the first. */
  readonly lastWriteAt: number;
  /** What was written ends with a blank line, or nothing was: another event may begin here. */
  readonly atEventEnd: boolean;
  /** Sends head and body in one piece. */
  sendWhole(status: number, headers: OutgoingHttpHeaders, body: readonly Uint8Array[]): void;
  /** Sends the head of an answer whose length is not known. */
  sendHead(status: number, headers: OutgoingHttpHeaders): void;
  /** `onTaken` is called when the socket has taken the bytes, now or later. */
  write(bytes: Uint8Array, onTaken?: (bytes: number) => void): void;
  end(): void;
  /** Cuts the connection: the client must not take what it has for the whole. */
  destroy(): void;
}

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** Answers up to this size leave in one write with their head. */
const oneWriteBytes = 16 * 1024;

class Response implements ClientResponse {
  sentBytes = 0;
  lastWriteAt = 0;
  /** The last bytes written, four at most. */
  #tail: Uint8Array = new Uint8Array(0);
  #raw: ServerResponse;
  #now: () => number;
  /** Writes that the socket has not taken, in order. */
  #waiting: { bytes: number; onTaken: ((bytes: number) => void) | undefined }[] = [];

  constructor(raw: ServerResponse, now: () => number) {
    this.#raw = raw;
    this.#now = now;
    raw.on('drain', () => this.#release());
  }

  get atEventEnd(): boolean {
    const [last, second, , fourth] = [...this.#tail].reverse();
    if (last === undefined) return true;
    if (last === second) return last === lineFeed || last === carriageReturn;
    return last === lineFeed && second === carriageReturn && fourth === carriageReturn;
  }

  get headSent(): boolean {
    return this.#raw.headersSent;
  }

  sendWhole(status: number, headers: OutgoingHttpHeaders, body: readonly Uint8Array[]): void {
    if (!this.#writable()) return;
    const whole = body.length === 1 && body[0] ? body[0] : Buffer.concat(body);
    this.sentBytes = whole.byteLength;
    this.lastWriteAt = this.#now();
    this.#raw.writeHead(status, { ...headers, 'content-length': whole.byteLength });
    if (whole.byteLength > oneWriteBytes) this.#raw.end(whole);
    // As latin1 text, which keeps every byte, Node sends head and body in one piece.
    else
      this.#raw.end(
        Buffer.from(whole.buffer, whole.byteOffset, whole.byteLength).toString('latin1'),
        'latin1',
      );
  }

  sendHead(status: number, headers: OutgoingHttpHeaders): void {
    if (!this.#writable()) return;
    this.lastWriteAt = this.#now();
    this.#raw.writeHead(status, headers);
  }

  write(bytes: Uint8Array, onTaken?: (bytes: number) => void): void {
    if (!this.#writable()) return;
    this.sentBytes += bytes.byteLength;
    this.lastWriteAt = this.#now();
    this.#remember(bytes);
    // The frame's buffer is reused by the bus; the socket may keep what it is given.
    const taken = this.#raw.write(Buffer.from(bytes));
    if (taken && this.#waiting.length === 0) onTaken?.(bytes.byteLength);
    else this.#waiting.push({ bytes: bytes.byteLength, onTaken });
  }

  end(): void {
    if (this.#writable()) this.#raw.end();
  }

  destroy(): void {
    this.#raw.destroy();
  }

  #remember(bytes: Uint8Array): void {
    const end = bytes.slice(-4);
    this.#tail = end.byteLength === 4 ? end : Uint8Array.of(...this.#tail, ...end).slice(-4);
  }

  #writable(): boolean {
    return !this.#raw.writableEnded && !this.#raw.destroyed;
  }

  #release(): void {
    const taken = this.#waiting;
    this.#waiting = [];
    for (const { bytes, onTaken } of taken) onTaken?.(bytes);
  }
}

export const createClientResponse = (raw: ServerResponse, now: () => number): ClientResponse =>
  new Response(raw, now);
