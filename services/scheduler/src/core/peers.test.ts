import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPeers, peerLifeMs } from './peers.ts';

const names = fc.uniqueArray(fc.stringMatching(/^[a-z0-9-]{1,12}$/), { minLength: 1, maxLength: 6 });
const pools = ['gpu', 'claude', 'openai'];

const siteOf = (replicas: readonly string[]) =>
  replicas.map((self) => {
    const peers = createPeers(self);
    for (const other of replicas) if (other !== self) peers.heard(other, {}, 0);
    return peers;
  });

test('law: all replicas that see each other name the same owner, and it is one of them', () => {
  fc.assert(
    fc.property(names, (replicas) => {
      for (const pool of pools) {
        const owners = new Set(siteOf(replicas).map((peers) => peers.ownerOf(pool, 0)));
        expect(owners.size).toBe(1);
        expect(replicas).toContain([...owners][0]);
      }
    }),
  );
});

test('law: when a replica goes, only what it owned changes hands', () => {
  fc.assert(
    fc.property(names, (replicas) => {
      const [gone = '', ...others] = replicas;
      if (others.length === 0) return;
      const [observer] = siteOf([...others, gone]);
      const before = pools.map((pool) => observer?.ownerOf(pool, 0));
      observer?.gone(gone);
      for (const [at, pool] of pools.entries()) {
        if (before[at] !== gone) expect(observer?.ownerOf(pool, 0)).toBe(before[at]);
        else expect(observer?.ownerOf(pool, 0)).not.toBe(gone);
      }
    }),
  );
});

test('several replicas share the pools', () => {
  const peers = createPeers('scheduler-a');
  peers.heard('scheduler-b', {}, 0);
  const owners = Array.from({ length: 100 }, (_, at) => peers.ownerOf(`pool-${at}`, 0));
  const ours = owners.filter((owner) => owner === 'scheduler-a').length;
  expect(ours).toBeGreaterThan(25);
  expect(ours).toBeLessThan(75);
});

test('a peer that is silent for three beats counts no more', () => {
  const peers = createPeers('scheduler-a');
  expect(peers.heard('scheduler-b', { gpu: 2 }, 0)).toBe(true);
  expect(peers.heard('scheduler-b', { gpu: 2 }, 10)).toBe(false);
  expect(peers.holderOf('gpu', 10 + peerLifeMs)).toBe('scheduler-b');
  expect(peers.holderOf('gpu', 11 + peerLifeMs)).toBeUndefined();
  expect(peers.isAlone(11 + peerLifeMs)).toBe(true);
  expect(peers.successorOf('gpu', 11 + peerLifeMs)).toBeUndefined();
});
