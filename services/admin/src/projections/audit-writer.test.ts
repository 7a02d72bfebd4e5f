import type { AppendOutcome, LedgerMessage, LedgerPublisher, LogReader } from '@weir/messaging';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AuditEvent, AuditedChange } from '../core/audit-event.ts';
import { createAuditWriter } from './audit-writer.ts';

/** A stream that appends behind a known sequence, and loses acknowledgements when it is told to. */
const createTrail = () => {
  const stored: LedgerMessage[] = [];
  let lose = 0;
  const publisher: LedgerPublisher = {
    append: async (unit, expectedLastSequence): Promise<AppendOutcome> => {
      await Promise.resolve();
      if (stored.length !== expectedLastSequence) return { outcome: 'conflict', lastSequence: stored.length };
      stored.push(...unit);
      if (lose > 0) {
        lose -= 1;
        throw new Error('no acknowledgement');
      }
      return { outcome: 'appended', lastSequence: stored.length };
    },
    close: () => undefined,
  };
  const reader = {
    info: async () => ({ epoch: 'trail', first: stored.length === 0 ? 0 : 1, last: stored.length }),
    read: async ({ from }: { from: number }) => ({
      outcome: 'read' as const,
      messages: stored.slice(from - 1, from).map(({ subject, payload }) => ({
        sequence: from,
        subject,
        data: payload,
        at: 0,
      })),
      pending: 0,
    }),
    close: () => undefined,
  } as unknown as LogReader;
  return {
    publisher,
    reader,
    loseNext: (count: number) => {
      lose = count;
    },
    events: () => stored.map(({ payload }): AuditEvent => JSON.parse(new TextDecoder().decode(payload))),
  };
};

const changeOf = (revision: number, bucket = 'weir_keys', epoch = 'first'): AuditedChange => ({
  bucket,
  epoch,
  revision,
  change: { by: 'root', action: 'created', at: revision, request: 'r' },
  subject: { kind: 'org', org: 'acme', state: {} },
});

const open = async (trail: ReturnType<typeof createTrail>) => {
  const writer = createAuditWriter({ publisher: trail.publisher, reader: trail.reader, source: '/test' });
  await writer.begin();
  return writer;
};

describe('the audit writer', () => {
  test('writes each revision once, whoever writes, dies in between and begins again', async () => {
    const crash = fc.record({ upTo: fc.integer({ min: 1, max: 12 }), loses: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(crash, { maxLength: 6 }), async (crashes) => {
        const trail = createTrail();
        const all = Array.from({ length: 12 }, (_, index) => changeOf(index + 1));
        for (const { upTo, loses } of crashes) {
          const writer = await open(trail);
          if (loses) trail.loseNext(1);
          for (const change of all.slice(0, upTo)) await writer.write(change).catch(() => undefined);
          trail.loseNext(0);
        }
        const both = await Promise.all([open(trail), open(trail)]);
        await Promise.all(
          both.map(async (writer) => {
            for (const change of all) await writer.write(change);
          }),
        );
        expect(trail.events().map(({ id }) => id)).toEqual(
          all.map(({ revision }) => `weir_keys.${revision}`),
        );
      }),
      { numRuns: 50 },
    );
  });

  test('tells buckets apart, and a bucket that was made anew', async () => {
    const trail = createTrail();
    const writer = await open(trail);
    await writer.write(changeOf(5));
    await writer.write(changeOf(1, 'weir_prices'));
    const again = await open(trail);
    await again.write(changeOf(5));
    await again.write(changeOf(1, 'weir_prices'));
    await again.write(changeOf(1, 'weir_keys', 'second'));
    expect(trail.events().map(({ data }) => [data.bucket, data.revision])).toEqual([
      ['weir_keys', 5],
      ['weir_prices', 1],
      ['weir_keys', 1],
    ]);
  });
});
