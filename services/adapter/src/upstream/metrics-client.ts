import { Agent, request } from 'undici';

export type MetricsAnswer =
  | { readonly outcome: 'read'; readonly text: string }
  | { readonly outcome: 'failed'; readonly reason: MetricsFailure };

/** Why metrics could not be read: a label of a metric. */
export type MetricsFailure = 'unreachable' | 'status' | 'too_large';

/** Reads the metrics of engines, on connections of its own: behind a full pool of calls it would wait with them. */
export interface MetricsClient {
  /** Never rejects, and always answers within the deadline. */
  read(url: string, headers: Readonly<Record<string, string>>): Promise<MetricsAnswer>;
  /** Ends at once, with what is under way. */
  close(): Promise<void>;
}

interface MetricsClientOptions {
  /** From the question to the last byte of the answer. */
  readonly deadlineMs: number;
  /** A longer answer is not taken: what is missing of it would be missing in the sums. */
  readonly maxBytes: number;
}

const accepted = {
  accept: 'text/plain; version=0.0.4',
  'accept-encoding': 'identity',
  'user-agent': 'weir/0.1',
};

const failed = (reason: MetricsFailure): MetricsAnswer => ({ outcome: 'failed', reason });

export const createMetricsClient = ({ deadlineMs, maxBytes }: MetricsClientOptions): MetricsClient => {
  const agent = new Agent({ connections: 1, pipelining: 1, connect: { timeout: deadlineMs } });

  const read = async (url: string, headers: Readonly<Record<string, string>>): Promise<MetricsAnswer> => {
    const signal = AbortSignal.timeout(deadlineMs);
    const { statusCode, body } = await request(url, {
      dispatcher: agent,
      headers: { ...headers, ...accepted },
      signal,
    });
    // A body that is not wanted is cut off, not read.
    body.on('error', () => undefined);
    if (statusCode !== 200) {
      body.destroy();
      return failed('status');
    }
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.byteLength;
      // Leaving the loop ends the connection.
      if (bytes > maxBytes) return failed('too_large');
      chunks.push(chunk);
    }
    return { outcome: 'read', text: Buffer.concat(chunks).toString() };
  };

  return {
    read: (url, headers) => read(url, headers).catch(() => failed('unreachable')),
    close: () => agent.destroy(),
  };
};
