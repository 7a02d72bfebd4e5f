import { createHash } from 'node:crypto';
import { startMesh, waitFor } from '@weir/testing';
import { it, onTestFinished } from 'vitest';
import { readMetric } from './support/metrics.ts';

const secret = 'secret-of-one';
const sha256 = createHash('sha256').update(secret).digest('hex');

it('a place that a policy gave away by itself is free again as soon as the request has ended, whichever policy hears of it', async () => {
  const mesh = await startMesh({
    redis: true,
    replicas: { policy: 2 },
    config: (urls: readonly string[]) => ({
      version: 1,
      upstreams: { sim: { provider: 'openai-compatible', targets: [urls[0]], models: ['sim-gpt'] } },
      routes: [{ name: 'open', match: { path: '/v1/chat/completions' }, failureMode: 'open' }],
      tenants: [{ org: 'acme', rateLimits: [{ concurrency: 2 }], keys: [{ id: 'k', sha256 }] }],
    }),
  });
  onTestFinished(() => mesh.stop());
  for (const { healthUrl } of mesh.services.policy) {
    await waitFor(async () => (await readMetric(healthUrl, 'weir_policy_replicas')) === 2, {
      what: 'the policies to know each other',
    });
  }
  const call = async (): Promise<number> => {
    const answer = await fetch(`${mesh.baseUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'sim-gpt', messages: [{ role: 'user', content: '[[tokens:2]] go' }] }),
      signal: AbortSignal.timeout(10_000),
    });
    await answer.arrayBuffer();
    return answer.status;
  };
  await waitFor(async () => (await call()) === 200, { what: 'a first answer' });
  await mesh.redis().kill('SIGKILL');
  // Nobody else would free a place before its time to live: this is what the ledger's readers are told as well.
  for (const metering of mesh.services.metering) metering.kill('SIGKILL');
  const endOfPatience = { what: 'a free place', timeoutMs: 2_000 };
  for (let count = 0; count < 12; count += 1)
    await waitFor(async () => (await call()) === 200, endOfPatience);
}, 60_000);
