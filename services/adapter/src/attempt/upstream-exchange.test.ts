import { expect, it } from 'vitest';
import { providerRegistry } from '../providers/registry.ts';
import { upstreamConfig } from '../testdata/upstream-config.ts';
import type { AttemptDeps, AttemptInput } from './attempt-deps.ts';
import { callUpstream } from './upstream-exchange.ts';

const modelHeader = 'x-model-name';

/** What the upstream is sent of a request for `asked`, which it knows as `known`. */
const sentFor = (
  text: string,
  { api, asked, known, header }: { api: string; asked: string; known: string; header?: string },
) => {
  const at = text.indexOf('"model":') + '"model":'.length;
  const marks = text.includes('"model"') ? { model: [at, text.indexOf('"', at + 1) + 1] } : {};
  let sent: { body: unknown; headers: Record<string, string> } | undefined;
  const input = {
    meta: {
      id: 'r1',
      api,
      model: asked,
      ...(header === undefined ? {} : { modelHeader: header }),
      marks: { open: 1, ...(text === '{}' ? { empty: true } : {}), ...marks },
      features: {},
      grant: {},
      body: { where: 'inline', bytes: text.length },
      client: { ip: '', headers: header === undefined ? {} : { [header]: asked } },
      attempt: { number: 1, model: known, target: 't0' },
    },
    body: new TextEncoder().encode(text),
    upstream: {
      name: 'pool',
      config: upstreamConfig('http://localhost'),
      provider: providerRegistry.openai,
      client: { dispatch: (call: typeof sent) => (sent = call) },
      rulesOf: () => undefined,
    },
  } as unknown as AttemptInput;
  callUpstream({} as AttemptDeps, input, 'k3x', {});
  return [Buffer.from(sent?.body as Uint8Array).toString(), sent?.headers[modelHeader]];
};

const header = modelHeader;

it.each([
  [
    'a model of the body stays',
    '{"model":"a"}',
    { api: 'openai.chat', asked: 'a', known: 'a' },
    '{"model":"a"}',
    undefined,
  ],
  [
    'or becomes that of the upstream',
    '{"model":"a"}',
    { api: 'openai.chat', asked: 'a', known: 'b' },
    '{"model":"b"}',
    undefined,
  ],
  [
    'in the header, too',
    '{"model":"a"}',
    { api: 'openai.chat', asked: 'a', known: 'b', header },
    '{"model":"b"}',
    'b',
  ],
  [
    'one of the header alone goes into the body of an API that has it there',
    '{"n":1}',
    { api: 'openai.chat', asked: 'a', known: 'a', header },
    '{"model":"a","n":1}',
    'a',
  ],
  [
    'also in the place of an empty one',
    '{"model":""}',
    { api: 'openai.chat', asked: 'a', known: 'a', header },
    '{"model":"a"}',
    'a',
  ],
  [
    'a body of its own kind stays as it is',
    '{"n":1}',
    { api: 'generic', asked: 'a', known: 'b', header },
    '{"n":1}',
    'b',
  ],
])('%s', (_what, text, request, body, told) => {
  expect(sentFor(text, request)).toEqual([body, told]);
});
