import { readdirSync, readFileSync } from 'node:fs';
import { parseConfig, renderProblem } from '@weir/contracts';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

const folder = new URL('../../docs/', import.meta.url);

interface Fragment {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

const fragmentsOf = (file: string): Fragment[] => {
  const text = readFileSync(new URL(file, folder), 'utf8');
  return [...text.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map((match) => ({
    file,
    line: text.slice(0, match.index).split('\n').length,
    text: match[1] ?? '',
  }));
};

const names = ['local', 'openai', 'anthropic', 'local-llm', 'local-gpu-cluster'];
const upstream = { provider: 'openai-compatible', targets: ['http://127.0.0.1:8000'] };

/** What a fragment leaves out. */
const rest = { version: 1, upstreams: Object.fromEntries(names.map((name) => [name, upstream])) };

/** Variables are filled in, and what is shortened is written out, where a file is loaded. */
const filledIn = (text: string): string =>
  text.replace(/\$\{\w+:-([^}]*)\}/g, '$1').replace('7f0f…', '7f'.repeat(32));

const fragments = readdirSync(folder)
  .filter((name) => name.endsWith('.md'))
  .flatMap(fragmentsOf);

describe('the documentation', () => {
  test('has examples of configurations', () => {
    expect(fragments.length).toBeGreaterThan(5);
  });

  test.each(fragments)('shows a configuration at $file:$line that is taken as it is', ({ text }) => {
    const value = parse(filledIn(text)) as object;
    const parsed = parseConfig({ ...rest, ...value });
    expect(parsed.outcome === 'invalid' ? parsed.problems.map(renderProblem) : []).toEqual([]);
  });
});
