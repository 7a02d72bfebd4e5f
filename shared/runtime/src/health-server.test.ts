import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createHealth } from './health.ts';
import { startHealthServer } from './health-server.ts';
import { createMetrics } from './metrics.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const start = async () => {
  const health = createHealth();
  const metrics = createMetrics({ service: 'sample', ownsProcess: false });
  const server = await startHealthServer({
    host: '127.0.0.1',
    port: 0,
    health,
    metrics,
  });
  closers.push(metrics.close, server.close);
  const get = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${server.port}${path}`, { method });
  return { health, metrics, server, get };
};

describe('health server', () => {
  it('says that the process lives, whatever the checks say', async () => {
    const { health, get } = await start();
    health.check('bus', () => 'not connected');
    expect((await get('/health/live')).status).toBe(200);
  });

  it('is ready when every check passes', async () => {
    const { health, get } = await start();
    health.check('bus', () => true);
    const response = await get('/health/ready');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: 'ready' });
  });

  it('names each check that fails, with its reason, and only those', async () => {
    const { health, get } = await start();
    health.check('config', () => true);
    health.check('bus', () => 'not connected');
    health.check('store', () => {
      throw new Error('no client');
    });
    const response = await get('/health/ready');
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({
      status: 'not ready',
      checks: { bus: 'not connected', store: 'the check failed: no client' },
    });
  });

  it('asks the checks anew at each probe', async () => {
    const { health, get } = await start();
    let connected = false;
    health.check('bus', () => connected || 'not connected');
    expect((await get('/health/ready')).status).toBe(503);
    connected = true;
    expect((await get('/health/ready?verbose')).status).toBe(200);
  });

  it('serves the metrics of the service, labelled with its name', async () => {
    const { metrics, get } = await start();
    metrics.counter('weir_things_total', 'Things.', ['kind']).inc({ kind: 'good' }, 3);
    const response = await get('/metrics');
    expect(response.headers.get('content-type')).toContain('text/plain');
    expect(await response.text()).toContain('weir_things_total{kind="good",service="sample"} 3');
  });

  it('answers 404 and 405 to what it does not serve', async () => {
    const { get } = await start();
    expect((await get('/')).status).toBe(404);
    expect((await get('/health/live', 'POST')).status).toBe(405);
  });

  it('closes while a client keeps its connection open', async () => {
    const { server, get } = await start();
    await get('/health/live');
    await server.close();
    await expect(get('/health/live')).rejects.toThrow();
  });

  it('names the setting to change when its port is taken', async () => {
    const occupant = createServer();
    await new Promise<void>((resolve) => {
      occupant.listen(0, '127.0.0.1', () => resolve());
    });
    closers.push(() => occupant.close());
    const { port } = occupant.address() as AddressInfo;
    const metrics = createMetrics({ service: 'sample', ownsProcess: false });
    await expect(
      startHealthServer({ host: '127.0.0.1', port, health: createHealth(), metrics }),
    ).rejects.toThrow(`port ${port} on 127.0.0.1 is in use; set WEIR_HEALTH_PORT`);
  });
});
