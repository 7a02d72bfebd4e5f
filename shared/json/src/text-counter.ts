import type { ContainerKind, ScalarKind } from './json-lexer.ts';
import type { JsonToken } from './json-token.ts';
import { createKeyMatcher } from './key-matcher.ts';

/** Which members of a document are its text, wherever they stand. Made once: it is not for nothing. */
export interface TextMembers {
  readonly isString: (key: JsonToken) => boolean;
  readonly isObject: (key: JsonToken) => boolean;
}

/**
 * `strings`: members whose strings are text, and those right within their arrays. `objects`: members whose objects
 * are, as they are written.
 */
export const createTextMembers = (names: {
  readonly strings: readonly string[];
  readonly objects: readonly string[];
}): TextMembers => {
  const matchString = createKeyMatcher(names.strings);
  const matchObject = createKeyMatcher(names.objects);
  return {
    isString: (key) => matchString(key) !== undefined,
    isObject: (key) => matchObject(key) !== undefined,
  };
};

/** Counts the characters of the text in a document as its tokens pass. `depth`: containers around the token. */
export class TextCounter {
  /** UTF-16 code units, escapes decoded; of objects their bytes. */
  chars = 0;
  readonly #members: TextMembers;
  #isText = false;
  #isObjectText = false;
  /** Where the object that counts as it is written begins, and how deep. */
  #within: { readonly start: number; readonly depth: number } | undefined;

  constructor(members: TextMembers) {
    this.#members = members;
  }

  key(token: JsonToken): void {
    this.#isText = this.#members.isString(token);
    this.#isObjectText = this.#members.isObject(token);
  }

  scalar(kind: ScalarKind, token: JsonToken): void {
    if (kind === 'string' && this.#isText && !this.#within) this.chars += token.units;
  }

  open(kind: ContainerKind, start: number, depth: number): void {
    if (kind === 'object' && this.#isObjectText) this.#within ??= { start, depth };
    this.#isObjectText = false;
  }

  close(end: number, depth: number): void {
    if (this.#within?.depth !== depth) return;
    this.chars += end - this.#within.start;
    this.#within = undefined;
  }
}
