import { chatPath } from '../bench/competitors/competitor.ts';
import { buildChatRequest } from '../bench/load/chat-request.ts';
import { type Connection, openConnection } from '../bench/load/connection.ts';
import { secretOf } from './many-keys.ts';

/** Requests with one key after the other. */
export interface CountedLoadJob {
  readonly port: number;
  readonly connections: number;
  /** Number of the first request; decides with which key it begins. */
  readonly from: number;
  readonly requests: number;
  readonly keys: number;
  /** No request is sent later than this after the start. */
  readonly durationMs: number;
}

export interface CountedLoadResult {
  readonly answered: number;
  /** Answers other than 200, by their status; lost connections as status 0. */
  readonly failed: Readonly<Record<string, number>>;
}

/** Built once for each key: the load shall take little of the machine. */
const requests = new Map<number, Buffer>();

const requestOf = (port: number, keyIndex: number): Buffer => {
  const built = requests.get(keyIndex);
  if (built !== undefined) return built;
  const headers = { authorization: `Bearer ${secretOf(keyIndex)}` };
  const request = buildChatRequest({ port, path: chatPath, headers }, { model: 'instant', stream: false });
  requests.set(keyIndex, request);
  return request;
};

interface Tally {
  readonly job: CountedLoadJob;
  readonly endsAtMs: number;
  sent: number;
  answered: number;
  readonly failed: Map<string, number>;
}

const runConnection = (tally: Tally): Promise<void> =>
  new Promise((resolve, reject) => {
    const { job } = tally;
    let connection: Connection | undefined;
    const fail = (status: number): void => {
      tally.failed.set(String(status), (tally.failed.get(String(status)) ?? 0) + 1);
    };
    const sendNext = (): void => {
      if (tally.sent === job.requests || performance.now() >= tally.endsAtMs) {
        connection?.close();
        resolve();
        return;
      }
      const number = job.from + tally.sent;
      tally.sent += 1;
      connection?.send(requestOf(job.port, number % job.keys));
    };
    const sink = {
      body: () => undefined,
      end: ({ statusCode }: { statusCode: number }): void => {
        if (statusCode === 200) tally.answered += 1;
        else fail(statusCode);
        sendNext();
      },
    };
    const onLost = (): void => {
      fail(0);
      resolve();
    };
    openConnection(job.port, sink, onLost).then((opened) => {
      connection = opened;
      sendNext();
    }, reject);
  });

/** Keeps one request in flight on each connection until all were sent, or the time is over. */
export const runCountedLoad = async (job: CountedLoadJob): Promise<CountedLoadResult> => {
  const tally: Tally = {
    job,
    endsAtMs: performance.now() + job.durationMs,
    sent: 0,
    answered: 0,
    failed: new Map(),
  };
  await Promise.all(Array.from({ length: job.connections }, () => runConnection(tally)));
  return { answered: tally.answered, failed: Object.fromEntries(tally.failed) };
};
