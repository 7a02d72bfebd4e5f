import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseSettings } from './settings.ts';
import { readTokenFile } from './token-file.ts';

const token = 'x'.repeat(32);
const sha256 = 'a'.repeat(64);

describe('the settings of admin', () => {
  test('ask for a credential, and say how to give one', () => {
    expect(() => parseSettings({})).toThrow(
      /WEIR_ADMIN_TOKEN: found nothing, expected .*WEIR_ADMIN_TOKEN_FILE/,
    );
  });

  test('never show a token that is too short', () => {
    expect(() => parseSettings({ WEIR_ADMIN_TOKEN: 'hunter2' })).toThrow(/found 7 characters/);
    expect(() => parseSettings({ WEIR_ADMIN_TOKENS: 'root:hunter2' })).not.toThrow(/hunter2/);
  });

  test('take several credentials with names', () => {
    const { credentials } = parseSettings({
      WEIR_ADMIN_TOKEN: token,
      WEIR_ADMIN_TOKENS: `ci:${sha256}, auditor:${sha256}:read`,
    });
    expect(credentials.map(({ name, scope }) => [name, scope])).toEqual([
      ['admin', 'all'],
      ['ci', 'all'],
      ['auditor', 'read'],
    ]);
  });
});

describe('the token file', () => {
  const folder = mkdtemp(join(tmpdir(), 'weir-token-'));
  afterAll(async () => rm(await folder, { recursive: true, force: true }));

  test('is drawn once, for its owner alone', async () => {
    const file = join(await folder, 'deep', 'admin-token');
    const first = await readTokenFile(file);
    expect(first.drawn).toBe(true);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, 'utf8')).toBe(`${first.token}\n`);
    expect(await readTokenFile(file)).toEqual({ token: first.token, drawn: false });
  });

  test('is refused when what it holds is too short', async () => {
    const file = join(await folder, 'short');
    await writeFile(file, 'short\n');
    await expect(readTokenFile(file)).rejects.toThrow(/holds 5 characters/);
  });
});
