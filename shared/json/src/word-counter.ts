const space = 0x20;
const backslash = 0x5c;
/** Behind a backslash these are white space: `\n`, `\r`, `\t`. */
const blanks: ReadonlySet<number> = new Set([0x6e, 0x72, 0x74]);

/** Counts the words of JSON strings that come in pieces: runs of anything but white space. */
export class WordCounter {
  words = 0;
  #inWord = false;
  #escaped = false;

  push(bytes: Uint8Array, from: number, to: number): void {
    let inWord = this.#inWord;
    let escaped = this.#escaped;
    for (let position = from; position < to; position += 1) {
      const byte = bytes[position] as number;
      // An escape is judged by its second character; until then the word goes on.
      if (!escaped && byte === backslash) {
        escaped = true;
        continue;
      }
      const blank = escaped ? blanks.has(byte) : byte === space;
      escaped = false;
      if (!blank && !inWord) this.words += 1;
      inWord = !blank;
    }
    this.#inWord = inWord;
    this.#escaped = escaped;
  }

  endString(): void {
    this.#inWord = false;
    this.#escaped = false;
  }
}
