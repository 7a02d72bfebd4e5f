import { setTimeout as delay } from 'node:timers/promises';
import { pacedModel, tokenIntervalMs } from '../upstream/bench-models.ts';
import { buildChatRequest } from './chat-request.ts';
import { type Connection, openConnection } from './connection.ts';
import { createStampReader, readSharedMicros } from './delta-stamps.ts';
import type { PacedStreamsJob, PacedStreamsResult } from './jobs.ts';
import { createLatencyHistogram } from './latency-histogram.ts';

const stallMicros = 250_000;
const graceMs = 5_000;

interface Tally {
  completed: number;
  tokens: number;
  stalls: number;
  readonly firstToken: ReturnType<typeof createLatencyHistogram>;
  readonly tokenDelay: ReturnType<typeof createLatencyHistogram>;
}

/** Runs one stream; resolves when it ended or its connection was lost. */
const runStream = async (
  job: PacedStreamsJob,
  request: Buffer,
  tally: Tally,
  opened: (connection: Connection) => void,
): Promise<void> => {
  const ended = Promise.withResolvers<void>();
  let sentMicros = 0;
  let lastTokenMicros: number | undefined;
  let nextIndex = 0;
  let inOrder = true;
  const stamps = createStampReader((index, stampedMicros) => {
    const nowMicros = readSharedMicros();
    inOrder &&= index === nextIndex;
    nextIndex += 1;
    tally.tokens += 1;
    tally.tokenDelay.record(nowMicros - stampedMicros);
    if (lastTokenMicros === undefined) tally.firstToken.record(nowMicros - sentMicros);
    else if (nowMicros - lastTokenMicros > stallMicros) tally.stalls += 1;
    lastTokenMicros = nowMicros;
  });
  const sink = {
    body: stamps.feed,
    end: ({ statusCode }: { statusCode: number }): void => {
      if (statusCode === 200 && inOrder && nextIndex === job.tokensPerStream) tally.completed += 1;
      ended.resolve();
    },
  };
  const connection = await openConnection(job.target.port, sink, ended.resolve);
  opened(connection);
  sentMicros = readSharedMicros();
  connection.send(request);
  await ended.promise;
};

export const runPacedStreams = async (job: PacedStreamsJob): Promise<PacedStreamsResult> => {
  const request = buildChatRequest(job.target, { model: pacedModel(job.tokensPerStream), stream: true });
  const tally: Tally = {
    completed: 0,
    tokens: 0,
    stalls: 0,
    firstToken: createLatencyHistogram(),
    tokenDelay: createLatencyHistogram(),
  };
  const connections: Connection[] = [];
  const startStream = async (index: number): Promise<void> => {
    await delay((index * job.rampMs) / job.streams);
    // A stream that cannot connect is one that did not complete.
    await runStream(job, request, tally, (connection) => connections.push(connection)).catch(() => {});
  };
  const all = Promise.all(Array.from({ length: job.streams }, (_, index) => startStream(index)));
  const deadline = new AbortController();
  const giveUpMs = job.rampMs + job.tokensPerStream * tokenIntervalMs + graceMs;
  await Promise.race([all, delay(giveUpMs, undefined, { signal: deadline.signal }).catch(() => {})]);
  deadline.abort();
  for (const connection of connections) connection.close();
  return {
    kind: 'paced-streams',
    completed: tally.completed,
    streams: job.streams,
    tokens: tally.tokens,
    stalls: tally.stalls,
    firstToken: tally.firstToken.summarize(),
    tokenDelay: tally.tokenDelay.summarize(),
  };
};
