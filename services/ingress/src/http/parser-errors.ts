import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { WeirError } from '@weir/contracts';
import type { Refusal } from '../access-log.ts';
import { statusOf, toErrorBody, type Wire, wireOfHead } from '../core/error-body.ts';

/** What the HTTP parser refuses, and what does not arrive in time. */
export interface ParserErrors {
  /** To be told of each request: what the parser refuses next may be its body. */
  readonly watch: (request: IncomingMessage, response: ServerResponse) => void;
  readonly answer: (error: unknown, socket: Socket) => void;
}

interface Exchanged {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** A client that never closes would keep its connection for good; one that still sends must not be cut off at once. */
const lingerMs = 2_000;

export const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';

const toHeadError = (error: unknown): WeirError => {
  switch (codeOf(error)) {
    case 'HPE_HEADER_OVERFLOW':
      return new WeirError({ reason: 'headers_too_large', message: 'The headers are too large.' });
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new WeirError({ reason: 'request_timeout', message: 'The request did not arrive in time.' });
    default:
      return new WeirError({ reason: 'bad_header', message: 'The request is not valid HTTP/1.1.' });
  }
};

const toBodyError = (error: unknown): WeirError =>
  codeOf(error) === 'ERR_HTTP_REQUEST_TIMEOUT'
    ? toHeadError(error)
    : new WeirError({ reason: 'bad_body', message: 'The body did not arrive as its headers said.' });

/** The parser keeps the packet that it failed on. Where the head came in one, that is the whole head. */
const wireOfPacket = (error: unknown): Wire => {
  if (typeof error !== 'object' || error === null || !('rawPacket' in error)) return 'openai';
  if (!Buffer.isBuffer(error.rawPacket)) return 'openai';
  const packet = error.rawPacket.toString('latin1');
  const [, path = ''] = /^[A-Z]+ (\S+)/.exec(packet) ?? [];
  const [version] = /^anthropic-version:/im.exec(packet) ?? [];
  return wireOfHead(path, { 'anthropic-version': version });
};

const toAnswer = ({ wire: body }: WeirError, wire: Wire, id: string): string => {
  const status = statusOf(body, wire);
  const text = toErrorBody(body, wire, id);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(text)}`,
    `x-request-id: ${id}`,
    `x-correlation-id: ${id}`,
    ...(wire === 'anthropic' ? [`request-id: ${id}`] : []),
    'connection: close',
  ];
  return `${head.join('\r\n')}\r\n\r\n${text}`;
};

const endSoon = (socket: Socket, bytes: string): void => {
  socket.end(bytes);
  const timer = setTimeout(() => socket.destroy(), lingerMs).unref();
  socket.once('close', () => clearTimeout(timer));
};

/** Whoever reads the body is told, and answers as it answers everything else. */
const failBody = ({ request, response }: Exchanged, error: unknown): void => {
  response.setHeader('connection', 'close');
  request.emit('error', toBodyError(error));
};

export const createParserErrors = (input: {
  readonly newId: () => string;
  readonly onRefused: (refusal: Refusal) => void;
}): ParserErrors => {
  const latest = new WeakMap<Socket, Exchanged>();

  /** It never became a request: the answer is written to the socket. */
  const refuseHead = (error: unknown, socket: Socket): void => {
    const requestId = input.newId();
    const weirError = toHeadError(error);
    // Connections that were opened in advance and never used are no requests.
    if (socket.bytesRead > 0) input.onRefused({ method: '', path: '', requestId, error: weirError });
    endSoon(socket, toAnswer(weirError, wireOfPacket(error), requestId));
  };

  return {
    watch: (request, response) => {
      latest.set(request.socket, { request, response });
    },
    answer: (error, socket) => {
      if (!socket.writable) return;
      const exchanged = latest.get(socket);
      if (exchanged === undefined) return refuseHead(error, socket);
      const { request, response } = exchanged;
      const hasBegun = response.headersSent && !response.writableFinished;
      // An answer in the middle of another one would be read as part of it.
      if (hasBegun) socket.destroy();
      else if (request.complete) refuseHead(error, socket);
      else if (request.listenerCount('error') > 0) failBody(exchanged, error);
      else socket.destroy();
    },
  };
};
