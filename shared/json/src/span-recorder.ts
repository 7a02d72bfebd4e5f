const decoder = new TextDecoder();

/** Keeps the bytes of one span of a streamed document, up to a bound. Offsets are those of the document. */
export class SpanRecorder {
  recording = false;
  #start = 0;
  #parts: Uint8Array[] = [];
  #kept = 0;
  #tooLong = false;
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get tooLong(): boolean {
    return this.#tooLong;
  }

  begin(start: number): void {
    this.recording = true;
    this.#start = start;
    this.#parts = [];
    this.#kept = 0;
    this.#tooLong = false;
  }

  /** The span goes on behind this piece, which begins at `base`. */
  carry(piece: Uint8Array, base: number): void {
    if (this.recording) this.#keep(piece.slice(Math.max(0, this.#start - base)));
  }

  /** The span ends at `end`, inside this piece. Absent when it was longer than the bound. */
  finish(end: number, piece: Uint8Array, base: number): string | undefined {
    this.#keep(piece.subarray(Math.max(0, this.#start - base), end - base));
    this.recording = false;
    if (this.#tooLong) return undefined;
    let text = '';
    for (const part of this.#parts) text += decoder.decode(part, { stream: true });
    text += decoder.decode();
    this.#parts = [];
    return text;
  }

  #keep(bytes: Uint8Array): void {
    this.#kept += bytes.byteLength;
    if (this.#kept > this.#maxBytes) {
      this.#tooLong = true;
      this.#parts = [];
    } else this.#parts.push(bytes);
  }
}
