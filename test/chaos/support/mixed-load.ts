import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { SeededRandom } from './seeded-random.ts';

/** What one request of the mix does. */
const kinds = [
  'answer',
  'answer',
  'answer',
  'stream',
  'stream',
  'anthropic-answer',
  'anthropic-stream',
  'leave-early',
  'leave-mid-stream',
  'upstream-error',
  'upstream-reset',
  'truncated-stream',
  'no-usage',
] as const;

type Kind = (typeof kinds)[number];

export interface MixedLoadOptions {
  readonly baseUrls: () => readonly string[];
  readonly requests: number;
  readonly concurrency: number;
  readonly random: SeededRandom;
  readonly keys: readonly string[];
  /** Whoever has no whole answer by then hangs, milliseconds. */
  readonly patienceMs: number;
  /** Called with the number of requests that have ended. */
  readonly onProgress?: (done: number) => void;
}

export interface MixedLoadResult {
  /** How many requests of each kind ended in which way. */
  readonly endings: ReadonlyMap<string, number>;
  /** The same over all kinds. */
  readonly totals: ReadonlyMap<string, number>;
}

/** What a client that did not leave by itself may see. `cut`: its connection was closed. `hung`: it had no whole answer in time. */
type Ending = `${number}` | 'left' | 'cut' | 'hung';

const faults: Partial<Record<Kind, string>> = {
  'upstream-error': '500',
  'upstream-reset': 'reset-before',
  'truncated-stream': 'truncate:3',
  'no-usage': 'no-usage',
};

const isAnthropic = (kind: Kind): boolean => kind.startsWith('anthropic');
const isStream = (kind: Kind): boolean =>
  ['stream', 'anthropic-stream', 'leave-mid-stream', 'truncated-stream'].includes(kind);

interface Plan {
  readonly kind: Kind;
  readonly key: string;
  readonly tokens: number;
  readonly leaveAfterMs: number;
  readonly urlTurn: number;
}

const draw = (random: SeededRandom, keys: readonly string[]): Plan => ({
  kind: random.pick(kinds),
  key: random.pick(keys),
  tokens: random.between(1, 30),
  leaveAfterMs: random.between(1, 60),
  urlTurn: random.between(0, 1_000),
});

const bodyOf = ({ kind, tokens }: Plan): string =>
  JSON.stringify({
    model: isAnthropic(kind) ? 'sim-claude' : 'sim-gpt',
    stream: isStream(kind),
    max_tokens: 100,
    messages: [{ role: 'user', content: `[[tokens:${tokens}]] ${'word '.repeat(tokens)}` }],
  });

const callOnce = async (
  plan: Plan,
  urls: readonly string[],
  agent: Agent,
  patienceMs: number,
): Promise<Ending> => {
  const { kind, key, leaveAfterMs, urlTurn } = plan;
  const fault = faults[kind];
  const leaving = new AbortController();
  const patience = AbortSignal.timeout(patienceMs);
  const timer =
    kind === 'leave-early' ? setTimeout(() => leaving.abort(), Math.min(leaveAfterMs, 15)) : undefined;
  try {
    const path = isAnthropic(kind) ? '/v1/messages' : '/v1/chat/completions';
    const answer = await request(`${urls[urlTurn % urls.length]}${path}`, {
      dispatcher: agent,
      method: 'POST',
      signal: AbortSignal.any([leaving.signal, patience]),
      headers: {
        'content-type': 'application/json',
        'x-api-key': key,
        ...(isAnthropic(kind) ? { 'anthropic-version': '2023-06-01' } : {}),
        ...(fault === undefined ? {} : { 'x-sim-fault': fault }),
      },
      body: bodyOf(plan),
    });
    for await (const _chunk of answer.body) {
      if (kind === 'leave-mid-stream') {
        await delay(leaveAfterMs);
        leaving.abort();
      }
    }
    return `${answer.statusCode}`;
  } catch {
    if (leaving.signal.aborted) return 'left';
    return patience.aborted ? 'hung' : 'cut';
  } finally {
    clearTimeout(timer);
  }
};

/** So many requests of every kind, from so many clients at a time. Ends when all have ended. */
export const runMixedLoad = async (options: MixedLoadOptions): Promise<MixedLoadResult> => {
  const { baseUrls, requests, concurrency, random, keys, patienceMs, onProgress } = options;
  const agent = new Agent({
    connections: concurrency,
    // Each request has a time of its own.
    bodyTimeout: 0,
    headersTimeout: 0,
  });
  const endings = new Map<string, number>();
  const totals = new Map<string, number>();
  const count = (map: Map<string, number>, name: string) => map.set(name, (map.get(name) ?? 0) + 1);
  let begun = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    while (begun < requests) {
      begun += 1;
      const plan = draw(random, keys);
      const ending = await callOnce(plan, baseUrls(), agent, patienceMs);
      // A closed door is no load: a client waits before it knocks again.
      if (ending === '503' || ending === 'cut') await delay(100);
      count(endings, `${plan.kind} ${ending}`);
      count(totals, ending);
      done += 1;
      onProgress?.(done);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  await agent.destroy();
  return { endings, totals };
};
