import { Kvm } from '@nats-io/kv';
import { buckets } from '@weir/contracts';
import { startNats, type TestNats } from '@weir/testing';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createLease, type Lease } from './lease.ts';
import { connectNatsBus, type NatsBus } from './nats-bus.ts';

let nats: TestNats;
let bus: NatsBus;
let count = 0;
const never = new AbortController().signal;

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
beforeEach(() => {
  count += 1;
});

const leaseMs = 500;
const leaseOf = (holder: string): Lease =>
  createLease({ bus, name: `work-${count}`, holder, replicas: 1, leaseMs });

it('is held by one, and goes to the next as soon as it is released', async () => {
  const one = leaseOf('one');
  const other = leaseOf('other');
  expect(await one.acquire(never)).toBe('acquired');
  const waiting = other.acquire(never);
  expect(other.held).toBe(false);
  await one.release();
  expect(await waiting).toBe('acquired');
  expect([one.held, other.held]).toEqual([false, true]);
  await other.release();
});

it('is kept for longer than the lease time by being renewed', async () => {
  const one = leaseOf('one');
  await one.acquire(never);
  const impatient = AbortSignal.timeout(leaseMs * 3);
  expect(await leaseOf('other').acquire(impatient)).toBe('aborted');
  expect(one.held).toBe(true);
  await one.release();
});

it('goes to the next when its holder is not heard of any more', async () => {
  const kv = await new Kvm(bus.connection).create(buckets.leases, { history: 1, replicas: 1 });
  await kv.put(`work-${count}`, 'somebody who died');
  const began = performance.now();
  const lease = leaseOf('next');
  expect(await lease.acquire(never)).toBe('acquired');
  expect(performance.now() - began).toBeGreaterThanOrEqual(leaseMs);
  await lease.release();
});

it('is lost by a holder that was succeeded', async () => {
  const one = leaseOf('one');
  await one.acquire(never);
  const kv = await new Kvm(bus.connection).open(buckets.leases);
  await kv.put(`work-${count}`, 'other');
  await one.lost;
  expect(one.held).toBe(false);
});

it('is lost when it cannot be renewed in time, and had again when the server is back', async () => {
  const one = leaseOf('one');
  await one.acquire(never);
  await nats.kill();
  await one.lost;
  const again = one.acquire(never);
  await nats.restart();
  expect(await again).toBe('acquired');
  expect(one.problem).toBeUndefined();
  await one.release();
});
