import { subjects } from '@weir/contracts';
import { type Bus, type BusMessage, bodyChunkBytes, createBodyServer, pullBody } from '@weir/messaging';
import { expect, test } from 'vitest';
import { readGolden } from './testdata.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const noop = () => undefined;
const ending = 'cdefg';
const body = Buffer.concat([Buffer.alloc(bodyChunkBytes), Buffer.from(ending)]);

/** A bus of one subscriber, which keeps what was asked and answered. */
const createWiretap = () => {
  const asked: string[] = [];
  let handler: (message: BusMessage) => void | Promise<void> = noop;
  const ask = async (subject: string, data: Uint8Array): Promise<Uint8Array> => {
    asked.push(hex(data));
    const { promise, resolve } = Promise.withResolvers<Uint8Array>();
    await handler({ subject, data, reply: 'inbox', noResponders: false, respond: resolve });
    return promise;
  };
  const bus: Bus = {
    connected: true,
    maxPayloadBytes: 1_048_576,
    publish: noop,
    subscribe: (_subject, subscriber) => {
      handler = subscriber;
      return { drain: async () => undefined, close: noop };
    },
    request: async (subject, payload) => ({ outcome: 'answered', data: await ask(subject, payload) }),
    flush: async () => undefined,
    onStatus: noop,
    close: async () => undefined,
  };
  return { bus, ask, asked };
};

test('an ingress answers body-request.hex with body-chunk.hex while it holds the body, then with body-unknown.hex', async () => {
  const { bus, ask } = createWiretap();
  const server = createBodyServer(bus, 'ingress-1');
  const subject = subjects.body('ingress-1', 'one');
  server.offer('one', body);
  expect(hex(await ask(subject, readGolden('body-request.hex')))).toBe(hex(readGolden('body-chunk.hex')));
  server.withdraw('one');
  expect(hex(await ask(subject, readGolden('body-request.hex')))).toBe(hex(readGolden('body-unknown.hex')));
});

test('who pulls a body asks for its second chunk with body-request.hex', async () => {
  const { bus, asked } = createWiretap();
  createBodyServer(bus, 'ingress-1').offer('one', body);
  const chunks: Uint8Array[] = [];
  for await (const chunk of pullBody(bus, subjects.body('ingress-1', 'one'), body.byteLength)) {
    chunks.push(chunk);
  }
  expect(Buffer.concat(chunks).equals(body)).toBe(true);
  expect(asked[1]).toBe(hex(readGolden('body-request.hex')));
});
