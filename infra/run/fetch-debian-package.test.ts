import { expect, it } from 'vitest';
import { readDebianMirror } from './fetch-debian-package.ts';

it('reads the mirror of either format of apt sources', () => {
  expect(readDebianMirror('Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm\n')).toBe(
    'http://mirror.example/debian',
  );
  expect(readDebianMirror('deb [arch=amd64] https://mirror.example/pub/debian/ bookworm main\n')).toBe(
    'https://mirror.example/pub/debian',
  );
});

it('never takes the security archive or a third party for the mirror', () => {
  const sources =
    'URIs: http://mirror.example/debian-security\ndeb https://download.example/linux/debian-x bookworm main';
  expect(readDebianMirror(sources)).toBeUndefined();
});
