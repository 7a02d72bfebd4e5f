import { DiscardPolicy, type StreamConfig } from '@nats-io/jetstream';
import { streams } from '@weir/contracts';
import { describe, expect, it } from 'vitest';
import { streamSettings, weaknessesOf } from './stream-settings.ts';

const found = (name: string, changes: Partial<StreamConfig>): StreamConfig => {
  const settings = streamSettings(3).find((candidate) => candidate.name === name);
  return { max_age: 0, ...settings, ...changes } as StreamConfig;
};

describe('what is weaker than money needs it', () => {
  it('is nothing of a stream as it is made on a cluster', () => {
    for (const { name } of streamSettings(3)) expect(weaknessesOf(found(name, {}), true)).toEqual([]);
  });

  it('is too few copies, which a server without peers cannot mend and a cluster can', () => {
    for (const hasPeers of [false, true])
      expect(weaknessesOf(found(streams.ledger, { num_replicas: 1 }), hasPeers)).toEqual([
        { stream: 'LEDGER', finding: 'num_replicas is 1, should be 3 or more', isMendable: hasPeers },
      ]);
  });

  it('is whatever lets go of messages, on any server', () => {
    const hour = 3_600_000_000_000;
    expect(weaknessesOf(found(streams.usage, { max_age: hour, discard: DiscardPolicy.Old }), false)).toEqual([
      { stream: 'USAGE', finding: 'discard is old, should be new', isMendable: true },
      { stream: 'USAGE', finding: 'max_age is 3600 s, should be 3456000 s or more', isMendable: true },
    ]);
  });

  it('is nothing of a stream that is not money', () => {
    expect(weaknessesOf(found(streams.audit, { num_replicas: 1 }), true)).toEqual([]);
  });
});
