import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';

/** Where an answer stands still until it is told to go on. */
export const moments = ['before headers', 'before first token', 'mid stream', 'before usage'] as const;

export type Moment = (typeof moments)[number];

/** What the provider counts: the oracle. */
export const counted = { input: 11, output: 6 };

/** One call that stands still. */
export interface StandingCall {
  readonly goOn: () => void;
  /** Resolves when the caller broke the connection, or the answer was read to its end. */
  readonly ended: Promise<'left' | 'read'>;
}

/** A provider of both APIs whose answers stand still at a moment that the request names in `metadata.moment`. */
export interface SteppingUpstream {
  readonly url: string;
  /** Resolves when the next call has come to where it stands still. */
  readonly standing: () => Promise<StandingCall>;
  readonly close: () => Promise<void>;
}

interface Script {
  readonly type: string;
  readonly start: string;
  /** The first half of the tokens, and the second. */
  readonly halves: readonly [string, string];
  readonly usage: string;
}

const half = Array.from({ length: counted.output / 2 }, (_, index) => `t${index}`);

const chunk = (fields: object): string =>
  `data: ${JSON.stringify({ id: 's', object: 'chat.completion.chunk', created: 1, model: 'stepping', ...fields })}\n\n`;
const choice = (delta: object, finish: string | null = null): string =>
  chunk({ choices: [{ index: 0, delta, finish_reason: finish }] });
const chatHalf = half.map((content) => choice({ content })).join('');
const chatUsage = { prompt_tokens: counted.input, completion_tokens: counted.output };

const event = (type: string, fields: object): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
const messageHalf = half
  .map((text) => event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }))
  .join('');

/** Cut into pieces, so that it too can stand still anywhere. */
const wholeScript = (answer: object, usage: object): Script => {
  const text = JSON.stringify({ ...answer, usage });
  const at = text.indexOf('"usage"');
  const middle = Math.floor(at / 2);
  return {
    type: 'application/json',
    start: text.slice(0, 1),
    halves: [text.slice(1, middle), text.slice(middle, at)],
    usage: text.slice(at),
  };
};

const messageUsage = { input_tokens: counted.input, output_tokens: counted.output };

const scriptOf = (path: string, streams: boolean): Script => {
  if (path === '/v1/messages') {
    if (!streams) return wholeScript({ type: 'message', model: 'stepping', content: half }, messageUsage);
    const message = { id: 'm', model: 'stepping', usage: { ...messageUsage, output_tokens: 1 } };
    return {
      type: 'text/event-stream',
      start: event('message_start', { message }),
      halves: [messageHalf, messageHalf],
      usage: event('message_delta', { usage: messageUsage }) + event('message_stop', {}),
    };
  }
  if (!streams)
    return wholeScript({ object: 'chat.completion', model: 'stepping', choices: half }, chatUsage);
  return {
    type: 'text/event-stream',
    start: choice({ role: 'assistant', content: '' }),
    halves: [chatHalf, chatHalf + choice({}, 'stop')],
    usage: `${chunk({ choices: [], usage: chatUsage })}data: [DONE]\n\n`,
  };
};

const play = async (response: ServerResponse, script: Script, stand: (at: Moment) => Promise<void>) => {
  await stand('before headers');
  response.writeHead(200, { 'content-type': script.type });
  response.flushHeaders();
  await stand('before first token');
  response.write(script.start + script.halves[0]);
  await stand('mid stream');
  response.write(script.halves[1]);
  await stand('before usage');
  response.end(script.usage);
};

const readText = async (stream: AsyncIterable<Buffer>): Promise<string> => {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces).toString();
};

export const startSteppingUpstream = async (): Promise<SteppingUpstream> => {
  const arrived: StandingCall[] = [];
  const server = createServer(async (request, response) => {
    const { stream, metadata } = JSON.parse(await readText(request));
    const ended = new Promise<'left' | 'read'>((resolve) => {
      response.on('close', () => resolve(response.writableFinished ? 'read' : 'left'));
    });
    const stand = async (at: Moment): Promise<void> => {
      if (at !== metadata?.moment) return;
      // What was written before has left this process when the test hears of it.
      await turn();
      await new Promise<void>((resolve) => arrived.push({ goOn: resolve, ended }));
    };
    await play(response, scriptOf(request.url ?? '', stream === true), stand);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    standing: async () => {
      const until = performance.now() + 10_000;
      while (arrived.length === 0 && performance.now() < until) await turn();
      const call = arrived.shift();
      if (call === undefined) throw new Error('no call came to where it stands still');
      return call;
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};
