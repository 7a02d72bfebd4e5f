import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { buildTogether, type Part } from './build-together.ts';
import { openService } from './open-service.ts';
import type { ServiceContext } from './service-context.ts';

const logger = pino({ level: 'silent' });
const env = { WEIR_HEALTH_PORT: '0', WEIR_LOG_LEVEL: 'silent' };

/** A service that consists of these, opened and not yet built. */
const open = async (parts: readonly Part[]) => {
  const whole = await openService({ name: 'whole', env, logger, ownsProcess: false });
  const get = async (path: string): Promise<string> =>
    (await fetch(`http://127.0.0.1:${whole.healthPort}${path}`)).text();
  return { ...whole, get, start: () => whole.build(buildTogether(parts)) };
};

describe('several services as one', () => {
  it('are built side by side, each as itself, with one place to meet', async () => {
    const contexts: ServiceContext[] = [];
    const meet = Promise.withResolvers<void>();
    const { context, start } = await open([
      {
        name: 'one',
        build: async (own) => {
          contexts.push(own);
          await meet.promise;
        },
      },
      {
        name: 'two',
        build: async (own) => {
          contexts.push(own);
          meet.resolve();
        },
      },
    ]);
    await start();
    expect(contexts.map(({ name }) => name)).toEqual(['one', 'two']);
    expect(new Set([context, ...contexts].map(({ instance }) => instance)).size).toBe(3);
    expect(contexts[0]?.exchange).toBeDefined();
    expect(contexts[0]?.exchange).toBe(contexts[1]?.exchange);
    await context.lifecycle.shutdown();
  });

  it('are ready when all are, and show the figures of all', async () => {
    let trouble: true | string = 'no bus';
    const { context, get, start } = await open([
      { name: 'one', build: async ({ metrics }) => metrics.counter('weir_things_total', 'Things.').inc(1) },
      {
        name: 'two',
        build: async ({ metrics, health }) => {
          metrics.counter('weir_things_total', 'Things.').inc(2);
          health.check('nats', () => trouble);
        },
      },
    ]);
    await start();
    expect(context.health.status()).toEqual({ outcome: 'not-ready', checks: { two: 'nats: no bus' } });
    trouble = true;
    expect(context.health.status()).toEqual({ outcome: 'ready' });
    const metrics = await get('/metrics');
    expect(metrics).toContain('weir_things_total{service="one"} 1\nweir_things_total{service="two"} 2\n');
    expect(metrics.match(/# TYPE weir_event_loop_delay_max_seconds /g)).toHaveLength(1);
    await context.lifecycle.shutdown();
  });

  it('have one health server', async () => {
    const servers = (): number =>
      process.getActiveResourcesInfo().filter((name) => name === 'TCPServerWrap').length;
    const nothing = async (): Promise<void> => undefined;
    const { context, start } = await open([
      { name: 'one', build: nothing },
      { name: 'two', build: nothing },
    ]);
    const before = servers();
    await start();
    expect([before > 0, servers()]).toEqual([true, before]);
    await context.lifecycle.shutdown();
  });

  it('stop one after the other, the first first', async () => {
    const steps: string[] = [];
    const part = (name: string): Part => ({
      name,
      build: async ({ lifecycle }) => {
        lifecycle.onShutdown('drain', 'work', async () => {
          steps.push(`${name} drains`);
          await delay(5);
        });
        lifecycle.onShutdown('final', 'last', () => steps.push(`${name} is gone`));
      },
    });
    const { context, start } = await open([part('one'), part('two')]);
    await start();
    await context.lifecycle.shutdown();
    expect(steps).toEqual(['one drains', 'one is gone', 'two drains', 'two is gone']);
  });

  it('do not start when one cannot, and what the others opened is closed', async () => {
    const closed: string[] = [];
    const { context, start } = await open([
      {
        name: 'one',
        build: async ({ lifecycle }) => lifecycle.onShutdown('final', 'bus', () => closed.push('bus')),
      },
      { name: 'two', build: () => Promise.reject(new Error('no stream')) },
    ]);
    await expect(start()).rejects.toThrow('no stream');
    await context.lifecycle.shutdown();
    expect(closed).toEqual(['bus']);
  });

  it('end together when one cannot go on', async () => {
    const failing = Promise.withResolvers<ServiceContext>();
    const { context, start } = await open([
      { name: 'one', build: async () => undefined },
      { name: 'two', build: async (own) => failing.resolve(own) },
    ]);
    await start();
    (await failing.promise).lifecycle.fail(new Error('closed for good'));
    await context.lifecycle.ended;
    expect(context.lifecycle.failure).toEqual(new Error('closed for good'));
  });
});
