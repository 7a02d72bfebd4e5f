import { once } from 'node:events';
import { expect, it, vi } from 'vitest';
import type { ThresholdAlert } from '../core/threshold-alerts.ts';
import { createAlertOutbox } from './alert-outbox.ts';

const alertOf = (id: string): ThresholdAlert => ({ subject: `weir.alert.v1.${id}`, event: { id } as never });

it('sends one after the other, again until it is stored, and counts what is not', async () => {
  const sent: string[] = [];
  const troubles: unknown[] = [];
  const outcomes: string[] = [];
  let failures = 2;
  const outbox = createAlertOutbox({
    publish: async (_subject, _payload, id) => {
      if (failures > 0) {
        failures -= 1;
        throw new Error('away');
      }
      sent.push(id);
      return id === 'b' ? 'already_stored' : 'stored';
    },
    onSent: (outcome) => outcomes.push(outcome),
    onTrouble: (error) => troubles.push(error),
    pause: async () => undefined,
  });
  outbox.add([alertOf('a'), alertOf('b')]);
  outbox.add([alertOf('c')]);
  expect(outbox.pending).toBe(3);
  await vi.waitFor(() => expect(outbox.pending).toBe(0));
  expect(sent).toEqual(['a', 'b', 'c']);
  expect(outcomes).toEqual(['stored', 'already_stored', 'stored']);
  expect(troubles).toHaveLength(2);
  outbox.add([alertOf('d')]);
  await vi.waitFor(() => expect(sent).toContain('d'));
  await outbox.stop();
});

it('makes room as they are stored, so that whoever waits for it loses none', async () => {
  const sent = new Set<string>();
  const outbox = createAlertOutbox({
    publish: async (_subject, _payload, id) => {
      sent.add(id);
      return 'stored';
    },
    onSent: () => undefined,
    onTrouble: () => undefined,
    pause: async () => undefined,
  });
  for (let batch = 0; batch < 10; batch += 1) {
    outbox.add(Array.from({ length: 3_000 }, (_unused, index) => alertOf(`${batch}.${index}`)));
    await outbox.room();
  }
  await vi.waitFor(() => expect(outbox.pending).toBe(0));
  expect(sent.size).toBe(30_000);
});

it('says that some were lost once the others are stored, until they are about to come again', async () => {
  let isAway = true;
  const outbox = createAlertOutbox({
    publish: async () => {
      if (isAway) throw new Error('away');
      return 'stored';
    },
    onSent: () => undefined,
    onTrouble: () => undefined,
    pause: () => new Promise((resolve) => setImmediate(resolve)),
  });
  outbox.add(Array.from({ length: 10_001 }, (_unused, index) => alertOf(String(index))));
  // Nobody waits for a stream that takes nothing.
  await outbox.room();
  expect(outbox.hasLost).toBe(false);
  isAway = false;
  await vi.waitFor(() => expect(outbox.hasLost).toBe(true));
  expect(outbox.pending).toBe(1);
  outbox.begin();
  expect([outbox.hasLost, outbox.pending]).toEqual([false, 0]);
});

it('is bounded, and does not forget that it has dropped some', async () => {
  const outbox = createAlertOutbox({
    publish: async () => {
      throw new Error('away');
    },
    onSent: () => undefined,
    onTrouble: () => undefined,
    pause: async (_pauseMs, signal) => {
      if (!signal.aborted) await once(signal, 'abort');
    },
  });
  outbox.add(Array.from({ length: 10_001 }, (_unused, index) => alertOf(String(index))));
  expect(outbox.pending).toBe(10_001);
  await outbox.stop();
});
