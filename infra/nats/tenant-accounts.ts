import { streams, subjects } from '@weir/contracts';

/** An organisation that reads its own billing events. */
export interface TenantUser {
  readonly org: string;
  /** Public nkey, `U…`. */
  readonly publicKey: string;
}

/** The consumer of an organisation: made by the operator, so that a tenant cannot say where its messages go. */
export const billingConsumer = (org: string): string => `billing-${org}`;

const nextSubject = (org: string): string =>
  `$JS.API.CONSUMER.MSG.NEXT.${streams.ledger}.${billingConsumer(org)}`;

/** Up to nats-server 2.14, and from 2.15 on, which adds domain and account. */
const ackSubjects = (org: string): readonly string[] => {
  const rest = `${streams.ledger}.${billingConsumer(org)}.>`;
  return [`$JS.ACK.${rest}`, `$JS.ACK.*.*.${rest}`];
};

const quote = (text: string): string => JSON.stringify(text);

const accountOf = (org: string): string => `TENANT_${org}`;

const exportsOf = ({ org }: TenantUser): readonly string[] => {
  const only = `accounts: [${quote(accountOf(org))}]`;
  return [
    `{ stream: ${quote(subjects.ratedOf(org))}, ${only} }`,
    `{ service: ${quote(nextSubject(org))}, response_type: stream, ${only} }`,
    ...ackSubjects(org).map((subject) => `{ service: ${quote(subject)}, ${only} }`),
  ];
};

const toAccount = ({ org, publicKey }: TenantUser): string => {
  const services = [nextSubject(org), ...ackSubjects(org)];
  const publish = services.map(quote).join(', ');
  const subscribe = [subjects.ratedOf(org), '_INBOX.>'].map(quote).join(', ');
  return `  ${quote(accountOf(org))}: {
    users: [
      { nkey: ${publicKey}, permissions: { publish: [${publish}], subscribe: [${subscribe}] } }
    ]
    imports: [
      { stream: { account: WEIR, subject: ${quote(subjects.ratedOf(org))} } }
${services.map((subject) => `      { service: { account: WEIR, subject: ${quote(subject)} } }`).join('\n')}
    ]
  }`;
};

/**
 * The `accounts` of a nats-server: one for the mesh, one for each organisation. Permissions alone would not do: a client may
 * name any subject as its reply, and the server would publish there in its name. Between accounts it cannot.
 */
export const tenantAccounts = (
  tenants: readonly TenantUser[],
): string => `# Made by infra/nats/tenant-user.ts.
accounts: {
  WEIR: {
    jetstream: enabled
    users: [{ user: $WEIR_NATS_USER, password: $WEIR_NATS_PASSWORD }]
    exports: [
${tenants
  .flatMap(exportsOf)
  .map((line) => `      ${line}`)
  .join('\n')}
    ]
  }
${tenants.map(toAccount).join('\n')}
}
`;
