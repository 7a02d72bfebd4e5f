import type { TextSample } from './request-fields.ts';

const blockBytes = 1_024;
const maxBlocks = 64;
const firstBytes = 4_096;
const lineFeed = Uint8Array.of(0x0a);
const decoder = new TextDecoder();

const controls: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' };

const decodeEscape = (_all: string, code: string): string =>
  code.length > 1 ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : (controls[code] ?? code);

/**
 * Keeps an even sample of a text that comes in pieces, as blocks of raw bytes: all of them at first, and whenever the
 * room is used up, every second of those that are there and of those to come.
 */
export class TextSampler {
  #kept = new Uint8Array(firstBytes);
  #keptBytes = 0;
  #seenBytes = 0;
  #stride = 1;

  push(bytes: Uint8Array, from: number, to: number): void {
    let position = from;
    while (position < to) {
      const block = Math.floor(this.#seenBytes / blockBytes);
      const end = Math.min(to, position + (block + 1) * blockBytes - this.#seenBytes);
      if (block % this.#stride === 0) this.#keep(bytes, position, end);
      this.#seenBytes += end - position;
      position = end;
    }
  }

  /** Begins another line, so that what follows is not one word with what was before. */
  endLine(): void {
    this.push(lineFeed, 0, 1);
  }

  sample(): TextSample {
    const raw = decoder.decode(this.#kept.subarray(0, this.#keptBytes));
    const text = raw.includes('\\') ? raw.replace(/\\(u[0-9a-fA-F]{4}|[^u])/g, decodeEscape) : raw;
    return { text, share: this.#seenBytes === 0 ? 1 : this.#keptBytes / this.#seenBytes };
  }

  #keep(bytes: Uint8Array, from: number, to: number): void {
    if (this.#keptBytes + to - from > this.#kept.byteLength && !this.#grow()) {
      this.#thin();
      // The block at hand may be one that is left out now.
      if (Math.floor(this.#seenBytes / blockBytes) % this.#stride !== 0) return;
    }
    this.#kept.set(bytes.subarray(from, to), this.#keptBytes);
    this.#keptBytes += to - from;
  }

  #grow(): boolean {
    const { byteLength } = this.#kept;
    if (byteLength >= maxBlocks * blockBytes) return false;
    const grown = new Uint8Array(byteLength * 2);
    grown.set(this.#kept);
    this.#kept = grown;
    return true;
  }

  /** All blocks that are kept are whole here. */
  #thin(): void {
    this.#stride *= 2;
    const blocks = this.#keptBytes / blockBytes;
    for (let block = 2; block < blocks; block += 2) {
      this.#kept.copyWithin((block / 2) * blockBytes, block * blockBytes, (block + 1) * blockBytes);
    }
    this.#keptBytes = Math.ceil(blocks / 2) * blockBytes;
  }
}
