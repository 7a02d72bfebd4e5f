import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { listenOnLoopback, serveRequests } from '../process/child-side.ts';
import { readPacedTokens } from './bench-models.ts';
import { closingEvents, instantStream, roleEvent, wholeAnswer } from './canned-answers.ts';
import { createPacedTicker } from './paced-ticker.ts';

interface ChatBody {
  readonly model: string;
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean };
}

const ticker = createPacedTicker();
const restOfStream = { withUsage: instantStream.rest(true), plain: instantStream.rest(false) };
const modelList = JSON.stringify({ object: 'list', data: [{ id: 'instant', object: 'model' }] });

const answerPaced = (response: ServerResponse, tokens: number, includeUsage: boolean): void => {
  response.write(roleEvent);
  const remove = ticker.add({
    tokens,
    write: (text) => response.write(text),
    finish: () => response.end(closingEvents(includeUsage)),
  });
  response.once('close', remove);
};

const answerChat = (body: ChatBody, response: ServerResponse): void => {
  if (body.stream !== true) {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': wholeAnswer.length });
    response.end(wholeAnswer);
    return;
  }
  const includeUsage = body.stream_options?.include_usage === true;
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  const pacedTokens = readPacedTokens(body.model);
  if (pacedTokens !== undefined) {
    answerPaced(response, pacedTokens, includeUsage);
    return;
  }
  response.write(instantStream.first);
  setImmediate(() => response.end(includeUsage ? restOfStream.withUsage : restOfStream.plain));
};

const handle = (request: IncomingMessage, response: ServerResponse): void => {
  if (request.method === 'GET') {
    response.writeHead(200, { 'content-type': 'application/json' }).end(modelList);
    return;
  }
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => answerChat(JSON.parse(Buffer.concat(chunks).toString()) as ChatBody, response));
};

const server = createServer({ keepAliveTimeout: 120_000, requestTimeout: 0 }, handle);
serveRequests({ port: await listenOnLoopback(server) }, async () => undefined);
