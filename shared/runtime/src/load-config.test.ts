// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references of configuration files look like these.
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { loadConfig, readConfigText } from './load-config.ts';

const quickstart = fileURLToPath(new URL('../../../examples/quickstart/weir.yaml', import.meta.url));

const minimal = `version: 1
upstreams:
  local:
    provider: openai
    targets: ['\${URL:-http://127.0.0.1:8090}']
`;

const messageOf = (text: string, env: Record<string, string> = {}): string => {
  const loaded = readConfigText(text, 'weir.yaml', env);
  return loaded.outcome === 'failed' ? loaded.message : 'loaded';
};

const urlOf = (text: string, env: Record<string, string> = {}): string | undefined => {
  const loaded = readConfigText(text, 'weir.yaml', env);
  if (loaded.outcome === 'failed') throw new Error(loaded.message);
  return loaded.config.upstreams['local']?.targets[0]?.url;
};

describe('the quickstart', () => {
  test('is valid without any variable', async () => {
    const loaded = await loadConfig(quickstart, {});
    if (loaded.outcome === 'failed') throw new Error(loaded.message);
    const { upstreams, tenants } = loaded.config;
    expect(upstreams['sim-openai']?.targets).toEqual([
      { name: 't0', url: 'http://127.0.0.1:8090', weight: 1 },
    ]);
    expect(upstreams['sim-anthropic']?.countTokens).toBe('upstream');
    const keys = tenants.flatMap((tenant) => tenant.teams.flatMap((team) => team.keys));
    const hashOf = (key: string): string => createHash('sha256').update(key).digest('hex');
    expect(keys.map(({ id, sha256, models }) => [id, sha256, models])).toEqual([
      ['demo', hashOf('weir-demo-key'), ['*']],
      ['limited', hashOf('weir-limited-key'), ['sim-gpt-mini']],
    ]);
  });

  test('takes the URL of its simulator from the environment', async () => {
    const loaded = await loadConfig(quickstart, { WEIR_SIM_URL: 'http://simulator:9000' });
    expect(loaded).toMatchObject({
      config: { upstreams: { 'sim-openai': { targets: [{ url: 'http://simulator:9000' }] } } },
    });
  });
});

describe('the file', () => {
  test('is returned as it is', () => {
    expect(readConfigText(minimal, 'weir.yaml', { URL: 'http://host' })).toMatchObject({
      outcome: 'loaded',
      text: minimal,
    });
  });

  test('that is not there is an outcome', async () => {
    expect(await loadConfig('/nowhere/weir.yaml', {})).toEqual({
      outcome: 'failed',
      message: expect.stringMatching(/^\/nowhere\/weir\.yaml: cannot be read: ENOENT/),
    });
  });

  test('that is too large is not read', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'weir-'));
    const path = join(folder, 'weir.yaml');
    await writeFile(path, '#'.repeat(4_194_305));
    expect(await loadConfig(path, {})).toMatchObject({
      message: expect.stringContaining('found 4194305 bytes'),
    });
    await rm(folder, { recursive: true });
  });

  test.each([
    ['a duplicate key', 'version: 1\nversion: 1\n', /^weir\.yaml:2:1: Map keys must be unique/],
    ['a bracket left open', 'version: 1\nroutes: [\n', /^weir\.yaml:3:1: /],
    ['two documents', 'version: 1\n---\nversion: 1\n', /^weir\.yaml:2:1: .*multiple documents/],
    ['an alias of nothing', 'version: *one\n', /^weir\.yaml: Unresolved alias.*one/],
    ['nothing in it', '', /^weir\.yaml:1: the configuration: found nothing, expected a mapping$/],
  ])('with %s', (_, text, expected) => {
    expect(messageOf(text)).toMatch(expected);
  });

  test('with aliases that multiply is refused, not expanded', () => {
    const levels = Array.from({ length: 12 }, (_, level) =>
      level === 0
        ? 'l0: &l0 [x]'
        : `l${level}: &l${level} [${Array(9)
            .fill(`*l${level - 1}`)
            .join(', ')}]`,
    );
    expect(messageOf(levels.join('\n'))).toContain('Excessive alias count');
  });

  test('with many problems: each has its line, in order', () => {
    const text = `version: 1
listeners:
  http:
    max_connections: 5
upstreams:
  local:
    provider: openai
    targets:
      - url: \${MISSING}
      - http://host
    timeout: {}
tenants:
  - org: a.b
`;
    expect(messageOf(text).split('\n')).toEqual([
      expect.stringMatching(
        /^weir\.yaml:4: listeners\.http\.max_connections: .*did you mean "maxConnections"\?$/,
      ),
      expect.stringMatching(
        /^weir\.yaml:9: upstreams\.local\.targets\[0\]\.url: .*environment variable MISSING/,
      ),
      expect.stringMatching(/^weir\.yaml:11: upstreams\.local\.timeout: .*did you mean "timeouts"\?$/),
      expect.stringMatching(/^weir\.yaml:13: tenants\[0\]\.org: found "a\.b"/),
    ]);
  });
});

describe('variables', () => {
  const withUrl = (url: string): string => minimal.replace(/targets: .*/, `targets: [${url}]`);

  test.each<[string, Record<string, string>, string]>([
    ["'${URL:-http://default}'", {}, 'http://default'],
    ["'${URL:-http://default}'", { URL: '' }, 'http://default'],
    ["'${URL:-http://default}'", { URL: 'http://set' }, 'http://set'],
    ["'http://${HOST}:${PORT:-80}/x'", { HOST: 'host', PORT: '81' }, 'http://host:81/x'],
    ["'${URL}'", { URL: 'http://host/${OTHER}' }, 'http://host/$%7BOTHER%7D'],
  ])('%s with %j is %s', (url, env, expected) => {
    expect(urlOf(withUrl(url), env)).toBe(expected);
  });

  test('cannot add anything but their value', () => {
    const text = `${minimal}tenants: [{ org: demo, tier: '\${TIER}' }]\n`;
    const message = messageOf(text, { TIER: "x' }, { org: other" });
    expect(message).toMatch(/^weir\.yaml:6: tenants\[0\]\.tier: found [^\n]*$/);
  });

  test('are numbers and booleans where they stand alone without quotes', () => {
    const text = `${minimal}listeners:\n  http:\n    port: \${PORT}\nobservability:\n  accessLog: \${LOG:-false}\n`;
    expect(readConfigText(text, 'weir.yaml', { PORT: '0' })).toMatchObject({
      config: { listeners: { http: { port: 0 } }, observability: { accessLog: false } },
    });
    expect(messageOf(text.replace('${PORT}', "'${PORT}'"), { PORT: '0' })).toContain(
      'found "0", expected a number',
    );
  });

  test('stay out of keys, and $${ is the characters themselves', () => {
    const text = `${minimal}    aliases: { '\${KEY}': 'a-$\${b}' }\n`;
    expect(readConfigText(text, 'weir.yaml', { KEY: 'x' })).toMatchObject({
      config: { upstreams: { local: { aliases: { '${KEY}': 'a-${b}' } } } },
    });
  });

  test.each(['${}', '${A-b}', '${1}', 'x${', '${A'])('%j is no reference', (text) => {
    expect(messageOf(`${minimal}    models: ['${text}']\n`, { A: '1' })).toContain(
      'weir.yaml:6: upstreams.local.models[0]: found',
    );
  });
});
