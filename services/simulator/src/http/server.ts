import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Simulation } from '../simulation.ts';
import { serveAdmin } from './admin.ts';
import { anthropicEndpoints } from './anthropic.ts';
import type { Endpoint } from './endpoint.ts';
import { serveModels } from './models.ts';
import { openAiEndpoints } from './openai.ts';
import { buildErrorBody, sendJson, sendText } from './send.ts';
import { serveInference } from './serve-inference.ts';

const endpoints: ReadonlyMap<string, Endpoint> = new Map(
  Object.entries({ ...openAiEndpoints, ...anthropicEndpoints }),
);

const sendNotFound = (response: ServerResponse, request: IncomingMessage): void => {
  const problem = { message: `Unknown request URL: ${request.method} ${request.url}`, param: null };
  sendJson(response, 404, buildErrorBody('openai', 404, problem, ''));
};

const sendMetrics = (simulation: Simulation, response: ServerResponse): void => {
  const { metrics } = simulation.config;
  if (metrics === 'failing') sendText(response, 500, 'text/plain', 'no metrics: configured to fail');
  else if (metrics !== 'stalled') {
    sendText(response, 200, 'text/plain; version=0.0.4', simulation.renderMetrics());
  }
};

const sendHealth = ({ config }: Simulation, response: ServerResponse): void => {
  const { healthStatus } = config;
  sendJson(response, healthStatus, { status: healthStatus < 300 ? 'ok' : 'ill' });
};

/** An error of the simulator itself must not look like an injected one. */
const sendBug = (response: ServerResponse, error: unknown): void => {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (response.headersSent) response.destroy();
  else sendText(response, 500, 'text/plain', `simulator bug: ${text}`);
};

const route = async (
  simulation: Simulation,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const [path = '/'] = (request.url ?? '/').split('?', 1);
  const endpoint = request.method === 'POST' ? endpoints.get(path) : undefined;
  if (endpoint !== undefined) return serveInference(simulation, endpoint, request, response);
  if (path.startsWith('/admin/') && (await serveAdmin(simulation, path, request, response))) return;
  if (request.method !== 'GET') return sendNotFound(response, request);
  if (path === '/v1/models' || path.startsWith('/v1/models/')) {
    return serveModels(simulation, path, request, response);
  }
  if (path === '/health') return sendHealth(simulation, response);
  if (path === '/metrics') return sendMetrics(simulation, response);
  sendNotFound(response, request);
};

export const createHttpServer = (simulation: Simulation): Server => {
  const server = createServer((request, response) => {
    route(simulation, request, response).catch((error: unknown) => sendBug(response, error));
  });
  // Longer than any client's pool keeps a connection, so that no request races with our close.
  server.keepAliveTimeout = 120_000;
  server.requestTimeout = 0;
  return server;
};
