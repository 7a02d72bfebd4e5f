import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { PlannedRequest } from './workload.ts';

export interface Sample extends PlannedRequest {
  /** Of the answer; 0 when there was none. */
  readonly status: number;
  /** From the time at which it should have been sent to the first byte of the answer. Undefined: none came. */
  readonly firstByteMs: number | undefined;
  readonly totalMs: number;
}

/** How a caller's requests look: to where, with which key and headers. */
export interface CallerTarget {
  readonly baseUrl: string;
  readonly model: string;
  readonly headers: Readonly<Record<string, string>>;
}

const timeoutMs = 120_000;
const charsPerToken = 4;
const word = 'weir ';

let lastNumber = 0;

/** No two begin alike, so that no worker has seen one before. */
const promptOf = ({ promptTokens, outputTokens }: PlannedRequest): string => {
  lastNumber += 1;
  const begin = `${lastNumber} [[tokens:${outputTokens}]] `;
  const chars = promptTokens * charsPerToken;
  return `${begin}${word.repeat(Math.ceil(Math.max(0, chars - begin.length) / word.length))}`.slice(
    0,
    Math.max(begin.length, chars),
  );
};

const sendOne = async (
  planned: PlannedRequest,
  target: CallerTarget,
  startedAt: number,
  agent: Agent,
): Promise<Sample> => {
  const dueAt = startedAt + planned.atMs;
  const sinceDue = (): number => performance.now() - dueAt;
  let status = 0;
  let firstByteMs: number | undefined;
  try {
    const answer = await request(`${target.baseUrl}/v1/chat/completions`, {
      dispatcher: agent,
      method: 'POST',
      headers: { 'content-type': 'application/json', ...target.headers },
      body: JSON.stringify({
        model: target.model,
        stream: true,
        messages: [{ role: 'user', content: promptOf(planned) }],
      }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    status = answer.statusCode;
    for await (const _chunk of answer.body) firstByteMs ??= sinceDue();
  } catch {
    status = 0;
  }
  return { ...planned, status, firstByteMs: status === 200 ? firstByteMs : undefined, totalMs: sinceDue() };
};

/** Sends each request at its time, and resolves when the last one has ended. */
export const runOpenLoad = async (
  load: readonly PlannedRequest[],
  targetOf: (caller: string) => CallerTarget,
): Promise<readonly Sample[]> => {
  const agent = new Agent({ connections: 2_048, headersTimeout: timeoutMs, bodyTimeout: timeoutMs });
  const startedAt = performance.now();
  const samples: Promise<Sample>[] = [];
  for (const planned of load) {
    const pauseMs = startedAt + planned.atMs - performance.now();
    if (pauseMs > 1) await delay(pauseMs);
    samples.push(sendOne(planned, targetOf(planned.caller), startedAt, agent));
  }
  const ended = await Promise.all(samples);
  await agent.close();
  return ended;
};
