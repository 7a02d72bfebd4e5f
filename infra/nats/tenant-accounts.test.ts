import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AckPolicy, jetstreamManager } from '@nats-io/jetstream';
import {
  type ConnectionOptions,
  connect,
  createInbox,
  type Msg,
  type NatsConnection,
  nkeyAuthenticator,
} from '@nats-io/transport-node';
import { streams, subjects } from '@weir/contracts';
import { waitFor } from '@weir/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createLeash } from '../run/leash.ts';
import { findNatsServer } from './find-nats-server.ts';
import { type NatsServer, startNatsServer } from './start-nats-server.ts';
import { billingConsumer } from './tenant-accounts.ts';
import { addTenantUser } from './tenant-user.ts';

const leash = createLeash();
let folder: string;
let server: NatsServer;
let mesh: NatsConnection;
const connections: NatsConnection[] = [];

const open = async (options: ConnectionOptions): Promise<NatsConnection> => {
  const connection = await connect({ servers: [server.url], reconnect: false, ...options });
  connections.push(connection);
  return connection;
};

const openTenant = async (org: string): Promise<NatsConnection> =>
  open({
    authenticator: nkeyAuthenticator(Buffer.from((await readFile(join(folder, `${org}.nk`), 'utf8')).trim())),
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weir-tenants-'));
  await addTenantUser(folder, 'acme');
  await addTenantUser(folder, 'rival');
  const base = await readFile(new URL('nats.conf', import.meta.url), 'utf8');
  const configFile = join(folder, 'nats.conf');
  await writeFile(configFile, `${base}\ninclude "accounts.conf"\n`);
  const { path: binary } = await findNatsServer();
  server = await startNatsServer({
    binary,
    storeFolder: join(folder, 'store'),
    configFile,
    env: { WEIR_NATS_USER: 'mesh', WEIR_NATS_PASSWORD: 'mesh-secret' },
    leash,
  });
  mesh = await connect({ servers: [server.url], user: 'mesh', pass: 'mesh-secret' });
  const manager = await jetstreamManager(mesh);
  await manager.streams.add({ name: streams.ledger, subjects: [subjects.allRated] });
  await manager.streams.add({ name: streams.usage, subjects: [subjects.usages] });
  for (const org of ['acme', 'rival']) {
    await manager.consumers.add(streams.ledger, {
      durable_name: billingConsumer(org),
      filter_subject: subjects.ratedOf(org),
      ack_policy: AckPolicy.Explicit,
    });
  }
});
afterEach(async () => {
  for (const connection of connections.splice(0)) await connection.close();
});
afterAll(async () => {
  await mesh?.close();
  await server?.stop(5_000);
  leash.close();
  await rm(folder, { recursive: true, force: true });
});

const record = async (org: string, text: string): Promise<void> => {
  mesh.publish(subjects.rated(org, '_', 'k1'), text);
  await mesh.flush();
};

/** What arrives, and what the server complains of. */
const listen = (connection: NatsConnection, subject: string) => {
  const texts: string[] = [];
  const errors: Error[] = [];
  connection.subscribe(subject, {
    callback: (error, message: Msg) => {
      if (error) errors.push(error);
      else if ((message.headers?.code ?? 0) === 0) texts.push(message.string());
    },
  });
  return { texts, errors };
};

const pull = (connection: NatsConnection, org: string, reply: string): void => {
  const request = JSON.stringify({ batch: 10, expires: 1_000_000_000 });
  connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${streams.ledger}.${billingConsumer(org)}`, request, {
    reply,
  });
};

const refusalOf = async (connection: NatsConnection, work: () => void): Promise<string> => {
  const refused = Promise.withResolvers<string>();
  const watch = async (): Promise<void> => {
    for await (const status of connection.status()) {
      if (status.type === 'error') refused.resolve(status.error.message);
    }
  };
  void watch();
  work();
  await connection.flush();
  return refused.promise;
};

const lastOf = async (stream: string): Promise<number> =>
  (await (await jetstreamManager(mesh)).streams.info(stream)).state.last_seq;

describe('a tenant', () => {
  test('sees its own records as they come, and none of another', async () => {
    const tenant = await openTenant('acme');
    const { texts } = listen(tenant, subjects.ratedOf('acme'));
    await tenant.flush();
    await record('rival', 'not for acme');
    await record('acme', 'live');
    await waitFor(() => texts.length > 0, { what: 'the record' });
    expect(texts).toEqual(['live']);
  });

  test('reads what it missed from its consumer, and acknowledges it', async () => {
    const tenant = await openTenant('acme');
    await record('acme', 'missed');
    const inbox = createInbox();
    const texts: string[] = [];
    tenant.subscribe(inbox, {
      callback: (_error, message) => {
        if ((message.headers?.code ?? 0) !== 0) return;
        texts.push(message.string());
        message.respond('+ACK');
      },
    });
    pull(tenant, 'acme', inbox);
    await waitFor(() => texts.includes('missed'), { what: 'the missed record' });
    const consumers = (await jetstreamManager(mesh)).consumers;
    await waitFor(
      async () => {
        const info = await consumers.info(streams.ledger, billingConsumer('acme'));
        return info.num_ack_pending === 0 && info.num_pending === 0;
      },
      { what: 'the acknowledgements' },
    );
  });

  test.each([
    ['the records of another', subjects.ratedOf('rival')],
    ['the records of everybody', subjects.allRated],
    ['everything', '>'],
    ['usage events', subjects.usages],
    ['answers to clients', subjects.replies('ingress-1')],
  ])('may not subscribe to %s', async (_what, subject) => {
    const tenant = await openTenant('acme');
    const { errors } = listen(tenant, subject);
    await waitFor(() => errors.length > 0, { what: 'the refusal' });
    expect(String(errors[0])).toContain('Permissions Violation');
  });

  test.each([
    ['its own records', subjects.rated('acme', '_', 'k1')],
    ['usage events', subjects.usage],
    ['requests', subjects.admit],
    ['tenants and keys', '$KV.weir_keys.org.acme'],
    ['the consumer of another', `$JS.API.CONSUMER.MSG.NEXT.${streams.ledger}.${billingConsumer('rival')}`],
    ['the making of consumers', `$JS.API.CONSUMER.CREATE.${streams.ledger}.mine`],
  ])('may not publish to %s', async (_what, subject) => {
    const tenant = await openTenant('acme');
    const refusal = await refusalOf(tenant, () => tenant.publish(subject, '{}'));
    expect(refusal).toContain('Permissions Violation');
  });

  test('cannot make the server publish for it, by the reply subject of a pull', async () => {
    await record('acme', 'bait');
    const seen: string[] = [];
    mesh.subscribe(subjects.admit, { callback: (_error, message) => void seen.push(message.string()) });
    const before = { usage: await lastOf(streams.usage), ledger: await lastOf(streams.ledger) };
    const tenant = await openTenant('acme');
    for (const reply of [subjects.usage, subjects.rated('rival', '_', 'k1'), subjects.admit]) {
      pull(tenant, 'acme', reply);
    }
    await tenant.flush();
    await record('acme', 'after the pulls');
    await mesh.flush();
    expect(seen).toEqual([]);
    expect(await lastOf(streams.usage)).toBe(before.usage);
    expect(await lastOf(streams.ledger)).toBe(before.ledger + 1);
    // Within the account of the mesh it works: that is why a user with permissions alone would not do.
    pull(mesh, 'acme', subjects.usage);
    await waitFor(async () => (await lastOf(streams.usage)) > before.usage, { what: 'the forged event' });
  });
});

test('nobody connects without a user', async () => {
  await expect(open({})).rejects.toThrow(/Authorization Violation/i);
});
