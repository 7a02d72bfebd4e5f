import { waitFor } from '@weir/testing';

/** One call as the simulator counted it. */
export interface SimulatorCall {
  readonly id: string;
  readonly api: string;
  readonly model: string;
  readonly status: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly outcome: 'active' | 'completed' | 'aborted' | 'faulted' | 'rejected';
  readonly startedAt: number;
  readonly abortedAt?: number;
}

/** The provider's side of the story. */
export interface SimulatorAdmin {
  readonly url: string;
  /** All calls so far. */
  readonly countCalls: () => Promise<number>;
  readonly allCalls: () => Promise<readonly SimulatorCall[]>;
  readonly callsOf: (requestId: string) => Promise<readonly SimulatorCall[]>;
  /** The calls of a request once none is under way any more. */
  readonly settledCallsOf: (requestId: string) => Promise<readonly SimulatorCall[]>;
  readonly active: () => Promise<number>;
  readonly configure: (update: object) => Promise<void>;
}

const timeoutMs = 5_000;

export const createSimulatorAdmin = (url: string): SimulatorAdmin => {
  const read = async <Body>(path: string): Promise<Body> => {
    const response = await fetch(url + path, { signal: AbortSignal.timeout(timeoutMs) });
    return (await response.json()) as Body;
  };
  const callsOf = async (id: string): Promise<readonly SimulatorCall[]> =>
    (await read<{ calls: SimulatorCall[] }>(`/admin/requests?id=${id}`)).calls;
  return {
    url,
    callsOf,
    allCalls: async () => {
      const response = await fetch(`${url}/admin/requests?list`, { signal: AbortSignal.timeout(timeoutMs) });
      const lines = (await response.text()).split('\n').filter((line) => line !== '');
      return lines.map((line): SimulatorCall => JSON.parse(line));
    },
    countCalls: async () => (await read<{ count: number }>('/admin/requests')).count,
    settledCallsOf: (id) =>
      waitFor(
        async () => {
          const calls = await callsOf(id);
          return calls.length > 0 && calls.every(({ outcome }) => outcome !== 'active') ? calls : undefined;
        },
        { what: `the calls of ${id} to end` },
      ),
    active: async () => (await read<{ active: number }>('/admin/active')).active,
    configure: async (update) => {
      const response = await fetch(`${url}/admin/config`, {
        method: 'POST',
        body: JSON.stringify(update),
        signal: AbortSignal.timeout(timeoutMs),
      });
      if (!response.ok) throw new Error(`${url} refused ${JSON.stringify(update)}: ${await response.text()}`);
    },
  };
};
