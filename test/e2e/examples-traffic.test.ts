import { isAttached, waitFor } from '@weir/testing';
import { describe, expect, it } from 'vitest';
import { admin, adminMesh } from './support/admin-api.ts';
import { readExample, sendExample } from './support/example.ts';
import { parseBody } from './support/http-call.ts';
import { useMesh } from './support/mesh-under-test.ts';

const example = await readExample('traffic');
const [premium, abTest, weighted, mixtral, other] = example.calls;

describe.skipIf(isAttached())('traffic, as it stands', () => {
  const mesh = useMesh(adminMesh({ config: example.configFile }));

  const wayOf = async (...given: [Parameters<typeof sendExample>[1], Record<string, string>?]) => {
    const [call, headers] = given;
    const answer = await sendExample(mesh().baseUrl, call, headers ? { headers } : {});
    expect(answer.status).toBe(200);
    return { upstream: answer.headers['x-weir-upstream'], variant: answer.headers['x-weir-variant'] };
  };

  it('answers the calls of its README from where that says', async () => {
    expect(await wayOf(premium)).toEqual({ upstream: 'vllm-gpt4-premium', variant: undefined });
    expect(await wayOf(abTest)).toEqual({ upstream: 'vllm-model-new', variant: 'experiment' });
    expect(await wayOf(weighted)).toEqual({ upstream: 'vllm-gpt4-v1', variant: 'vllm-gpt4-v1' });
    expect(await wayOf(mixtral)).toEqual({ upstream: 'tgi-mixtral-service', variant: undefined });
  });

  it('sends others elsewhere', async () => {
    expect(await wayOf(premium, { 'X-Customer-Tier': 'standard' })).toMatchObject({
      upstream: 'vllm-gpt4-shared',
    });
    expect(await wayOf(abTest, { 'X-AB-Test-Group': 'control' })).toMatchObject({
      upstream: 'vllm-model-baseline',
    });
    const sessions = new Set<unknown>();
    await waitFor(
      async () => {
        const { upstream } = await wayOf(weighted, { 'X-Session-Id': `session-${Math.random()}` });
        return sessions.add(upstream).size === 2;
      },
      { what: 'a session of each version', intervalMs: 0 },
    );
  });

  it('has a canary at its first step, for what no rule takes', async () => {
    const canary = await waitFor(
      async () => {
        const [found] = parseBody(await admin(mesh().mesh, 'GET', '/traffic')).data;
        return found.phase === 'progressing' && found;
      },
      { what: 'the canary to begin' },
    );
    expect(canary).toMatchObject({ route: 'openai-chat', weight: 10, step: 1, steps: 5 });
    const variants = new Set<unknown>();
    await waitFor(async () => variants.add((await wayOf(other)).variant).size === 2, {
      what: 'a request for each of the two',
      intervalMs: 0,
    });
    expect(variants).toEqual(new Set(['stable', 'canary']));
  });
});
