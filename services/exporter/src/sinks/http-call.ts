import { Agent, request } from 'undici';
import type { DeliverOutcome, HttpAnswer } from '../core/judge-answer.ts';
import { parseRetryAfter } from '../core/retry-pause.ts';

export type CallOutcome =
  | { readonly outcome: 'answered'; readonly answer: HttpAnswer }
  | Extract<DeliverOutcome, { outcome: 'failed' }>;

export interface HttpCaller {
  post(body: string, headers: Readonly<Record<string, string>>): Promise<CallOutcome>;
  close(): Promise<void>;
}

/** All that anybody reads of an answer. */
const mostAnswerBytes = 64 * 1024;

type Body = AsyncIterable<Buffer> & { destroy(): unknown };

const readText = async (body: Body): Promise<string> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (bytes >= mostAnswerBytes) {
      body.destroy();
      break;
    }
  }
  return Buffer.concat(chunks).subarray(0, mostAnswerBytes).toString();
};

const problemOf = (error: unknown): string => {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return [typeof code === 'string' ? code : undefined, String(message ?? error)].filter(Boolean).join(': ');
};

/** Posts to one URL, over connections of its own. Redirects are not followed: they would carry the secret elsewhere. */
export const createHttpCaller = (url: string, timeoutMs: number): HttpCaller => {
  const dispatcher = new Agent({ connections: 2, connect: { timeout: timeoutMs } });
  return {
    post: async (body, headers) => {
      try {
        const response = await request(url, {
          method: 'POST',
          body,
          headers: { 'user-agent': 'weir', ...headers },
          dispatcher,
          signal: AbortSignal.timeout(timeoutMs),
        });
        const retryAfter = response.headers['retry-after'];
        const header = Array.isArray(retryAfter) ? retryAfter[0] : retryAfter;
        const retryAfterMs = parseRetryAfter(header, Date.now());
        const text = await readText(response.body);
        return { outcome: 'answered', answer: { status: response.statusCode, text, retryAfterMs } };
      } catch (error) {
        return { outcome: 'failed', problem: problemOf(error) };
      }
    },
    close: () => dispatcher.destroy(),
  };
};

/** `path` under a base URL that may have a path of its own. */
export const urlBelow = (base: string, path: string): string => base.replace(/\/+$/, '') + path;
