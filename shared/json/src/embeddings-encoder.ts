import { toQuotedBase64 } from './float-base64.ts';
import { type ContainerKind, JsonLexer, type JsonSink } from './json-lexer.ts';
import type { JsonToken } from './json-token.ts';
import { createKeyMatcher } from './key-matcher.ts';
import { SpanRecorder } from './span-recorder.ts';

export interface EmbeddingsEncoder {
  /** Why the answer cannot be encoded: not JSON, cut short, or a vector above the bound. Nothing more comes out. */
  readonly failed: string | undefined;
  /** The bytes to pass on for this piece. Parts may be views of `bytes`. */
  push(bytes: Uint8Array): Uint8Array[];
  finish(): Uint8Array[];
}

const maxVectorBytes = 1_048_576;
const maxDepth = 1_000;
const maxTokenBytes = 128;
const elementDepth = 3;
const matchData = createKeyMatcher(['data']);
const matchEmbedding = createKeyMatcher(['embedding']);

/** Absent when the array holds anything but numbers: such a value is passed on as it came. */
const parseVector = (text: string): readonly number[] | undefined => {
  const elements: readonly unknown[] = JSON.parse(text);
  return elements.every((element) => typeof element === 'number') ? elements : undefined;
};

class EmbeddingsSink implements JsonSink {
  lexer: JsonLexer | undefined;
  readonly #recorder = new SpanRecorder(maxVectorBytes);
  #inData = false;
  #isEmbedding = false;
  #piece: Uint8Array = new Uint8Array(0);
  #base = 0;
  #passed = 0;
  #parts: Uint8Array[] = [];

  beginPiece(piece: Uint8Array): void {
    this.#piece = piece;
    this.#parts = [];
  }

  endPiece(): Uint8Array[] {
    if (this.#recorder.recording) this.#recorder.carry(this.#piece, this.#base);
    else this.#passUntil(this.#base + this.#piece.byteLength);
    this.#requireBound();
    this.#base += this.#piece.byteLength;
    return this.#parts;
  }

  key(token: JsonToken): void {
    const depth = this.lexer?.depth;
    if (depth === 1) this.#inData = matchData(token) !== undefined;
    else if (depth === elementDepth) this.#isEmbedding = this.#inData && matchEmbedding(token) !== undefined;
  }

  scalar(): void {}

  open(kind: ContainerKind, start: number): void {
    const depth = this.lexer?.depth;
    if (depth === 1 && kind === 'object') this.#inData = false;
    if (depth !== elementDepth || kind !== 'array' || !this.#isEmbedding || this.lexer?.inArray) return;
    this.#passUntil(start);
    this.#recorder.begin(start);
  }

  close(_kind: ContainerKind, end: number): void {
    if (this.lexer?.depth !== elementDepth || !this.#recorder.recording) return;
    const text = this.#recorder.finish(end, this.#piece, this.#base);
    this.#passed = end;
    if (text === undefined) {
      this.#requireBound();
      return;
    }
    const vector = parseVector(text);
    this.#parts.push(vector ? toQuotedBase64(vector) : new TextEncoder().encode(text));
  }

  #passUntil(offset: number): void {
    if (offset > this.#passed)
      this.#parts.push(this.#piece.subarray(this.#passed - this.#base, offset - this.#base));
    this.#passed = offset;
  }

  #requireBound(): void {
    if (!this.#recorder.tooLong) return;
    this.lexer?.fail('bad_body', `an embedding is longer than ${maxVectorBytes} bytes`, this.#passed);
  }
}

/**
 * Turns the float arrays at `data[*].embedding` of an OpenAI embeddings answer into base64 (float32, little
 * endian), as a client asked with `encoding_format: "base64"`. Every other byte passes unchanged. Holds at most
 * one vector.
 */
export const createEmbeddingsEncoder = (): EmbeddingsEncoder => {
  const sink = new EmbeddingsSink();
  const lexer = new JsonLexer(sink, { maxDepth, maxTokenBytes });
  sink.lexer = lexer;
  return {
    get failed() {
      return lexer.problem?.message;
    },
    push: (bytes) => {
      if (lexer.problem) return [];
      sink.beginPiece(bytes);
      lexer.push(bytes);
      const parts = sink.endPiece();
      return lexer.problem ? [] : parts;
    },
    finish: () => {
      lexer.finish();
      return [];
    },
  };
};
