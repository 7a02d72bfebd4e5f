const decoder = new TextDecoder();

/** The key or scalar that a `JsonLexer` just read. One object is reused: read it inside the event. */
export class JsonToken {
  /** Offsets into the document; a string's include its quotes. */
  start = 0;
  end = 0;
  /** UTF-16 code units of a string, escapes decoded. */
  units = 0;
  hasEscape = false;
  /** The raw bytes are `bytes[from, to)`, cut off behind `maxBytes` when the token came in several pieces. */
  bytes: Uint8Array = new Uint8Array(0);
  from = 0;
  to = 0;
  readonly #maxBytes: number;
  #carry: Uint8Array | undefined;
  #carried = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  begin(start: number, from: number): void {
    this.start = start;
    this.from = from;
    this.#carried = 0;
  }

  /** The piece ends inside the token: keeps what it holds of it, within the bound. */
  carry(piece: Uint8Array): void {
    this.#append(piece.subarray(this.from));
    this.from = 0;
  }

  finish(end: number, piece: Uint8Array, to: number): void {
    this.end = end;
    this.bytes = piece;
    this.to = to;
    if (this.#carried === 0) return;
    this.#append(piece.subarray(0, to));
    this.bytes = this.#carry ?? piece;
    this.to = this.#carried;
  }

  /** Raw JSON text. Absent when the token is longer than `maxBytes`, however it was split. */
  rawText(maxBytes = this.#maxBytes): string | undefined {
    if (this.end - this.start > Math.min(maxBytes, this.#maxBytes)) return undefined;
    return decoder.decode(this.bytes.subarray(this.from, this.to));
  }

  #append(bytes: Uint8Array): void {
    this.#carry ??= new Uint8Array(this.#maxBytes);
    const kept = bytes.subarray(0, this.#maxBytes - this.#carried);
    this.#carry.set(kept, this.#carried);
    this.#carried += kept.byteLength;
  }
}
