import { describe, expect, it } from 'vitest';
import { createTargetPaces, type TargetPaces } from './target-paces.ts';

const stream = { pool: 'p', target: 't0', tokens: 2_000, answersAtOnce: true };

const answer = (paces: TargetPaces, tookMs: number, given: Partial<typeof stream> = {}): void => {
  const ticket = paces.take({ ...stream, ...given });
  ticket.called(1_000);
  ticket.firstByte({ succeeded: true }, 1_000 + tookMs);
  ticket.end(9_000);
};

describe('the pace of a target', () => {
  it('is unknown before anything came of it', () => {
    const paces = createTargetPaces();
    paces.take(stream).called(0);
    expect(paces.of('p', 't0', 1_000)).toEqual({});
    expect(paces.of('p', 'never', 1_000)).toEqual({});
  });

  it('is its own, of its own pool', () => {
    const paces = createTargetPaces();
    answer(paces, 200);
    answer(paces, 400, { target: 't1' });
    expect(paces.of('p', 't0', 1_200)).toEqual({ prefillTokensPerSecond: 10_000, firstByteMs: 200 });
    expect(paces.of('p', 't1', 1_400)).toEqual({ prefillTokensPerSecond: 5_000, firstByteMs: 400 });
    expect(paces.of('q', 't0', 1_400)).toEqual({});
  });

  it('is not read off answers that come as a whole, while there are others', () => {
    const paces = createTargetPaces();
    answer(paces, 3_000, { answersAtOnce: false });
    expect(paces.of('p', 't0', 4_000)).toEqual({ firstByteMs: 3_000 });
    answer(paces, 200);
    expect(paces.of('p', 't0', 1_200)).toEqual({ prefillTokensPerSecond: 10_000, firstByteMs: 200 });
  });

  it('does not look quick by failures', () => {
    const paces = createTargetPaces();
    const failing = paces.take(stream);
    failing.called(0);
    failing.firstByte({ succeeded: false }, 60);
    failing.end(100);
    const silent = paces.take(stream);
    silent.called(100);
    silent.end(200);
    expect(paces.of('p', 't0', 200)).toEqual({});
  });

  it('takes each step of an attempt once, and none of one that was never sent', () => {
    const paces = createTargetPaces();
    const unsent = paces.take(stream);
    unsent.firstByte({ succeeded: true }, 5);
    unsent.end(5);
    const ticket = paces.take(stream);
    ticket.called(0);
    ticket.called(100);
    ticket.firstByte({ succeeded: true }, 200);
    ticket.firstByte({ succeeded: true }, 900);
    ticket.end(1_000);
    ticket.end(2_000);
    expect(paces.of('p', 't0', 200)).toEqual({ prefillTokensPerSecond: 10_000, firstByteMs: 200 });
    // Were one still open, nothing would fade.
    expect(paces.of('p', 't0', 10_200)).toMatchObject({ firstByteMs: 74 });
  });
});
