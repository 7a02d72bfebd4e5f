import { decodeHoldMessage, type HoldMessage, subjects } from '@weir/contracts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createHoldNotices } from './hold-notices.ts';

describe('hold notices', () => {
  const sent: (HoldMessage | undefined)[] = [];
  const open = () =>
    createHoldNotices({
      publish: (subject, payload) => {
        expect(subject).toBe(subjects.holds);
        sent.push(decodeHoldMessage(payload));
      },
    });

  beforeEach(() => {
    sent.length = 0;
    vi.useFakeTimers();
  });
  afterEach(() => vi.useRealTimers());

  it('gather what ends within a few milliseconds into one message of a kind', () => {
    const notices = open();
    notices.finish('a');
    notices.release('b');
    notices.finish('c');
    expect(sent).toEqual([]);
    vi.advanceTimersByTime(20);
    expect(sent).toEqual([
      { v: 1, kind: 'finish', ids: ['a', 'c'] },
      { v: 1, kind: 'release', ids: ['b'] },
    ]);
    notices.finish('d');
    vi.advanceTimersByTime(20);
    expect(sent.at(-1)).toEqual({ v: 1, kind: 'finish', ids: ['d'] });
    expect(sent.length).toBe(3);
  });

  it('go out at once when as many wait as a message takes', () => {
    const notices = open();
    for (let count = 0; count < 501; count += 1) notices.finish(`r${count}`);
    expect(sent.map((message) => message?.ids.length)).toEqual([500]);
    notices.flush();
    expect(sent.map((message) => message?.ids.length)).toEqual([500, 1]);
    vi.advanceTimersByTime(100);
    expect(sent.length).toBe(2);
  });

  it('extend in chunks, and say nothing of nobody', () => {
    const notices = open();
    notices.extend([]);
    expect(sent).toEqual([]);
    notices.extend(Array.from({ length: 1_201 }, (_, index) => `r${index}`));
    expect(sent.map((message) => message?.ids.length)).toEqual([500, 500, 201]);
    expect(new Set(sent.flatMap((message) => message?.ids ?? [])).size).toBe(1_201);
  });
});
