import type { ServerResponse } from 'node:http';
import { buildAnthropicError } from '../core/anthropic/error-body.ts';
import type { Problem } from '../core/exchange.ts';
import { buildOpenAiError } from '../core/openai/error-body.ts';
import type { Family } from './endpoint.ts';

export type HeaderFields = Readonly<Record<string, string | number>>;

export const jsonType = 'application/json';

export const sendText = (
  response: ServerResponse,
  status: number,
  contentType: string,
  body: string,
  headers: HeaderFields = {},
): void => {
  const length = Buffer.byteLength(body);
  response.writeHead(status, { ...headers, 'content-type': contentType, 'content-length': length });
  response.end(body);
};

export const sendJson = (
  response: ServerResponse,
  status: number,
  body: unknown,
  headers?: HeaderFields,
): void => sendText(response, status, jsonType, JSON.stringify(body), headers);

/** An error in the shape of the API that was called. */
export const buildErrorBody = (
  family: Family,
  status: number,
  problem: Problem,
  requestId: string,
): unknown =>
  family === 'anthropic'
    ? buildAnthropicError(status, problem.message, requestId)
    : buildOpenAiError(status, problem.message, problem.param);
