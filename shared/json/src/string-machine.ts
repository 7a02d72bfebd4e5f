const quote = 0x22;
const backslash = 0x5c;
const letterU = 0x75;

const codesOf = (text: string): number[] => Array.from(text, (character) => character.charCodeAt(0));

const tableOf = (bytes: Iterable<number>): Uint8Array => {
  const table = new Uint8Array(256);
  for (const byte of bytes) table[byte] = 1;
  return table;
};

const rangeOf = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, step) => first + step);

const plain = tableOf(rangeOf(0x20, 0x7f).filter((byte) => byte !== quote && byte !== backslash));
const simpleEscapes = tableOf(codesOf('"\\/bfnrt'));
const hexDigits = tableOf(codesOf('0123456789abcdefABCDEF'));

const text = 0;
const escaped = 1;
const hex = 2;
const sequence = 3;

/**
 * Reads one JSON string behind its opening quote: escapes, control characters and UTF-8 (RFC 3629 table,
 * so no overlong forms and no surrogates). Lone surrogate escapes pass, as in `JSON.parse`.
 */
export class StringMachine {
  /** Bytes that are no UTF-16 code unit of their own: length in bytes minus this is the length in units. */
  surplus = 0;
  hasEscape = false;
  done = false;
  problem: string | undefined;
  #state = text;
  #left = 0;
  #lowest = 0x80;
  #highest = 0xbf;

  begin(): void {
    this.surplus = 0;
    this.hasEscape = false;
    this.done = false;
    this.#state = text;
  }

  /** Returns the offset behind the closing quote, that of the byte at fault, or the length of `bytes`. */
  scan(bytes: Uint8Array, from: number): number {
    const length = bytes.length;
    let position = from;
    while (position < length) {
      const byte = bytes[position] as number;
      if (this.#state === text) {
        if (plain[byte] === 1) {
          do position += 1;
          while (position < length && plain[bytes[position] as number] === 1);
          continue;
        }
        if (byte === quote) {
          this.done = true;
          return position + 1;
        }
        this.#leave(byte);
      } else {
        this.#step(byte);
      }
      if (this.problem !== undefined) return position;
      position += 1;
    }
    return length;
  }

  #leave(byte: number): void {
    if (byte === backslash) {
      this.hasEscape = true;
      this.#state = escaped;
    } else if (byte < 0x20) {
      this.problem = 'a control character in a string must be escaped';
    } else if (byte < 0xc2 || byte > 0xf4) {
      this.problem = 'the body is not valid UTF-8';
    } else {
      this.#left = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
      // A character of four bytes is two code units.
      this.surplus += byte < 0xe0 ? 1 : 2;
      this.#lowest = byte === 0xe0 ? 0xa0 : byte === 0xf0 ? 0x90 : 0x80;
      this.#highest = byte === 0xed ? 0x9f : byte === 0xf4 ? 0x8f : 0xbf;
      this.#state = sequence;
    }
  }

  #step(byte: number): void {
    if (this.#state === sequence) {
      if (byte < this.#lowest || byte > this.#highest) this.problem = 'the body is not valid UTF-8';
      this.#lowest = 0x80;
      this.#highest = 0xbf;
      this.#left -= 1;
      if (this.#left === 0) this.#state = text;
    } else if (this.#state === hex) {
      if (hexDigits[byte] === 0) this.problem = 'an escape \\u needs four hexadecimal digits';
      this.#left -= 1;
      if (this.#left === 0) this.#state = text;
    } else if (byte === letterU) {
      this.surplus += 5;
      this.#left = 4;
      this.#state = hex;
    } else {
      if (simpleEscapes[byte] === 0) this.problem = 'a string has an escape that JSON does not know';
      this.surplus += 1;
      this.#state = text;
    }
  }
}
