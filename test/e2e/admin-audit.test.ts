import { isAttached, waitFor } from '@weir/testing';
import { describe, expect, it } from 'vitest';
import { type AuditLine, admin, adminMesh, auditOf } from './support/admin-api.ts';
import { parseBody } from './support/http-call.ts';
import { useMesh } from './support/mesh-under-test.ts';

const changes = 60;

describe.skipIf(isAttached())('the audit trail', () => {
  const mesh = useMesh(adminMesh());

  /** Tries the next change as soon as the one before was answered; notes which were answered as done. */
  const changeUntil = async (isOver: () => boolean, done: string[]): Promise<void> => {
    for (let index = 0; index < changes && !isOver(); index += 1) {
      const body = { org: `burst-${index}` };
      const answer = await admin(mesh().mesh, 'POST', '/orgs', { body }).catch(() => undefined);
      if (answer?.status === 201) done.push(body.org);
    }
  };

  it('has each change exactly once when the service is killed in the midst of them', async () => {
    const [first] = mesh().mesh.services.admin;
    const done: string[] = [];
    let isKilled = false;
    const changing = changeUntil(() => isKilled, done);
    await waitFor(() => done.length >= 20, { what: 'twenty changes' });
    first?.kill('SIGKILL');
    isKilled = true;
    await changing;
    await first?.exited;
    await mesh().mesh.add('admin');
    const orgs = await waitFor(
      async () => {
        const trails = await Promise.all(done.map((org) => auditOf(mesh().mesh, org, 1)));
        return trails.every((trail) => trail.length > 0) && trails;
      },
      { what: 'the trail of every change' },
    );
    expect(orgs.map((trail) => trail.length)).toEqual(done.map(() => 1));
    const all: readonly AuditLine[] = parseBody(await admin(mesh().mesh, 'GET', '/audit?limit=1000')).data;
    expect(new Set(all.map(({ event }) => event.id)).size).toBe(all.length);
  });

  it('has each change once when two services audit the same, in the order of the changes', async () => {
    await mesh().mesh.add('admin');
    await Promise.all(
      Array.from({ length: 30 }, (_, index) => {
        const replica = mesh().mesh.services.admin.at(-1 - (index % 2));
        return admin(mesh().mesh, 'POST', '/orgs', {
          body: { org: `both-${index}` },
          ...(replica?.url === undefined ? {} : { url: replica.url }),
        });
      }),
    );
    const last = await Promise.all(
      Array.from({ length: 30 }, (_, index) => auditOf(mesh().mesh, `both-${index}`, 1)),
    );
    expect(last.map((trail) => trail.length)).toEqual(Array.from({ length: 30 }, () => 1));
    const byPosition = last.flat().toSorted((left, right) => left.position - right.position);
    const revisions = byPosition.map(({ event }) => Number(event.id.replace('weir_keys.', '')));
    expect(revisions).toEqual(revisions.toSorted((left, right) => left - right));
  });
});
