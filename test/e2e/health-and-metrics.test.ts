import { isAttached, type MeshService, waitFor } from '@weir/testing';
import { describe, expect, it } from 'vitest';
import { bearer, call, parseBody } from './support/http-call.ts';
import { key, useMesh } from './support/mesh-under-test.ts';

const mesh = useMesh();
const chat = '/v1/chat/completions';
const chatBody = JSON.stringify({
  model: 'sim-gpt',
  messages: [{ role: 'user', content: 'a prompt nobody may log' }],
});

it.each(['/health', '/health/live', '/health/ready'])(
  'the clients find the health of the mesh at %s, without a key',
  async (path) => {
    const answer = await call(mesh().baseUrl + path, { method: 'GET' });
    expect(answer.status).toBe(200);
    expect(parseBody(answer).status).toMatch(/^(ready|live)$/);
  },
);

describe.skipIf(isAttached())('each service', () => {
  const names = ['ingress', 'policy', 'scheduler', 'adapter', 'metering'] as const;
  const serviceOf = (name: (typeof names)[number]): MeshService => {
    const [service] = mesh().mesh.services[name];
    if (service === undefined) throw new Error(`no ${name}`);
    return service;
  };
  const metricsOf = async (name: (typeof names)[number]): Promise<string> =>
    (await call(`${serviceOf(name).healthUrl}/metrics`, { method: 'GET' })).body.toString();

  it.each(names)('%s is live, ready, and refuses what it does not know', async (name) => {
    const { healthUrl } = serviceOf(name);
    expect((await call(`${healthUrl}/health/live`, { method: 'GET' })).status).toBe(200);
    expect((await call(`${healthUrl}/health/ready`, { method: 'GET' })).status).toBe(200);
    expect((await call(`${healthUrl}/nothing`, { method: 'GET' })).status).toBe(404);
    expect((await call(`${healthUrl}/metrics`, { method: 'POST' })).status).toBe(405);
  });

  it.each([
    {
      name: 'ingress',
      metrics: [
        'weir_http_requests_total',
        'weir_http_request_duration_seconds_count',
        'weir_ingress_in_flight',
      ],
    },
    { name: 'policy', metrics: ['weir_policy_admissions_total', 'weir_hop_duration_seconds_count'] },
    {
      name: 'scheduler',
      metrics: [
        'weir_scheduler_decisions_total',
        'weir_retry_total',
        'weir_hop_duration_seconds_count',
        'weir_inference_queue_depth',
      ],
    },
    {
      name: 'adapter',
      metrics: [
        'weir_upstream_rq_total',
        'weir_attempts_total',
        'weir_inference_latency_seconds_count',
        'weir_upstream_cx_active',
      ],
    },
    {
      name: 'metering',
      metrics: ['weir_inference_tokens_total', 'weir_metering_events_total', 'weir_metering_open_intents'],
    },
  ] as const)('$name counts what it does', async ({ name, metrics }) => {
    const headers = { ...bearer(key) };
    await mesh().simulator.configure({ fault: { name: '503', count: 1 } });
    expect((await call(mesh().baseUrl + chat, { headers, body: chatBody })).status).toBe(200);
    const found = await waitFor(
      async () => {
        const text = await metricsOf(name);
        return metrics.every((metric) => new RegExp(`^${metric}(\\{.*\\})? \\d`, 'm').test(text))
          ? text
          : undefined;
      },
      { what: `${metrics.join(', ')} of ${name}` },
    );
    expect(found).toMatch(/^weir_event_loop_delay_max_seconds/m);
    expect(found).toMatch(/^process_cpu_seconds_total/m);
  });

  it('a value of the client never becomes a label', async () => {
    const headers = { ...bearer(key) };
    for (let index = 0; index < 20; index += 1) {
      await call(mesh().baseUrl + chat, {
        headers,
        body: JSON.stringify({ model: `made-up-${index}`, messages: [] }),
      });
      await call(`${mesh().baseUrl}/v1/made-up-${index}`, { headers, body: chatBody });
    }
    for (const name of names) expect(await metricsOf(name), name).not.toContain('made-up');
  });

  it('nothing is left in flight', async () => {
    await waitFor(async () => /^weir_ingress_in_flight\S* 0$/m.test(await metricsOf('ingress')), {
      what: 'idle',
    });
    await waitFor(async () => /^weir_ingress_reply_streams\S* 0$/m.test(await metricsOf('ingress')), {
      what: 'no reply streams',
    });
    await waitFor(async () => /^weir_ingress_held_bytes\S* 0$/m.test(await metricsOf('ingress')), {
      what: 'no held bodies',
    });
    await waitFor(async () => /^weir_metering_open_intents\S* 0$/m.test(await metricsOf('metering')), {
      what: 'no open intents',
    });
  });

  it('one request is one access line, without prompt, completion or key', async () => {
    const answer = await call(mesh().baseUrl + chat, { headers: bearer(key), body: chatBody });
    const id = answer.headers['x-request-id'] ?? '';
    const ingress = serviceOf('ingress');
    await waitFor(() => ingress.log().includes(id), { what: 'the access line' });
    const lines = ingress
      .log()
      .split('\n')
      .filter((line) => line.includes(id));
    expect(lines.length).toBe(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      msg: 'request',
      status: 200,
      model: 'sim-gpt',
      attempts: 1,
      api: 'openai.chat',
    });
    const completion = parseBody(answer).choices[0].message.content;
    for (const name of names) {
      const log = serviceOf(name).log();
      for (const secret of [key, 'a prompt nobody may log', completion])
        expect(log.includes(secret), name).toBe(false);
    }
  });
});
