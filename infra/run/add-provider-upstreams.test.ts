import { parseConfig } from '@weir/contracts';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { addProviderUpstreams } from './add-provider-upstreams.ts';

const yaml = `
version: 1
upstreams:
  local: { provider: openai-compatible, targets: ["http://127.0.0.1:9000"] }
`;

it('leaves the configuration alone without a key', () => {
  expect(addProviderUpstreams(yaml, { OPENAI_API_KEY: '' })).toEqual({ outcome: 'unchanged' });
});

it('puts the providers with a key before what is there, as a valid configuration that holds no key', () => {
  const derived = addProviderUpstreams(yaml, { OPENAI_API_KEY: 'secret-1', ANTHROPIC_API_KEY: 'secret-2' });
  if (derived.outcome !== 'extended') throw new Error('expected an extended configuration');
  expect(derived.added).toEqual(['openai', 'anthropic']);
  expect(derived.yaml).not.toContain('secret-');
  const parsed = parseConfig(parse(derived.yaml));
  if (parsed.outcome !== 'valid') throw new Error(JSON.stringify(parsed.problems));
  expect(Object.keys(parsed.config.upstreams)).toEqual(['openai', 'anthropic', 'local']);
});

it('does not replace an upstream that the configuration names itself', () => {
  const own = `${yaml}  openai: { provider: openai, targets: ["https://proxy.example"] }\n`;
  expect(addProviderUpstreams(own, { OPENAI_API_KEY: 'secret' })).toEqual({ outcome: 'unchanged' });
});
