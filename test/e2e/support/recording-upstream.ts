import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** A request as it arrived, byte for byte. */
export interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export type Answer = (recorded: RecordedRequest, response: ServerResponse) => void;

/** An upstream that keeps what it is sent. */
export interface RecordingUpstream {
  readonly url: string;
  readonly requests: readonly RecordedRequest[];
  /** The last request. @throws when there was none. */
  readonly last: () => RecordedRequest;
  /** Replaces the answer to the requests that follow. */
  readonly answerWith: (answer: Answer) => void;
  readonly clear: () => void;
  readonly close: () => Promise<void>;
}

const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };

const chunk = (fields: object): string =>
  `data: ${JSON.stringify({ id: 'rec', object: 'chat.completion.chunk', created: 1, model: 'rec', ...fields })}\n\n`;

const chatStream = [
  chunk({ choices: [{ index: 0, delta: { role: 'assistant', content: 'Hi' }, finish_reason: null }] }),
  chunk({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
  chunk({ choices: [], usage }),
  'data: [DONE]\n\n',
].join('');

const whole = JSON.stringify({ id: 'rec', object: 'recorded', model: 'rec', choices: [], usage });

/** A stream for whoever asks for one, a small JSON answer for everyone else. */
export const answerAsAsked: Answer = ({ body }, response) => {
  const streams = /"stream"\s*:\s*true/.test(body.subarray(0, 100_000).toString('latin1'));
  response.writeHead(200, {
    'content-type': streams ? 'text/event-stream; charset=utf-8' : 'application/json',
  });
  response.end(streams ? chatStream : whole);
};

const record = async (request: IncomingMessage): Promise<RecordedRequest> => {
  const chunks: Buffer[] = [];
  for await (const bytes of request) chunks.push(bytes as Buffer);
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
  );
  return { method: request.method ?? '', path: request.url ?? '', headers, body: Buffer.concat(chunks) };
};

/** `tls`: paths of the certificate and the key of an https server. */
export const startRecordingUpstream = async (tls?: {
  readonly cert: string;
  readonly key: string;
}): Promise<RecordingUpstream> => {
  const requests: RecordedRequest[] = [];
  let answer = answerAsAsked;
  const listener: RequestListener = (request, response) => {
    // Health checks come when they will: they are well answered, and not what tests look at.
    if (request.url === '/health') return response.end('{}');
    record(request).then(
      (recorded) => {
        requests.push(recorded);
        answer(recorded, response);
      },
      () => response.destroy(),
    );
  };
  const server = tls
    ? createTlsServer({ cert: readFileSync(tls.cert), key: readFileSync(tls.key) }, listener)
    : createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    requests,
    last: () => {
      const recorded = requests.at(-1);
      if (recorded === undefined) throw new Error('nothing was sent to the recording upstream');
      return recorded;
    },
    answerWith: (next) => {
      answer = next;
    },
    clear: () => {
      requests.length = 0;
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};
