import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSubjectToken, lastToken, partsOfHop, partsOfLoad, subjects } from './subjects.ts';

const tokens = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);

/** https://docs.nats.io/nats-concepts/subjects#wildcards */
const matches = (wildcard: string, subject: string): boolean => {
  const wanted = wildcard.split('.');
  const parts = subject.split('.');
  if (wanted.at(-1) !== '>' && wanted.length !== parts.length) return false;
  return wanted.every((one, index) => one === '*' || one === '>' || one === parts[index]);
};

describe('a token', () => {
  test('is 1 to 64 of A-Z a-z 0-9 _ -', () => {
    fc.assert(
      fc.property(tokens, (token) => {
        expect(isSubjectToken(token)).toBe(true);
      }),
    );
  });

  test.each(['', '.', 'a.b', '*', '>', 'a b', 'a\n', 'ü', 'a/b', '$KV', 'x'.repeat(65)])(
    'is never %j',
    (value) => {
      expect(isSubjectToken(value)).toBe(false);
    },
  );

  test('is all that gets into a subject', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (value) => {
        const build = () => subjects.reply('ingress-1', value);
        if (isSubjectToken(value)) expect(build().split('.')).toHaveLength(5);
        else expect(build).toThrow(TypeError);
      }),
    );
  });

  test.each([
    ['run', () => subjects.run('a.b')],
    ['reply', () => subjects.reply('a.b', 'request')],
    ['replies', () => subjects.replies('*')],
    ['control', () => subjects.control('>', 0)],
    ['controls', () => subjects.controls('a.b')],
    ['body', () => subjects.body('ingress', '*')],
    ['bodies', () => subjects.bodies('a.b')],
    ['load', () => subjects.load('pool', '')],
    ['hop', () => subjects.hop('self', 'next', 'ingress', 'a b')],
    ['hops', () => subjects.hops('*')],
  ])('is checked by %s', (_name, build) => {
    expect(build).toThrow('not a subject token');
  });

  test('is cut in the error: it may be anything, and long', () => {
    expect(() => subjects.run('x'.repeat(10_000))).toThrow(/^.{0,200}$/);
  });
});

describe('a wildcard', () => {
  test('takes the subjects of its own instance and no others', () => {
    fc.assert(
      fc.property(tokens, tokens, tokens, fc.nat(), (instance, other, request, tag) => {
        fc.pre(instance !== other);
        expect(matches(subjects.replies(instance), subjects.reply(instance, request))).toBe(true);
        expect(matches(subjects.replies(instance), subjects.reply(other, request))).toBe(false);
        expect(matches(subjects.bodies(instance), subjects.body(instance, request))).toBe(true);
        expect(matches(subjects.bodies(instance), subjects.body(other, request))).toBe(false);
        expect(matches(subjects.controls(instance), subjects.control(instance, tag))).toBe(true);
        expect(matches(subjects.controls(instance), subjects.control(other, tag))).toBe(false);
        const hop = subjects.hop(instance, 'policy', other, request);
        expect(matches(subjects.hops(instance), hop)).toBe(true);
        expect(matches(subjects.hops(other), hop)).toBe(false);
      }),
    );
  });

  test('takes every load report, and the stream every usage event', () => {
    expect(matches(subjects.loads, subjects.load('pool', 'adapter-1'))).toBe(true);
    expect(matches(subjects.usages, subjects.usage)).toBe(true);
  });
});

describe('the parts of a subject', () => {
  test('are those that it was built from', () => {
    fc.assert(
      fc.property(tokens, tokens, tokens, tokens, (self, next, ingress, request) => {
        expect(partsOfHop(subjects.hop(self, next, ingress, request))).toEqual({ next, ingress, request });
        expect(partsOfLoad(subjects.load(next, self))).toEqual({ pool: next, instance: self });
        expect(lastToken(subjects.reply(ingress, request))).toBe(request);
        expect(lastToken(subjects.body(ingress, request))).toBe(request);
      }),
    );
  });

  test('are empty where a subject has none, never an exception', () => {
    expect(partsOfHop('weir')).toEqual({ next: '', ingress: '', request: '' });
    expect(partsOfLoad('')).toEqual({ pool: '', instance: '' });
    expect(lastToken('weir')).toBe('weir');
  });
});
