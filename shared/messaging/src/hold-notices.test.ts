import { decodeHoldMessage, type HoldMessage, subjects } from '@weir/contracts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createHoldNotices, endHold } from './hold-notices.ts';

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

  it('gather what waits for as many accounts', () => {
    const notices = open();
    notices.finish('a', 2);
    notices.finish('b');
    notices.finish('c', 1);
    notices.finish('d', 2);
    vi.advanceTimersByTime(20);
    expect(sent).toEqual([
      { v: 1, kind: 'finish', accounts: 2, ids: ['a', 'd'] },
      { v: 1, kind: 'finish', ids: ['b'] },
      { v: 1, kind: 'finish', accounts: 1, ids: ['c'] },
    ]);
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

describe('what is held for a request that goes no further', () => {
  type Ended = Parameters<typeof endHold>[1];
  const end = (more: {
    held?: boolean;
    submission?: number;
    past?: { accounts: number; called: boolean };
  }) => {
    const told: string[] = [];
    const holds = {
      finish: (id: string, accounts?: number) => told.push(`finish ${id} after ${accounts}`),
      release: (id: string) => told.push(`release ${id}`),
    };
    const { held = true, submission = 0, past } = more;
    const attempt = { ...(past === undefined ? {} : { past }) };
    endHold(holds, { id: 'r1', submission, grant: { held }, attempt } as unknown as Ended);
    return told;
  };

  it.each([
    ['is given back when no attempt was begun', {}, ['release r1']],
    ['is given back when none was called', { past: { accounts: 2, called: false } }, ['release r1']],
    ['waits for their accounts when one was', { past: { accounts: 2, called: true } }, ['finish r1 after 2']],
    ['stays when another copy may be running', { submission: 1, past: { accounts: 1, called: true } }, []],
    ['stays when another copy may be running, also before any attempt', { submission: 1 }, []],
    ['is nothing when nothing is held', { held: false, past: { accounts: 1, called: true } }, []],
  ])('%s', (_what, request, told) => {
    expect(end(request)).toEqual(told);
  });
});
