import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { Build } from './service-context.ts';
import { startService } from './start-service.ts';

const logger = pino({ level: 'silent' });
const env = { WEIR_HEALTH_PORT: '0' };
const start = (build: Build) => startService({ name: 'sample', build, env, logger });

describe('a service inside another process', () => {
  it('is given all it needs, and shares the process with others', async () => {
    const first = await start(async ({ metrics }) => {
      metrics.counter('weir_things_total', 'Things.');
    });
    const second = await start(async ({ metrics }) => {
      metrics.counter('weir_things_total', 'Things.');
    });
    expect(first.instance).not.toBe(second.instance);
    expect(first.healthPort).not.toBe(second.healthPort);
    await Promise.all([first.close(), second.close()]);
  });

  it('is not ready before it is built', async () => {
    let statusWhileBuilding: unknown;
    const service = await start(async ({ health }) => {
      statusWhileBuilding = health.status();
    });
    expect(statusWhileBuilding).toEqual({
      outcome: 'not-ready',
      checks: { start: 'the service is starting' },
    });
    const response = await fetch(`http://127.0.0.1:${service.healthPort}/health/ready`);
    expect(response.status).toBe(200);
    await service.close();
  });

  it('closes what it opened when its build fails', async () => {
    const closed: string[] = [];
    const failing = start(async ({ lifecycle }) => {
      lifecycle.onShutdown('disconnect', 'bus', () => closed.push('bus'));
      throw new Error('no stream');
    });
    await expect(failing).rejects.toThrow('no stream');
    expect(closed).toEqual(['bus']);
  });

  it('may be closed twice, and its health server is gone then', async () => {
    const service = await start(async () => {});
    await Promise.all([service.close(), service.close()]);
    await expect(fetch(`http://127.0.0.1:${service.healthPort}/health/live`)).rejects.toThrow();
  });

  it('leaves the signals of the process alone', async () => {
    const before = process.listenerCount('SIGTERM');
    const service = await start(async () => {});
    expect(process.listenerCount('SIGTERM')).toBe(before);
    await service.close();
  });
});
