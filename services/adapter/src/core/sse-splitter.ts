/** Larger than any event a provider sends; image and audio deltas run to a few MiB. */
export const maxEventBytes = 16 * 1024 * 1024;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** Cuts a byte stream into server-sent events, whatever the line ends and wherever the reads are cut. */
export interface SseSplitter {
  /** Events that are complete now, each with its bytes as they came, blank line included. */
  push(bytes: Uint8Array): Uint8Array[];
  /** What is left when the stream ends: an event without its blank line, stray line ends, or nothing. */
  finish(): Uint8Array | undefined;
  /** True when an event grew past {@link maxEventBytes}; nothing more comes out. */
  readonly overflowed: boolean;
}

class Splitter implements SseSplitter {
  overflowed = false;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  /** The line being read has no bytes yet, and the event being read has some. */
  #lineIsEmpty = true;
  #eventIsEmpty = true;
  #afterReturn = false;
  /** A CR has ended the event; a line feed right behind it still belongs to it. */
  #mayEndInFeed = false;

  push(bytes: Uint8Array): Uint8Array[] {
    if (this.overflowed) return [];
    const events: Uint8Array[] = [];
    let start = 0;
    for (let index = 0; index < bytes.byteLength; index += 1) {
      if (!this.#mayEndInFeed) index = this.#passText(bytes, index);
      if (index === bytes.byteLength) break;
      const byte = bytes[index] ?? 0;
      let end = -1;
      if (this.#mayEndInFeed) {
        this.#mayEndInFeed = false;
        end = byte === lineFeed ? index + 1 : index;
      }
      if (this.#endsEvent(byte)) {
        if (byte === carriageReturn) this.#mayEndInFeed = true;
        else end = index + 1;
      }
      if (end < 0) continue;
      events.push(this.#take(bytes.subarray(start, end)));
      start = end;
    }
    this.#hold(bytes.subarray(start));
    return this.overflowed ? [] : events;
  }

  finish(): Uint8Array | undefined {
    if (this.#heldBytes === 0 || this.overflowed) return undefined;
    this.#mayEndInFeed = false;
    return this.#take(new Uint8Array(0));
  }

  /** Everything but line ends at once: most bytes are. Returns where the next line end is. */
  #passText(bytes: Uint8Array, from: number): number {
    let index = from;
    for (; index < bytes.byteLength; index += 1) {
      const byte = bytes[index];
      if (byte === lineFeed || byte === carriageReturn) break;
    }
    if (index === from) return from;
    this.#afterReturn = false;
    this.#lineIsEmpty = false;
    this.#eventIsEmpty = false;
    return index;
  }

  #endsEvent(byte: number): boolean {
    const pairedFeed = byte === lineFeed && this.#afterReturn;
    this.#afterReturn = byte === carriageReturn;
    // The line feed of a CR LF belongs to the line end that its CR made.
    if (pairedFeed) return false;
    if (byte !== lineFeed && byte !== carriageReturn) {
      this.#lineIsEmpty = false;
      this.#eventIsEmpty = false;
      return false;
    }
    const blank = this.#lineIsEmpty && !this.#eventIsEmpty;
    this.#lineIsEmpty = true;
    if (blank) this.#eventIsEmpty = true;
    return blank;
  }

  #hold(rest: Uint8Array): void {
    if (rest.byteLength === 0) return;
    this.#held.push(rest.slice());
    this.#heldBytes += rest.byteLength;
    if (this.#heldBytes > maxEventBytes) this.overflowed = true;
  }

  #take(last: Uint8Array): Uint8Array {
    if (this.#heldBytes === 0) return last;
    const event = new Uint8Array(this.#heldBytes + last.byteLength);
    let offset = 0;
    for (const part of this.#held) {
      event.set(part, offset);
      offset += part.byteLength;
    }
    event.set(last, offset);
    this.#held = [];
    this.#heldBytes = 0;
    return event;
  }
}

export const createSseSplitter = (): SseSplitter => new Splitter();
