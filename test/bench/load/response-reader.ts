export interface ResponseSink {
  /** Body bytes without transfer coding. The buffer is reused: read it before returning. */
  readonly body: (bytes: Buffer) => void;
  readonly end: (response: { readonly statusCode: number; readonly keepAlive: boolean }) => void;
}

type Stage =
  | 'head'
  | 'fixed'
  | 'chunk-size'
  | 'chunk-extension'
  | 'chunk'
  | 'chunk-end'
  | 'trailer'
  | 'until-close';

const carriageReturn = 0x0d;
const lineFeed = 0x0a;

const fieldValue = (head: string, name: string): string | undefined => {
  const start = head.indexOf(`\r\n${name}:`);
  if (start < 0) return undefined;
  const end = head.indexOf('\r\n', start + 2);
  return head.slice(start + name.length + 3, end < 0 ? head.length : end).trim();
};

const hexDigit = (byte: number): number => {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
};

/**
 * Reads HTTP/1.1 responses from a connection, one after another. It knows what a load generator needs of
 * https://www.rfc-editor.org/rfc/rfc9112 and no more, so that the generator takes little of the machine it measures.
 */
export class ResponseReader {
  readonly #sink: ResponseSink;
  #stage: Stage = 'head';
  #partialHead = '';
  #statusCode = 0;
  #keepAlive = true;
  #remainingBytes = 0;
  #trailerLineBytes = 0;

  constructor(sink: ResponseSink) {
    this.#sink = sink;
  }

  feed(bytes: Buffer): void {
    let offset = 0;
    while (offset < bytes.length) offset = this.#step(bytes, offset);
  }

  /** The peer closed. True when that was the end of a response. */
  close(): boolean {
    if (this.#stage !== 'until-close') return false;
    this.#keepAlive = false;
    this.#finish();
    return true;
  }

  #step(bytes: Buffer, offset: number): number {
    if (this.#stage === 'head') return this.#readHead(bytes, offset);
    if (this.#stage === 'fixed' || this.#stage === 'chunk') return this.#readCounted(bytes, offset);
    if (this.#stage === 'until-close') {
      this.#sink.body(bytes.subarray(offset));
      return bytes.length;
    }
    this.#readFraming(bytes[offset] ?? 0);
    return offset + 1;
  }

  #readHead(bytes: Buffer, offset: number): number {
    const known = this.#partialHead.length;
    const text = this.#partialHead + bytes.toString('latin1', offset);
    const end = text.indexOf('\r\n\r\n', Math.max(0, known - 3));
    this.#partialHead = end < 0 ? text : '';
    if (end < 0) return bytes.length;
    this.#startBody(text.slice(0, end));
    return offset + end + 4 - known;
  }

  #startBody(head: string): void {
    this.#statusCode = Number(head.slice(9, 12));
    const lowerHead = head.toLowerCase();
    this.#keepAlive = fieldValue(lowerHead, 'connection') !== 'close';
    const contentLength = fieldValue(lowerHead, 'content-length');
    this.#remainingBytes = Number(contentLength ?? 0);
    // An interim response: the real one follows.
    if (this.#statusCode < 200) return;
    if (fieldValue(lowerHead, 'transfer-encoding') !== undefined) this.#stage = 'chunk-size';
    else if (contentLength === undefined) this.#stage = 'until-close';
    else if (this.#remainingBytes === 0) this.#finish();
    else this.#stage = 'fixed';
  }

  #readCounted(bytes: Buffer, offset: number): number {
    const end = Math.min(bytes.length, offset + this.#remainingBytes);
    this.#remainingBytes -= end - offset;
    this.#sink.body(bytes.subarray(offset, end));
    if (this.#remainingBytes > 0) return end;
    if (this.#stage === 'fixed') this.#finish();
    else this.#stage = 'chunk-end';
    return end;
  }

  #readFraming(byte: number): void {
    if (this.#stage === 'chunk-size') this.#readChunkSize(byte);
    else if (this.#stage === 'trailer') this.#readTrailer(byte);
    else if (byte !== lineFeed) return;
    else if (this.#stage === 'chunk-extension') this.#startChunk();
    else {
      this.#stage = 'chunk-size';
      this.#remainingBytes = 0;
    }
  }

  #readChunkSize(byte: number): void {
    const digit = hexDigit(byte);
    if (digit >= 0) this.#remainingBytes = this.#remainingBytes * 16 + digit;
    else if (byte !== lineFeed) this.#stage = 'chunk-extension';
    else this.#startChunk();
  }

  #startChunk(): void {
    this.#stage = this.#remainingBytes === 0 ? 'trailer' : 'chunk';
    this.#trailerLineBytes = 0;
  }

  #readTrailer(byte: number): void {
    if (byte === lineFeed && this.#trailerLineBytes === 0) this.#finish();
    else if (byte === lineFeed) this.#trailerLineBytes = 0;
    else if (byte !== carriageReturn) this.#trailerLineBytes += 1;
  }

  #finish(): void {
    this.#stage = 'head';
    this.#sink.end({ statusCode: this.#statusCode, keepAlive: this.#keepAlive });
  }
}
