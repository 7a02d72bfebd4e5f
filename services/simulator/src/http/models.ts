import type { IncomingMessage, ServerResponse } from 'node:http';
import { buildAnthropicModel, buildAnthropicModels } from '../core/anthropic/models-body.ts';
import { buildOpenAiModel, buildOpenAiModels } from '../core/openai/models-body.ts';
import type { Simulation } from '../simulation.ts';
import { isAuthorized } from './judge-request.ts';
import { buildErrorBody, sendJson } from './send.ts';

/** Both vendors use this path; Anthropic's clients are known by their version header. */
export const serveModels = (
  simulation: Simulation,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): void => {
  const family = request.headers['anthropic-version'] === undefined ? 'openai' : 'anthropic';
  const requestId = simulation.mintId();
  const headers = {
    [family === 'anthropic' ? 'request-id' : 'x-request-id']: requestId,
    'x-sim-instance': simulation.settings.instance,
  };
  const fail = (status: number, message: string, param: string | null): void =>
    sendJson(response, status, buildErrorBody(family, status, { message, param }, requestId), headers);
  if (!isAuthorized(simulation.settings.apiKey, request.headers)) {
    fail(401, 'Incorrect API key provided.', null);
    return;
  }
  const created = simulation.createdAt();
  const createdAt = new Date(created * 1000).toISOString();
  const { models } = simulation.config;
  if (path === '/v1/models') {
    const isAnthropic = family === 'anthropic';
    const list = isAnthropic ? buildAnthropicModels(models, createdAt) : buildOpenAiModels(models, created);
    sendJson(response, 200, list, headers);
    return;
  }
  const id = decodeURIComponent(path.slice('/v1/models/'.length));
  if (!simulation.knowsModel(id)) {
    fail(404, `The model '${id}' does not exist`, 'model');
    return;
  }
  const model = family === 'anthropic' ? buildAnthropicModel(id, createdAt) : buildOpenAiModel(id, created);
  sendJson(response, 200, model, headers);
};
