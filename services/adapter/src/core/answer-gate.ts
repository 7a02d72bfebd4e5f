import type { HeadFrame } from '@weir/contracts';

/** Where the gate lets things through to: the reply writer. */
export interface GateSink {
  head(frame: HeadFrame): void;
  /** Returns false when the source has to pause. */
  write(bytes: Uint8Array): boolean;
}

/** An answer that does not stream is held until it is whole, or larger than this. */
export const holdBytes = 128 * 1024;

/**
 * Holds an answer back until there is something to say that no retry could say better. A stream begins with its first
 * event; other answers when they are whole.
 */
export class AnswerGate {
  isOpen = false;
  #sink: GateSink;
  #head: HeadFrame | undefined;
  #streams = false;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #whole = false;

  constructor(sink: GateSink) {
    this.#sink = sink;
  }

  begin(head: HeadFrame, streams: boolean): void {
    this.#head = head;
    this.#streams = streams;
  }

  /** Returns false when the source has to pause. */
  write(chunks: readonly Uint8Array[]): boolean {
    let flowing = true;
    for (const chunk of chunks) {
      if (chunk.byteLength === 0) continue;
      if (this.isOpen) {
        flowing = this.#sink.write(chunk) && flowing;
        continue;
      }
      this.#held.push(chunk);
      this.#heldBytes += chunk.byteLength;
    }
    if (!this.isOpen) this.#openWhenReady();
    return flowing;
  }

  /** The answer is whole. Returns true when the gate is open. */
  complete(): boolean {
    this.#whole = true;
    return this.isOpen || this.#openWhenReady();
  }

  #isReady(): boolean {
    if (!this.#head) return false;
    return this.#whole || (this.#streams ? this.#heldBytes > 0 : this.#heldBytes > holdBytes);
  }

  #openWhenReady(): boolean {
    if (!this.#head || !this.#isReady()) return false;
    this.isOpen = true;
    this.#sink.head(this.#head);
    for (const chunk of this.#held) this.#sink.write(chunk);
    this.#held = [];
    return true;
  }
}
