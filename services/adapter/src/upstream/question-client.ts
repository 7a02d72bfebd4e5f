import { Agent, type Dispatcher, request } from 'undici';

export interface Question {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Statuses with which an answer counts, and is read. */
  readonly statuses: readonly number[];
  /** Whose connections it goes over. Undefined: our own. */
  readonly over?: Dispatcher | undefined;
  /** From the question to the last byte of the answer. */
  readonly deadlineMs: number;
}

export type Answer =
  | { readonly outcome: 'answered'; readonly text: string }
  | { readonly outcome: 'status'; readonly status: number }
  | { readonly outcome: 'too_large' }
  | { readonly outcome: 'late' }
  | { readonly outcome: 'unreachable'; readonly why: string };

/** Asks servers about themselves, on connections of its own: behind a full pool of calls it would wait with them. */
export interface QuestionClient {
  /** A GET. Never rejects, and always answers within its deadline. */
  ask(question: Question): Promise<Answer>;
  /** Ends at once, with what is under way. */
  close(): Promise<void>;
}

interface QuestionClientOptions {
  /** A longer answer is not taken: nobody knows what the rest would have said. */
  readonly maxBytes: number;
}

const ownHeaders = { 'accept-encoding': 'identity', 'user-agent': 'weir/0.1' };

export const describeError = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
};

const toFailure = (error: unknown): Answer =>
  error instanceof Error && error.name === 'TimeoutError'
    ? { outcome: 'late' }
    : { outcome: 'unreachable', why: describeError(error) };

export const createQuestionClient = ({ maxBytes }: QuestionClientOptions): QuestionClient => {
  // No bound on connections: each who asks has one question under way, and one that hangs must not hold up the next.
  const agent = new Agent({ pipelining: 1 });

  const ask = async ({ url, headers, statuses, over, deadlineMs }: Question): Promise<Answer> => {
    const { statusCode, body } = await request(url, {
      dispatcher: over ?? agent,
      headers: { ...headers, ...ownHeaders },
      signal: AbortSignal.timeout(deadlineMs),
    });
    // A body that is not wanted is cut off, not read.
    body.on('error', () => undefined);
    if (!statuses.includes(statusCode)) {
      body.destroy();
      return { outcome: 'status', status: statusCode };
    }
    const pieces: Buffer[] = [];
    let bytes = 0;
    for await (const piece of body as AsyncIterable<Buffer>) {
      bytes += piece.byteLength;
      // Leaving the loop ends the connection.
      if (bytes > maxBytes) return { outcome: 'too_large' };
      pieces.push(piece);
    }
    return { outcome: 'answered', text: Buffer.concat(pieces).toString() };
  };

  return {
    ask: (question) => ask(question).catch(toFailure),
    close: () => agent.destroy(),
  };
};
