import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import type { HealthCheckConfig, UpstreamTlsConfig } from '@weir/contracts';
import { testCertificates } from '@weir/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LiveUpstream } from '../attempt/attempt-deps.ts';
import { providerRegistry } from '../providers/registry.ts';
import { upstreamConfig } from '../testdata/upstream-config.ts';
import { checkTarget } from './check-target.ts';
import { classifyFailure } from './classify-failure.ts';
import { createHttpClient } from './http-client.ts';
import { createQuestionClient } from './question-client.ts';
import { readTls } from './read-tls.ts';

const { ca, serverName, server, client } = testCertificates;

describe('files of an upstream', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weir-tls-'));
    await writeFile(join(folder, 'none'), 'hello');
    await writeFile(join(folder, 'half'), '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
    await writeFile(join(folder, 'both'), `${await readFile(client.key)}${await readFile(client.cert)}`);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each<[string, Partial<UpstreamTlsConfig>, string]>([
    ['an authority that is not there', { caFile: 'gone' }, 'gone cannot be read: ENOENT'],
    ['an authority that is something else', { caFile: 'none' }, 'none has no certificate in PEM'],
    ['an authority that is broken', { caFile: 'half' }, 'half has a certificate that cannot be read'],
    ['a certificate that is not there', { certFile: 'gone' }, 'gone cannot be read: ENOENT'],
    ['a certificate without its key', { certFile: 'none' }, 'none: no certificate with its key in PEM'],
  ])('%s cannot be used', async (_what, files, problem) => {
    const paths = Object.fromEntries(
      Object.entries(files).map(([name, file]) => [name, join(folder, `${file}`)]),
    );
    const reading = await readTls({ verify: true, ...paths });
    expect(reading).toMatchObject({ outcome: 'unusable', problem: expect.stringContaining(problem) });
  });

  it('the key of another certificate cannot be used', async () => {
    const reading = await readTls({ verify: true, certFile: client.cert, keyFile: server.key });
    expect(reading).toMatchObject({ outcome: 'unusable' });
  });

  it('a certificate and its key may share one', async () => {
    const reading = await readTls({ verify: true, certFile: join(folder, 'both') });
    expect(reading).toMatchObject({ outcome: 'read' });
  });
});

describe('a server with a certificate of an authority of its own', () => {
  const seen: { path: string; name: string; isKnown: boolean }[] = [];
  let close: () => Promise<unknown>;
  let url = '';

  beforeAll(async () => {
    const [cert, key, trusted] = await Promise.all(
      [server.cert, server.key, ca].map((path) => readFile(path)),
    );
    const site = createServer({ cert, key, ca: trusted, requestCert: true, rejectUnauthorized: false });
    site.on('request', ({ socket, url: path = '' }, response) => {
      const { servername, authorized } = socket as TLSSocket & { servername: unknown };
      seen.push({ path, name: String(servername), isKnown: authorized });
      response.end('{"data":[]}');
    });
    site.listen(0, '127.0.0.1');
    await once(site, 'listening');
    url = `https://127.0.0.1:${(site.address() as AddressInfo).port}`;
    close = async () => {
      const closed = once(site, 'close');
      site.close();
      site.closeAllConnections();
      await closed;
    };
  });
  afterAll(() => close());
  beforeEach(() => {
    seen.length = 0;
  });

  const withUpstream = async <Result>(
    tls: UpstreamTlsConfig | undefined,
    use: (upstream: LiveUpstream) => Promise<Result>,
  ): Promise<Result> => {
    const reading = tls && (await readTls(tls));
    if (reading?.outcome === 'unusable') throw new Error(reading.problem);
    const options = reading?.options;
    const config = upstreamConfig(url);
    const upstream: LiveUpstream = {
      name: 'inside',
      config,
      provider: providerRegistry.openai,
      client: createHttpClient(config, options),
      tls: options,
      credential: undefined,
      rulesOf: () => undefined,
    };
    return use(upstream).finally(() => upstream.client.close());
  };

  const call = ({ client: http }: LiveUpstream): Promise<string> =>
    new Promise((resolve) => {
      http.dispatch(
        { target: 't0', method: 'GET', path: '/call', headers: {}, body: null },
        {
          onRequestStart: () => undefined,
          onResponseStart: (_controller, status) => resolve(String(status)),
          onResponseData: () => undefined,
          onResponseEnd: () => undefined,
          onResponseError: (_controller, error) => resolve(classifyFailure(error)),
        },
      );
    });

  const check = async (upstream: LiveUpstream, type: HealthCheckConfig['type']): Promise<string> => {
    const asker = createQuestionClient({ maxBytes: 1_000 });
    const [target] = upstream.config.targets;
    if (!target) throw new Error('no target');
    const thresholds = { intervalMs: 1_000, timeoutMs: 2_000, healthyThreshold: 1, unhealthyThreshold: 1 };
    const settings = { type, path: `/${type}`, expectedStatuses: [200], expectedModels: [], ...thresholds };
    return (await checkTarget(asker, upstream, target, settings).finally(() => asker.close())).outcome;
  };

  const everything = async (upstream: LiveUpstream) => [
    await call(upstream),
    await check(upstream, 'tcp'),
    await check(upstream, 'http'),
    await check(upstream, 'inference'),
  ];
  const well = ['200', 'passed', 'passed', 'passed'];
  const ill = ['connect_failed', 'failed', 'failed', 'failed'];

  it.each<[string, UpstreamTlsConfig | undefined, readonly string[]]>([
    ['is not trusted by the system', undefined, ill],
    ['is not trusted for its address', { verify: true, caFile: ca }, ill],
    ['is not trusted without its authority', { verify: true, serverName }, ill],
    ['is not trusted for another name', { verify: true, caFile: ca, serverName: 'other.test' }, ill],
    ['is trusted for its name, with its authority', { verify: true, caFile: ca, serverName }, well],
    ['is taken unseen, where nothing is verified', { verify: false }, well],
  ])('%s', async (_what, tls, expected) => {
    expect(await withUpstream(tls, everything)).toEqual(expected);
  });

  it('is asked for by name, and shown our own certificate, by all who ask', async () => {
    const tls = { verify: true, caFile: ca, serverName, certFile: client.cert, keyFile: client.key };
    expect(await withUpstream(tls, everything)).toEqual(well);
    expect(seen).toEqual(
      ['/call', '/http', '/inference'].map((path) => ({ path, name: serverName, isKnown: true })),
    );
  });
});
