import { type IncomingMessage, request as startRequest } from 'node:http';

export interface RawCall {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is. Text goes out as UTF-8. */
  readonly body?: string | Uint8Array;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** False when the connection broke before the answer was whole. */
  readonly whole: boolean;
}

const timeoutMs = 30_000;

const readHeaders = (message: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(message.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : String(value),
    ]),
  );

/** One HTTP call that shows every byte: nothing is decoded, followed, retried or normalised. */
export const call = (
  url: string,
  { method = 'POST', headers = {}, body }: RawCall = {},
): Promise<RawAnswer> =>
  new Promise((resolve, reject) => {
    let isAnswered = false;
    const bytes = body === undefined ? undefined : Buffer.from(body);
    const length =
      bytes === undefined || 'transfer-encoding' in headers
        ? {}
        : { 'content-length': String(bytes.byteLength) };
    const outgoing = startRequest(
      url,
      { method, agent: false, headers: { ...length, ...headers } },
      (message) => {
        isAnswered = true;
        const chunks: Buffer[] = [];
        const settle = (whole: boolean): void => {
          clearTimeout(timer);
          resolve({
            status: message.statusCode ?? 0,
            headers: readHeaders(message),
            body: Buffer.concat(chunks),
            whole,
          });
        };
        message.on('data', (chunk: Buffer) => chunks.push(chunk));
        message.on('end', () => settle(true));
        message.on('error', () => settle(false));
      },
    );
    const timer = setTimeout(
      () => outgoing.destroy(new Error(`no whole answer within ${timeoutMs} ms`)),
      timeoutMs,
    );
    // A server may answer and close before it has read the body: what counts is the answer.
    outgoing.on('error', (error) => {
      if (isAnswered) return;
      clearTimeout(timer);
      reject(error);
    });
    outgoing.end(bytes);
  });

export const jsonHeaders = { 'content-type': 'application/json' } as const;

/** Headers of a client of the OpenAI API. */
export const bearer = (key: string): Record<string, string> => ({
  ...jsonHeaders,
  authorization: `Bearer ${key}`,
});

/** Headers of a client of the Anthropic API. */
export const anthropicHeaders = (key: string): Record<string, string> => ({
  ...jsonHeaders,
  'x-api-key': key,
  'anthropic-version': '2023-06-01',
});

/** The tests look into answers of many shapes. */
export const parseBody = (answer: Pick<RawAnswer, 'body'>): ReturnType<typeof JSON.parse> =>
  JSON.parse(answer.body.toString());

export interface ServerSentEvent {
  readonly name: string | undefined;
  readonly data: string;
}

/** The events of an answer, comments left out. */
export const readEvents = (body: Buffer): readonly ServerSentEvent[] =>
  body
    .toString()
    .split('\n\n')
    .filter((block) => block !== '' && !block.startsWith(':'))
    .map((block) => {
      const lines = block.split('\n');
      const field = (name: string) =>
        lines.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2));
      return { name: field('event')[0], data: field('data').join('\n') };
    });
