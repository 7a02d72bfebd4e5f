import type { TokenUsage } from './completion.ts';
import type { Planning } from './plan-completion.ts';

/** The events of one streamed answer, each the full text of one server-sent event. */
export interface EventScript {
  /** Before the first token. */
  open(): readonly string[];
  token(index: number): string;
  /** After the last token. */
  close(): readonly string[];
  /** Instead of everything that would come, when the stream fails after so many events. */
  failure(passedEvents: number): readonly string[];
}

/** `undefined` usage means that the answer must not mention it. */
export type ReportedUsage = TokenUsage | undefined;

/** A request that was understood, and every answer to it. */
export interface Exchange {
  readonly model: string;
  readonly promptTokens: number;
  /** Tokens to generate. 0 when the answer is not text. */
  readonly outputTokens: number;
  /** Label of vLLM's success counter. */
  readonly finishedReason: 'stop' | 'length';
  /** vLLM's request priority: lower is served first. */
  readonly priority: number;
  readonly texts: readonly string[];
  /** Present when the client asked for a stream. */
  readonly script: ((usage: ReportedUsage) => EventScript) | undefined;
  readonly whole: (usage: ReportedUsage) => unknown;
}

export interface Problem {
  readonly message: string;
  /** Name of the field at fault. */
  readonly param: string | null;
}

export type Prepared =
  | { readonly outcome: 'ready'; readonly exchange: Exchange }
  | { readonly outcome: 'invalid'; readonly problem: Problem };

/** Turns the parsed body of one API into an exchange. */
export type Prepare = (body: unknown, planning: Planning) => Prepared;

export const invalid = (message: string, param: string | null): Prepared => ({
  outcome: 'invalid',
  problem: { message, param },
});

/** The model of a request that names none. The server answers it with the API's own 400. */
export const missingModel = invalid('you must provide a model parameter', 'model');
