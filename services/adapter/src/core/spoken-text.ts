import { asBuffer } from './sse-event.ts';

const quote = 0x22;
const backslash = 0x5c;
const letterU = 0x75;
const colon = 0x3a;
const comma = 0x2c;
const space = 0x20;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const firstOfFourBytes = 0xf0;

/** Members of a delta that a model did not say: kinds and names, what is signed, encoded or cited. */
const unspoken = ['id', 'type', 'role', 'data', 'signature', 'citation'].map((name) => Buffer.from(name));

const standsAt = (raw: Uint8Array, place: number, text: Uint8Array): boolean => {
  for (let index = 0; index < text.byteLength; index += 1) {
    if (raw[place + index] !== text[index]) return false;
  }
  return true;
};

const isUnspoken = (raw: Uint8Array, start: number, end: number): boolean => {
  for (const name of unspoken) {
    if (name.byteLength === end - start && standsAt(raw, start, name)) return true;
  }
  return false;
};

/** Counts the characters of text in one member of events that are not parsed. A machine: it is used again. */
export class SpokenText {
  readonly #member: Buffer;
  readonly #several: boolean;
  /** Where the member stood last. In most events of a stream it stands there again, and need not be searched for. */
  #place = 0;
  #position = 0;
  /** UTF-16 code units of the last string that was read. */
  #units = 0;

  /** `member`: its name. `several`: an event may have more than one of them. */
  constructor(member: string, { several }: { readonly several: boolean } = { several: false }) {
    this.#member = Buffer.from(`"${member}"`);
    this.#several = several;
  }

  /** UTF-16 code units of its strings. In an event that is no JSON it counts whatever looks like one. */
  count(raw: Uint8Array): number {
    let units = 0;
    let at = standsAt(raw, this.#place, this.#member) ? this.#place : asBuffer(raw).indexOf(this.#member);
    if (at >= 0) this.#place = at;
    while (at >= 0) {
      this.#position = at + this.#member.byteLength;
      this.#skipSpace(raw);
      const isMember = raw[this.#position] === colon;
      this.#position += 1;
      if (isMember) units += this.#countValue(raw);
      if (isMember && !this.#several) return units;
      at = asBuffer(raw).indexOf(this.#member, this.#position);
    }
    return units;
  }

  #countValue(raw: Uint8Array): number {
    let units = 0;
    let depth = 0;
    /** Of what is in an unspoken member nothing counts: from the depth that it stands at. */
    let silentAt: number | undefined;
    while (this.#position < raw.byteLength) {
      const byte = raw[this.#position];
      if (byte === quote) {
        const start = this.#position + 1;
        this.#readString(raw);
        const end = this.#position - 1;
        this.#skipSpace(raw);
        if (raw[this.#position] === colon) {
          if (silentAt === undefined && isUnspoken(raw, start, end)) silentAt = depth;
        } else if (silentAt === undefined) units += this.#units;
        if (depth === 0) return units;
        continue;
      }
      this.#position += 1;
      if (byte === openBrace || byte === openBracket) depth += 1;
      else if (byte === closeBrace || byte === closeBracket) {
        depth -= 1;
        if (silentAt !== undefined && depth < silentAt) silentAt = undefined;
        if (depth <= 0) return units;
      } else if (byte === comma) {
        if (silentAt === depth) silentAt = undefined;
        // The value was a number or a literal.
        if (depth === 0) return units;
      }
    }
    return units;
  }

  /** From its opening quote to behind its closing one. */
  #readString(raw: Uint8Array): void {
    let position = this.#position + 1;
    let units = 0;
    for (; position < raw.byteLength; position += 1) {
      const byte = raw[position] ?? quote;
      if (byte === quote) break;
      if (byte === backslash) {
        position += raw[position + 1] === letterU ? 5 : 1;
        units += 1;
      } else if ((byte & 0xc0) !== 0x80) units += byte >= firstOfFourBytes ? 2 : 1;
    }
    this.#units = units;
    this.#position = position + 1;
  }

  #skipSpace(raw: Uint8Array): void {
    while (raw[this.#position] === space) this.#position += 1;
  }
}
