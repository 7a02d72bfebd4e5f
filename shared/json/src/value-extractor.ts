import { type ContainerKind, JsonLexer, type JsonSink, type ScalarKind } from './json-lexer.ts';
import type { JsonToken } from './json-token.ts';
import { createKeyMatcher } from './key-matcher.ts';
import { SpanRecorder } from './span-recorder.ts';
import { TextCounter, type TextMembers } from './text-counter.ts';

export interface ValueExtractor<Name extends string> {
  /** The document is not a JSON object. Values that came before the fault stay. */
  readonly failed: boolean;
  push(bytes: Uint8Array): void;
  /** Raw JSON text. Absent while not complete, when missing, or longer than `maxValueBytes`. */
  value(name: Name): string | undefined;
  /** Characters of the text so far: see `TextMembers`. 0 when none was asked for. */
  readonly textChars: number;
}

type KeyMatcher = (token: JsonToken) => string | undefined;

type Paths = Readonly<Record<string, readonly string[]>>;

/** One for each key of the path. */
type PathMatchers = readonly (readonly [name: string, matchers: readonly KeyMatcher[]])[];

interface Watch {
  readonly matchers: readonly KeyMatcher[];
  readonly recorder: SpanRecorder;
  /** How many keys of the path the current position has behind it. */
  matched: number;
  text: string | undefined;
}

/** To make these costs more than to read a short document with them. */
const knownMatchers = new WeakMap<Paths, PathMatchers>();

const matchersOf = (paths: Paths): PathMatchers => {
  const known = knownMatchers.get(paths);
  if (known) return known;
  const matchers = Object.entries(paths).map(
    ([name, path]) => [name, path.map((key) => createKeyMatcher([key]))] as const,
  );
  knownMatchers.set(paths, matchers);
  return matchers;
};

const createWatch = (matchers: readonly KeyMatcher[], maxValueBytes: number): Watch => ({
  matchers,
  recorder: new SpanRecorder(maxValueBytes),
  matched: 0,
  text: undefined,
});

const defaultMaxValueBytes = 65_536;
const maxDepth = 1_000;

class ValueSink implements JsonSink {
  lexer: JsonLexer | undefined;
  piece: Uint8Array = new Uint8Array(0);
  base = 0;
  readonly #watches: readonly Watch[];
  readonly #text: TextCounter | undefined;

  constructor(watches: readonly Watch[], text: TextCounter | undefined) {
    this.#watches = watches;
    this.#text = text;
  }

  key(token: JsonToken): void {
    const depth = this.lexer?.depth ?? 0;
    this.#text?.key(token);
    for (const watch of this.#watches) {
      if (watch.matched < depth - 1 || depth > watch.matchers.length) continue;
      watch.matched = watch.matchers[depth - 1]?.(token) === undefined ? depth - 1 : depth;
    }
  }

  scalar(kind: ScalarKind, token: JsonToken): void {
    this.#text?.scalar(kind, token);
    for (const watch of this.#watches) {
      if (this.#isValueOf(watch)) watch.text = token.rawText();
    }
  }

  open(kind: ContainerKind, start: number): void {
    this.#text?.open(kind, start, this.lexer?.depth ?? 0);
    for (const watch of this.#watches) {
      if (this.#isValueOf(watch)) watch.recorder.begin(start);
    }
  }

  close(_kind: ContainerKind, end: number): void {
    this.#text?.close(end, this.lexer?.depth ?? 0);
    for (const watch of this.#watches) {
      if (!watch.recorder.recording || this.lexer?.depth !== watch.matchers.length) continue;
      watch.text = watch.recorder.finish(end, this.piece, this.base);
    }
  }

  #isValueOf(watch: Watch): boolean {
    return this.lexer?.depth === watch.matchers.length && watch.matched === watch.matchers.length;
  }
}

/**
 * Takes single values out of a streamed JSON document without parsing the rest of it. A path is the keys from
 * the top, through objects only; of duplicate keys the last wins, as in `JSON.parse`. What finds the keys is made once for
 * each object of paths: hand in the same one.
 */
export const createValueExtractor = <Name extends string>(
  paths: Readonly<Record<Name, readonly string[]>>,
  {
    maxValueBytes = defaultMaxValueBytes,
    text,
  }: { readonly maxValueBytes?: number; readonly text?: TextMembers } = {},
): ValueExtractor<Name> => {
  const watches = new Map<string, Watch>();
  for (const [name, matchers] of matchersOf(paths)) watches.set(name, createWatch(matchers, maxValueBytes));
  const counter = text && new TextCounter(text);
  const sink = new ValueSink([...watches.values()], counter);
  const lexer = new JsonLexer(sink, { maxDepth, maxTokenBytes: maxValueBytes });
  sink.lexer = lexer;
  return {
    get failed() {
      return lexer.problem !== undefined;
    },
    push: (bytes) => {
      sink.piece = bytes;
      lexer.push(bytes);
      for (const { recorder } of watches.values()) recorder.carry(bytes, sink.base);
      sink.base += bytes.byteLength;
    },
    value: (name) => watches.get(name)?.text,
    get textChars() {
      return counter?.chars ?? 0;
    },
  };
};
