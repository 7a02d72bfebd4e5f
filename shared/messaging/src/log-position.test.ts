import { Bucket } from '@nats-io/kv';
import { startNats, type TestNats } from '@weir/testing';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createLogPositions, type LogPosition } from './log-position.ts';
import { connectNatsBus, type NatsBus } from './nats-bus.ts';

let nats: TestNats;
let bus: NatsBus;

beforeAll(async () => {
  nats = await startNats();
  bus = await connectNatsBus({
    servers: [nats.url],
    name: 'test',
    onError: () => undefined,
    onClosed: () => undefined,
  });
});
afterAll(async () => {
  await bus?.close(1_000);
  await nats?.stop();
});

const at = (sequence: number): LogPosition => ({ epoch: '2026-11-20T00:00:00Z', sequence });
const open = (key: string) => createLogPositions(bus, { key, replicas: 1 });

test('a position is where the last one who moved it left it', async () => {
  const one = open('sink.one');
  expect(await one.read()).toBeUndefined();
  expect(await one.advance(undefined, at(3))).toBe('advanced');
  expect(await one.advance(at(3), at(5))).toBe('advanced');
  expect(await open('sink.one').read()).toEqual(at(5));
});

test('of two who move it from the same place one is late, and sees so', async () => {
  const [one, other] = [open('sink.two'), open('sink.two')];
  await one.read();
  await other.read();
  const outcomes = await Promise.all([one.advance(undefined, at(3)), other.advance(undefined, at(4))]);
  expect(outcomes.toSorted()).toEqual(['advanced', 'moved']);
  const winner = outcomes[0] === 'advanced' ? at(3) : at(4);
  const loser = outcomes[0] === 'advanced' ? other : one;
  expect(await loser.advance(undefined, at(9))).toBe('moved');
  expect(await loser.read()).toEqual(winner);
  expect(await loser.advance(winner, at(9))).toBe('advanced');
});

test('a position is not moved from where it was not seen', async () => {
  const positions = open('sink.three');
  await positions.read();
  expect(await positions.advance(at(1), at(2))).toBe('moved');
  expect(await positions.read()).toBeUndefined();
});

test('a replica of the bucket that lags does not take the position back', async () => {
  const positions = open('sink.four');
  await positions.read();
  await positions.advance(undefined, at(3));
  await positions.advance(at(3), at(5));
  const get = vi.spyOn(Bucket.prototype, 'get').mockImplementationOnce(async () => undefined as never);
  expect(await positions.read()).toEqual(at(5));
  expect(get).toHaveBeenCalledOnce();
  expect(await positions.advance(at(5), at(6))).toBe('advanced');
});
