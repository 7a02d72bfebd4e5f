import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'undici';
import { describe, expect, it } from 'vitest';
import { expectQuietEnd } from './support/end-of-a-replica.ts';
import { replicated, useReplicatedMesh } from './support/replicated-mesh.ts';

const running = useReplicatedMesh();

describe('scaling down under load', () => {
  it.each(replicated)('%s: no request fails when a replica gets SIGTERM', (name) =>
    expectQuietEnd(running(), name),
  );

  it('ingress: who was not told to close its connection has its next request answered on it', async () => {
    const [url = ''] = running().baseUrls();
    const client = new Client(url);
    const ask = (tokens: number) =>
      client.request({
        path: '/v1/chat/completions',
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer weir-demo-key' },
        body: JSON.stringify({
          model: 'sim-gpt',
          stream: true,
          messages: [{ role: 'user', content: `[[tokens:${tokens}]] go` }],
        }),
      });
    const first = await ask(100);
    expect(first.headers['connection']).toBe('keep-alive');
    const ended = running().end('ingress', 'SIGTERM');
    // It ends after all that waits for balancers.
    expect(await first.body.text()).toContain('[DONE]');
    // A client that thinks for a moment: its connection is idle, and nothing is under way.
    await delay(50);
    const next = await ask(1);
    expect([next.statusCode, next.headers['connection']]).toEqual([200, 'close']);
    expect(await next.body.text()).toContain('[DONE]');
    expect((await ended.exited).code).toBe(0);
    await client.close();
  });
});
