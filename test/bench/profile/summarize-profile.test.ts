import { expect, test } from 'vitest';
import { renderProfile, summarizeProfile } from './summarize-profile.ts';

const frame = (functionName: string, url = '', lineNumber = 0) => ({ functionName, url, lineNumber });

const profile = {
  nodes: [
    { id: 1, callFrame: frame('(idle)') },
    { id: 2, callFrame: frame('encode', 'file:///work/shared/contracts/src/frame.ts', 9) },
    { id: 3, callFrame: frame('encode', 'file:///work/shared/contracts/src/frame.ts', 9) },
    { id: 4, callFrame: frame('', 'node:net', 4) },
  ],
  samples: [1, 2, 3, 4, 1],
  timeDeltas: [500, 300, 300, 200, 700],
};

test('one function called from two places is one line, and idle time is none', () => {
  expect(summarizeProfile(profile)).toEqual({
    totalMicros: 2000,
    idleMicros: 1200,
    functions: [
      { name: 'encode contracts/src/frame.ts:10', selfMicros: 600 },
      { name: '(anonymous) node:net:5', selfMicros: 200 },
    ],
  });
});

test('shares are of the time that was not idle', () => {
  const lines = renderProfile(summarizeProfile(profile), 1).split('\n');
  expect(lines).toHaveLength(2);
  expect(lines[0]).toContain('idle 60.0 %');
  expect(lines[1]).toContain('75.0 %');
});
