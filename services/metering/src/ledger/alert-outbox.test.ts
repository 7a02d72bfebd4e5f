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

it('is bounded, and never forgets that it has dropped some', async () => {
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
