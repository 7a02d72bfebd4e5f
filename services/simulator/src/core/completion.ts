/** The tool call that an answer consists of. */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON text. */
  readonly arguments: string;
}

export interface TokenUsage {
  readonly promptTokens: number;
  /** Part of `promptTokens` that the prefix cache held. */
  readonly cachedTokens: number;
  readonly completionTokens: number;
}

export type Finish = 'stop' | 'length' | 'tool';

/** An answer, decided before its first token is due. */
export interface Completion {
  /** Lower-case hex, without the prefix of the wire. */
  readonly id: string;
  readonly model: string;
  /** Seconds since the epoch. */
  readonly created: number;
  /** One piece a token. Of a tool call the first piece is its name, the others join to its arguments. */
  readonly pieces: readonly string[];
  readonly finish: Finish;
  readonly tool: ToolCall | undefined;
}

/** Text of the answer, or of the arguments as far as they were generated. */
export const joinPieces = (completion: Completion): string =>
  (completion.tool === undefined ? completion.pieces : completion.pieces.slice(1)).join('');
