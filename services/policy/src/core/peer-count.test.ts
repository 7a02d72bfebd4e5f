import { expect, test } from 'vitest';
import { createPeerCount } from './peer-count.ts';

test('counts itself once, and others while they are heard of', () => {
  const peers = createPeerCount('policy-1');
  expect(peers.count(0)).toBe(1);
  expect(peers.heard('policy-1', 0)).toBe(false);
  expect([peers.heard('policy-2', 0), peers.heard('policy-2', 0)]).toEqual([true, false]);
  peers.heard('policy-3', 1_000);
  expect(peers.count(3_500)).toBe(3);
  expect(peers.count(3_501)).toBe(2);
  expect(peers.count(10_000)).toBe(1);
});
