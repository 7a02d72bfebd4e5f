import { setTimeout as delay } from 'node:timers/promises';
import { buildChatRequest } from './chat-request.ts';
import { type Connection, openConnection } from './connection.ts';
import { readSharedMicros, stampStartByte } from './delta-stamps.ts';
import type { ClosedLoopJob, ClosedLoopResult } from './jobs.ts';
import { createLatencyHistogram } from './latency-histogram.ts';

const drainMs = 5_000;
const drainPollMs = 10;

interface Tally {
  readonly startMicros: number;
  readonly endMicros: number;
  answered: number;
  counted: number;
  failed: number;
  inFlight: number;
}

interface Loop {
  readonly tally: Tally;
  readonly request: Buffer;
  readonly job: ClosedLoopJob;
  readonly latency: ReturnType<typeof createLatencyHistogram>;
  readonly firstToken: ReturnType<typeof createLatencyHistogram>;
}

/** Keeps one request in flight on one connection until the time is over. */
const runConnection = async (loop: Loop): Promise<Connection> => {
  const { tally, request, job } = loop;
  let connection: Connection | undefined;
  let sentMicros = 0;
  let firstTokenMicros: number | undefined;

  const sendNext = (): void => {
    sentMicros = readSharedMicros();
    if (sentMicros >= tally.endMicros) return;
    firstTokenMicros = undefined;
    tally.inFlight += 1;
    connection?.send(request);
  };

  const settle = (statusCode: number): void => {
    const nowMicros = readSharedMicros();
    tally.inFlight -= 1;
    if (statusCode !== 200) tally.failed += 1;
    else tally.answered += 1;
    if (statusCode !== 200 || nowMicros < tally.startMicros || nowMicros > tally.endMicros) return;
    tally.counted += 1;
    loop.latency.record(nowMicros - sentMicros);
    if (firstTokenMicros !== undefined) loop.firstToken.record(firstTokenMicros - sentMicros);
  };

  let awaitsClose = false;
  const sink = {
    body: (bytes: Buffer): void => {
      if (!job.stream || firstTokenMicros !== undefined) return;
      if (bytes.indexOf(stampStartByte) >= 0) firstTokenMicros = readSharedMicros();
    },
    end: (response: { statusCode: number; keepAlive: boolean }): void => {
      settle(response.statusCode);
      awaitsClose = !response.keepAlive;
      if (response.keepAlive) sendNext();
    },
  };
  const reconnect = async (): Promise<void> => {
    if (!awaitsClose) {
      tally.failed += 1;
      tally.inFlight -= 1;
    }
    awaitsClose = false;
    await delay(1);
    connection = await openConnection(job.target.port, sink, onLost);
    sendNext();
  };
  const onLost = (): void => {
    if (readSharedMicros() >= tally.endMicros) return;
    reconnect().catch(() => {
      tally.failed += 1;
    });
  };
  connection = await openConnection(job.target.port, sink, onLost);
  sendNext();
  return { send: () => {}, close: () => connection?.close() };
};

export const runClosedLoop = async (job: ClosedLoopJob): Promise<ClosedLoopResult> => {
  const startMicros = readSharedMicros() + job.warmUpMs * 1000;
  const loop: Loop = {
    job,
    tally: {
      startMicros,
      endMicros: startMicros + job.durationMs * 1000,
      answered: 0,
      counted: 0,
      failed: 0,
      inFlight: 0,
    },
    request: buildChatRequest(job.target, { model: 'instant', stream: job.stream }),
    latency: createLatencyHistogram(),
    firstToken: createLatencyHistogram(),
  };
  const connections = await Promise.all(Array.from({ length: job.connections }, () => runConnection(loop)));
  await delay(job.warmUpMs + job.durationMs);
  const giveUpMicros = readSharedMicros() + drainMs * 1000;
  while (loop.tally.inFlight > 0 && readSharedMicros() < giveUpMicros) await delay(drainPollMs);
  for (const connection of connections) connection.close();
  return {
    kind: 'closed-loop',
    requestsPerSecond: (loop.tally.counted * 1000) / job.durationMs,
    answered: loop.tally.answered,
    failed: loop.tally.failed + Math.max(0, loop.tally.inFlight),
    latency: loop.latency.summarize(),
    firstToken: loop.firstToken.summarize(),
  };
};
