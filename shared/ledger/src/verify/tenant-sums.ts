import type { RatedEvent } from '@weir/contracts';
import type { FindingLog } from './finding.ts';

/** What an organisation is billed, by those who tell it: nano-units. */
interface OrgSums {
  /** By the tokens of the messages' subjects, of which one is a key. */
  keys: bigint;
  /** By the organisation and team of the records' data. */
  teams: bigint;
  /** By the subject of the events, which is what a billing system goes by. */
  org: bigint;
}

/** Adds up what is billed, in the three ways that others add it up: I5. */
export interface TenantSums {
  take(subject: string, event: RatedEvent, where: string): void;
  end(): void;
}

/** `weir.billing.v1.<org>.<team>.<key>.rated`. */
const tenantOfSubject = (subject: string): string => subject.split('.').slice(3, 6).join('.');

export const createTenantSums = (log: FindingLog): TenantSums => {
  const sums = new Map<string, OrgSums>();

  const add = (org: string, column: keyof OrgSums, amount: bigint): void => {
    const row = sums.get(org) ?? { keys: 0n, teams: 0n, org: 0n };
    row[column] += amount;
    sums.set(org, row);
  };

  return {
    take: (subject, { subject: org, data }, where) => {
      const filed = tenantOfSubject(subject);
      const charge = BigInt(data.delta.chargeNano);
      log.compare('the subject is of another key', where, {
        expected: `${data.org}.${data.team}.${data.key}`,
        found: filed,
      });
      log.compare('the event is of another organisation', where, { expected: data.org, found: org });
      add(filed.split('.')[0] ?? '', 'keys', charge);
      add(data.org, 'teams', charge);
      add(org, 'org', charge);
    },
    end: () => {
      for (const [org, { keys, teams, org: total }] of sums) {
        const where = `org ${org}`;
        log.compare('the sum of its keys', where, { expected: total, found: keys });
        log.compare('the sum of its teams', where, { expected: total, found: teams });
      }
    },
  };
};
