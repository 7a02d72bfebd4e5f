const classes = 8;
const zeroClass = 1;
const digitClass = 2;
const dotClass = 3;
const exponentClass = 4;
const plusClass = 5;
const minusClass = 6;

const ended = 0;
const begun = 1;
const minus = 2;
const zero = 3;
const integer = 4;
const dot = 5;
const fraction = 6;
const exponent = 7;
const sign = 8;
const power = 9;

const classOf = new Uint8Array(256);
for (const digit of '123456789') classOf[digit.charCodeAt(0)] = digitClass;
classOf[0x30] = zeroClass;
classOf[0x2e] = dotClass;
classOf[0x65] = exponentClass;
classOf[0x45] = exponentClass;
classOf[0x2b] = plusClass;
classOf[0x2d] = minusClass;

/** https://www.rfc-editor.org/rfc/rfc8259#section-6 ; what is not listed ends the number. */
const steps: readonly (readonly [state: number, byteClass: number, next: number])[] = [
  [begun, minusClass, minus],
  [begun, zeroClass, zero],
  [begun, digitClass, integer],
  [minus, zeroClass, zero],
  [minus, digitClass, integer],
  [zero, dotClass, dot],
  [zero, exponentClass, exponent],
  [integer, zeroClass, integer],
  [integer, digitClass, integer],
  [integer, dotClass, dot],
  [integer, exponentClass, exponent],
  [dot, zeroClass, fraction],
  [dot, digitClass, fraction],
  [fraction, zeroClass, fraction],
  [fraction, digitClass, fraction],
  [fraction, exponentClass, exponent],
  [exponent, zeroClass, power],
  [exponent, digitClass, power],
  [exponent, plusClass, sign],
  [exponent, minusClass, sign],
  [sign, zeroClass, power],
  [sign, digitClass, power],
  [power, zeroClass, power],
  [power, digitClass, power],
];

const nextState = new Uint8Array((power + 1) * classes);
for (const [state, byteClass, next] of steps) nextState[state * classes + byteClass] = next;

const isComplete = (state: number): boolean =>
  state === zero || state === integer || state === fraction || state === power;

/** Reads one JSON number. A number has no end of its own: the first byte that cannot belong to it ends it. */
export class NumberMachine {
  done = false;
  problem: string | undefined;
  #state = begun;

  begin(): void {
    this.done = false;
    this.#state = begun;
  }

  /** Returns the offset of the first byte that is not part of the number, or the length of `bytes`. */
  scan(bytes: Uint8Array, from: number): number {
    const length = bytes.length;
    let state = this.#state;
    let position = from;
    for (; position < length; position += 1) {
      const next = nextState[state * classes + (classOf[bytes[position] as number] as number)] as number;
      if (next === ended) {
        this.done = true;
        if (!isComplete(state)) this.problem = 'a number has no digit where one is required';
        break;
      }
      state = next;
    }
    this.#state = state;
    return position;
  }
}
