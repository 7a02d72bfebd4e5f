import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A status, a broken connection, or no answer until the test lets it go. */
export type Script = number | 'reset' | 'hold';

/** Requests of one kind, in the order of their arrival. */
export interface Gate {
  /** So far. */
  readonly count: () => number;
  /** Those that wait for an answer now. */
  readonly held: () => number;
  /** Those whose caller left before an answer. */
  readonly left: () => number;
  /** How the requests that follow are answered, one after the other; the last word goes for all after it. */
  readonly answerWith: (...script: Script[]) => void;
  /** Answers those that are held, the oldest first: all of them, or so many. */
  readonly release: (status: number, count?: number) => void;
}

/** A provider that is told by a test what to answer, and when. */
export interface GatedUpstream {
  readonly url: string;
  /** `GET`: questions for its health. */
  readonly checks: Gate;
  /** Everything else. */
  readonly calls: Gate;
  /** Connections that are open now. */
  readonly connections: () => number;
  /** And all that there were. */
  readonly opened: () => number;
  readonly close: () => Promise<void>;
}

const body = JSON.stringify({ id: 'gated', object: 'chat.completion', model: 'gated', choices: [] });

const send = (response: ServerResponse, status: number): void => {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(body);
};

const createGate = (): Gate & { readonly take: (response: ServerResponse) => unknown } => {
  const waiting: ServerResponse[] = [];
  let script: readonly Script[] = [200];
  let count = 0;
  let left = 0;
  return {
    count: () => count,
    held: () => waiting.length,
    left: () => left,
    answerWith: (...next) => {
      script = next;
    },
    release: (status, most = waiting.length) => {
      for (const response of waiting.splice(0, most)) send(response, status);
    },
    take: (response) => {
      count += 1;
      const [now = 200, ...rest] = script;
      if (rest.length > 0) script = rest;
      if (now === 'reset') return response.destroy();
      if (now !== 'hold') return send(response, now);
      waiting.push(response);
      response.on('close', () => {
        const place = waiting.indexOf(response);
        if (place < 0) return;
        waiting.splice(place, 1);
        left += 1;
      });
    },
  };
};

export const startGatedUpstream = async (): Promise<GatedUpstream> => {
  const checks = createGate();
  const calls = createGate();
  let connections = 0;
  let opened = 0;
  const server = createServer((request, response) => {
    const gate = request.method === 'GET' ? checks : calls;
    request.on('error', () => undefined);
    request.on('end', () => gate.take(response)).resume();
  });
  // It never closes a connection by itself: who keeps them is the one under test.
  server.keepAliveTimeout = 60_000;
  server.on('connection', (socket) => {
    connections += 1;
    opened += 1;
    socket.on('close', () => {
      connections -= 1;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    checks,
    calls,
    connections: () => connections,
    opened: () => opened,
    close: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};
