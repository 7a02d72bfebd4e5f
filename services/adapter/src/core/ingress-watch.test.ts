import { expect, it } from 'vitest';
import { createIngressWatch } from './ingress-watch.ts';

it('an ingress is silent when nothing was heard of it for longer than the limit, and is told so once', () => {
  const watch = createIngressWatch(100);
  watch.seen('i1', 0);
  watch.seen('i2', 50);
  expect(watch.takeSilent(100)).toEqual([]);
  expect(watch.takeSilent(101)).toEqual(['i1']);
  expect(watch.takeSilent(150)).toEqual([]);
  watch.seen('i2', 150);
  expect(watch.takeSilent(250)).toEqual([]);
  expect(watch.takeSilent(251)).toEqual(['i2']);
  expect(watch.takeSilent(9_999)).toEqual([]);
});
