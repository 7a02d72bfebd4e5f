import { setTimeout as delay } from 'node:timers/promises';
import { waitFor } from '@weir/testing';
import { Agent, request } from 'undici';

/** How one request ended, as its client saw it. */
export interface Outcome {
  readonly ended: 'whole' | 'in-band-error' | 'error-status' | 'cut' | 'refused';
  readonly stream: boolean;
  readonly status: number | undefined;
  /** A byte of the answer's body had arrived. */
  readonly begun: boolean;
  /** Milliseconds of `performance.now()`. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** From the last byte but the error to the error, or the whole time when nothing came. */
  readonly silenceMs: number;
  readonly detail: string;
}

export interface SteadyLoad {
  readonly outcomes: readonly Outcome[];
  /** Requests under way. */
  readonly inFlight: () => number;
  /** Begins no more, and resolves when the last one has ended. */
  stop(): Promise<readonly Outcome[]>;
}

export interface SteadyLoadOptions {
  /** Asked for each request: where clients may go now. */
  readonly baseUrls: () => readonly string[];
  readonly concurrency: number;
  /** Output tokens of each answer; a stream takes about so many times `tokenMs`. A function is asked for each request. */
  readonly tokens: number | (() => number);
  readonly firstTokenMs: number;
  readonly tokenMs: number;
  /** Share of streams among the requests; the others are whole answers. */
  readonly streams: 'all' | 'none' | 'half';
  /** Like the official clients, tries again when the connection broke before any byte. */
  readonly retriesBrokenConnections?: boolean;
}

const clientTimeoutMs = 60_000;

const tokensOf = ({ tokens }: SteadyLoadOptions): number => (typeof tokens === 'number' ? tokens : tokens());

interface Call {
  readonly baseUrl: string;
  readonly stream: boolean;
  readonly options: SteadyLoadOptions;
  readonly agent: Agent;
}

const callOnce = async ({ baseUrl, stream, options, agent }: Call): Promise<Outcome> => {
  const startedAt = performance.now();
  let begun = false;
  let status: number | undefined;
  let lastAt = startedAt;
  let text = '';
  const finish = (ended: Outcome['ended'], detail = ''): Outcome => {
    const endedAt = performance.now();
    return { ended, stream, status, begun, startedAt, endedAt, silenceMs: endedAt - lastAt, detail };
  };
  try {
    const answer = await request(`${baseUrl}/v1/chat/completions`, {
      dispatcher: agent,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: 'Bearer weir-demo-key',
        'x-sim-ttft-ms': String(options.firstTokenMs),
        'x-sim-itl-ms': String(options.tokenMs),
      },
      body: JSON.stringify({
        model: 'sim-gpt',
        stream,
        messages: [{ role: 'user', content: `[[tokens:${tokensOf(options)}]] go` }],
      }),
    });
    status = answer.statusCode;
    for await (const chunk of answer.body) {
      begun = true;
      const piece = String(chunk);
      text += piece;
      if (!piece.includes('"error"')) lastAt = performance.now();
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const detail = `${code} ${error instanceof Error ? error.message : String(error)}`;
    return finish(code === 'ECONNREFUSED' ? 'refused' : 'cut', detail);
  }
  if (status !== 200) return finish('error-status', text.slice(0, 300));
  if (!stream) return finish(text.includes('"finish_reason"') ? 'whole' : 'cut', text.slice(-200));
  if (text.includes('"error"')) return finish('in-band-error', text.slice(-300));
  return finish(text.endsWith('data: [DONE]\n\n') ? 'whole' : 'cut', text.slice(-200));
};

const callLikeAClient = async (
  call: Call,
  baseUrls: () => readonly string[],
  turn: number,
): Promise<Outcome> => {
  let outcome = await callOnce(call);
  const retries = call.options.retriesBrokenConnections ? 2 : 0;
  for (let retry = 1; retry <= retries && !outcome.begun; retry += 1) {
    if (outcome.ended !== 'refused' && outcome.ended !== 'cut') break;
    const urls = baseUrls();
    outcome = await callOnce({ ...call, baseUrl: urls[(turn + retry) % urls.length] ?? call.baseUrl });
  }
  return outcome;
};

/** Lets the load run until so many more requests have ended well. */
export const untilMoreWhole = (load: SteadyLoad, count: number): Promise<unknown> => {
  const whole = (): number => load.outcomes.filter(({ ended }) => ended === 'whole').length;
  const target = whole() + count;
  return waitFor(() => whole() >= target, { timeoutMs: 20_000, what: `${count} more whole answers` });
};

/** Clients that ask one request after another until they are told to stop. */
export const startSteadyLoad = (options: SteadyLoadOptions): SteadyLoad => {
  const agent = new Agent({
    connections: options.concurrency,
    bodyTimeout: clientTimeoutMs,
    headersTimeout: clientTimeoutMs,
  });
  const outcomes: Outcome[] = [];
  let stopping = false;
  let inFlight = 0;
  let turn = 0;
  // Clients that all begin at once stay in step, and at any moment all are in the same stage.
  const staggerMs = (options.firstTokenMs + tokensOf(options) * options.tokenMs) / options.concurrency;
  const work = async (_unused: unknown, position: number): Promise<void> => {
    await delay(position * staggerMs);
    while (!stopping) {
      turn += 1;
      const mine = turn;
      const urls = options.baseUrls();
      const stream = options.streams === 'all' || (options.streams === 'half' && mine % 2 === 0);
      inFlight += 1;
      const call = { baseUrl: urls[mine % urls.length] ?? '', stream, options, agent };
      outcomes.push(await callLikeAClient(call, options.baseUrls, mine));
      inFlight -= 1;
    }
  };
  const workers = Array.from({ length: options.concurrency }).map(work);
  return {
    outcomes,
    inFlight: () => inFlight,
    stop: async () => {
      stopping = true;
      await Promise.all(workers);
      await agent.destroy();
      return outcomes;
    },
  };
};

/** Counts by how they ended, for messages of failed expectations. */
export const describeOutcomes = (outcomes: readonly Outcome[]): string => {
  const counts = new Map<string, number>();
  for (const { ended, stream, begun, detail } of outcomes) {
    const name = `${stream ? 'stream' : 'answer'} ${ended}${begun ? ' begun' : ''}${ended === 'whole' ? '' : `: ${detail}`}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].map(([name, count]) => `${count} × ${name}`).join('\n');
};
