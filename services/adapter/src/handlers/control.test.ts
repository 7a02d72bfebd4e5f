import { controlKinds, encodeControl, subjects } from '@weir/contracts';
import type { BusMessage } from '@weir/messaging';
import { describe, expect, it } from 'vitest';
import type { AttemptTable } from '../attempt/attempt-table.ts';
import type { RunningAttempt } from '../attempt/running-attempt.ts';
import { createIngressWatch } from '../core/ingress-watch.ts';
import { createControlHandler } from './control.ts';

const open = () => {
  const done: string[] = [];
  const attempt = {
    tag: 7,
    requestId: 'r1',
    input: { meta: { ingress: 'i1' } },
    grant: (bytes: number, frames: number) => done.push(`grant ${bytes} ${frames}`),
    cancel: (why: string) => done.push(`cancel ${why}`),
  } as unknown as RunningAttempt;
  const table: AttemptTable = {
    size: 1,
    add: () => undefined,
    remove: () => undefined,
    ofRequest: (request) => (request === 'r1' ? attempt : undefined),
    ofTag: (tag) => (tag === 7 ? attempt : undefined),
    all: () => [attempt],
  };
  const ingresses = createIngressWatch(100);
  const clock = { now: 0 };
  const handle = createControlHandler({ table, ingresses, now: () => clock.now, confirmMs: 900 });
  const message = (tag: number, data: Uint8Array, noResponders = false): BusMessage => ({
    subject: subjects.control('a1', tag),
    data,
    reply: undefined,
    noResponders,
    respond: () => undefined,
  });
  const send = (kind: keyof typeof controlKinds, tag: number, about: string) =>
    handle(message(tag, encodeControl({ kind: controlKinds[kind], tag, bytes: 5, frames: 2, about })));
  const nobodyListens = (tag = 7) => handle(message(tag, new Uint8Array(0), true));
  return { done, clock, ingresses, send, nobodyListens, handle, message };
};

describe('a control message', () => {
  it('of credit reaches the stream that it names', () => {
    const { done, send } = open();
    send('credit', 7, 'r1');
    expect(done).toEqual(['grant 5 2']);
  });

  it('of cancel reaches the stream, or with tag 0 whatever runs the request', () => {
    const { done, send } = open();
    send('cancel', 7, 'r1');
    send('cancel', 0, 'r1');
    expect(done).toEqual(['cancel client_disconnected', 'cancel client_disconnected']);
  });

  it('about another request, an unknown stream, or nothing at all does nothing', () => {
    const { done, send, handle, message } = open();
    send('cancel', 7, 'r2');
    send('cancel', 8, 'r1');
    handle(message(7, new Uint8Array(3)));
    expect(done).toEqual([]);
  });

  it('of life is a sign of the ingress', () => {
    const { ingresses, clock, send } = open();
    send('keepAlive', 0, 'i1');
    clock.now = 101;
    expect(ingresses.takeSilent(clock.now)).toEqual(['i1']);
  });
});

describe('a packet that no ingress listened to', () => {
  it('alone means nothing: the ingress may be reconnecting', () => {
    const { done, nobodyListens, clock } = open();
    nobodyListens();
    clock.now = 800;
    nobodyListens();
    expect(done).toEqual([]);
  });

  it('and another one later, with no sign of life between them, mean that it is gone', () => {
    const { done, nobodyListens, clock } = open();
    nobodyListens();
    clock.now = 900;
    nobodyListens();
    expect(done).toEqual(['cancel client_disconnected']);
  });

  it('and another one after a sign of life are two accidents', () => {
    const { done, nobodyListens, clock, send } = open();
    nobodyListens();
    send('keepAlive', 0, 'i1');
    clock.now = 3_600_000;
    nobodyListens();
    expect(done).toEqual([]);
  });

  it('of an attempt that is over means nothing', () => {
    const { done, nobodyListens, clock } = open();
    nobodyListens(8);
    clock.now = 900;
    nobodyListens(8);
    expect(done).toEqual([]);
  });
});
