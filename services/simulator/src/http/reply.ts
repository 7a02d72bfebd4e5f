import type { Exchange, ReportedUsage } from '../core/exchange.ts';
import type { Fault } from '../core/fault.ts';
import type { Outlet } from './outlet.ts';
import type { HeaderFields } from './send.ts';

/** Quotes inside strings are escaped, so this is a member. What was not counted is null, or missing. */
export const tellsUsage = (json: string): boolean => json.includes('"usage":{');

/** Turns released tokens into bytes of an answer. */
export interface Reply {
  /** `generated` tokens exist now, in total. */
  advance(generated: number, cachedTokens: number): void;
  /** Tokens to put in the books: sent of a stream, generated of a whole answer. */
  countTokens(): number;
  /** The final usage has been handed to the socket. */
  readonly usageSent: boolean;
}

export interface ReplyInput {
  readonly exchange: Exchange;
  /** Only those that strike inside an answer. */
  readonly fault: Fault | undefined;
  readonly outlet: Outlet;
  readonly reportUsage: (cachedTokens: number) => ReportedUsage;
  /** Headers of this answer beside its type and length. */
  readonly headers: () => HeaderFields;
  /** An error body in the shape of the API. */
  readonly buildError: (status: number, message: string) => unknown;
  /** The answer is over; what remains is to flush it. */
  readonly onEnd: (end: { readonly outcome: 'completed' | 'faulted'; readonly status: number }) => void;
  /** Nothing more will be sent, but the connection stays open. */
  readonly onStall: () => void;
}
