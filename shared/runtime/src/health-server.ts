import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Health } from './health.ts';
import type { Metrics } from './metrics.ts';

export interface HealthServer {
  readonly port: number;
  readonly close: () => Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

const json = (status: number, value: unknown): Answer => ({
  status,
  contentType: 'application/json',
  body: `${JSON.stringify(value)}\n`,
});

const answerReady = (health: Health): Answer => {
  const status = health.status();
  return status.outcome === 'ready'
    ? json(200, { status: 'ready' })
    : json(503, { status: 'not ready', checks: status.checks });
};

type ShownMetrics = Pick<Metrics, 'registry' | 'exposition'>;

const answerMetrics = async ({ registry, exposition }: ShownMetrics): Promise<Answer> => {
  try {
    return { status: 200, contentType: registry.contentType, body: await exposition() };
  } catch (error) {
    return json(500, { error: error instanceof Error ? error.message : String(error) });
  }
};

const answer = async (request: IncomingMessage, health: Health, metrics: ShownMetrics): Promise<Answer> => {
  if (request.method !== 'GET' && request.method !== 'HEAD') return json(405, { error: 'use GET' });
  switch (request.url?.split('?', 1)[0]) {
    case '/health/live':
      return json(200, { status: 'live' });
    case '/health/ready':
      return answerReady(health);
    case '/metrics':
      return answerMetrics(metrics);
    default:
      return json(404, { error: 'use /health/live, /health/ready or /metrics' });
  }
};

const send = (response: ServerResponse, { status, contentType, body }: Answer): void => {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  });
  response.end(body);
};

const explainListenError = (error: NodeJS.ErrnoException, host: string, port: number): Error => {
  const remedies: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} on ${host} is in use; set WEIR_HEALTH_PORT to a free port, or to 0 for any free one`,
    EACCES: `port ${port} is not permitted; set WEIR_HEALTH_PORT to a port above 1023`,
    EADDRNOTAVAIL: `${host} is not an address of this machine; set WEIR_HEALTH_HOST`,
    ENOTFOUND: `${host} cannot be resolved; set WEIR_HEALTH_HOST`,
  };
  const remedy = remedies[error.code ?? ''] ?? `${error.message}; see WEIR_HEALTH_HOST and WEIR_HEALTH_PORT`;
  return new Error(`The health server cannot listen: ${remedy}.`, { cause: error });
};

const listen = (server: Server, host: string, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', (error) => reject(explainListenError(error, host, port)));
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });

const close = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

export const startHealthServer = async (input: {
  host: string;
  port: number;
  health: Health;
  metrics: ShownMetrics;
}): Promise<HealthServer> => {
  const server = createServer({ requestTimeout: 5_000, headersTimeout: 5_000 }, (request, response) => {
    answer(request, input.health, input.metrics).then(
      (result) => send(response, result),
      () => response.destroy(),
    );
  });
  server.maxConnections = 64;
  const port = await listen(server, input.host, input.port);
  return { port, close: () => close(server) };
};
