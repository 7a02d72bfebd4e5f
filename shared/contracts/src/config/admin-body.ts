import * as z from 'zod';
import { type ConfigProblem, toPath } from './config-problem.ts';
import { nameField, patternField } from './fields.ts';
import { fromIssue } from './from-issue.ts';
import { budgetSchema, rateLimitSchema } from './limit-schema.ts';

const longestOverlapMs = 90 * 86_400_000;
const mostRules = 32;
const mostPatterns = 256;

const timeField = z.iso.datetime({ offset: true, error: 'a time such as 2027-01-31T00:00:00Z' });

const rules = {
  models: z.array(patternField).max(mostPatterns).exactOptional(),
  routes: z.array(patternField).max(mostPatterns).exactOptional(),
  rateLimits: z.array(rateLimitSchema).max(mostRules).exactOptional(),
  budgets: z
    .array(budgetSchema)
    .max(mostRules)
    .refine((budgets) => new Set(budgets.map(({ name }) => name)).size === budgets.length, 'unique names')
    .exactOptional(),
  metadata: z.record(nameField, z.string().max(256)).exactOptional(),
};

const orgField = nameField.refine((name) => name !== 'anonymous', 'another name: anonymous has no keys');
const tierField = nameField.exactOptional();
/** In a change, null takes a value away. */
const changedTierField = nameField.nullable().exactOptional();

/** The bodies that the admin API takes. */
const adminBodies = {
  createOrg: z.strictObject({ org: orgField, tier: tierField, ...rules }),
  updateOrg: z.strictObject({ tier: changedTierField, ...rules }),
  createTeam: z.strictObject({ team: nameField.refine((name) => name !== '_', 'another name'), ...rules }),
  updateTeam: z.strictObject(rules),
  createKey: z.strictObject({
    id: nameField,
    team: nameField.exactOptional(),
    tier: tierField,
    expiresAt: timeField.exactOptional(),
    ...rules,
  }),
  updateKey: z.strictObject({
    tier: changedTierField,
    expiresAt: timeField.nullable().exactOptional(),
    ...rules,
  }),
  rotateKey: z.strictObject({ overlapMs: z.int().min(0).max(longestOverlapMs).default(0) }),
} as const;

export type AdminBodyName = keyof typeof adminBodies;

/** What a body of the admin API says, with the defaults of its limits and budgets filled in. Times are RFC 3339. */
export type AdminBody<Name extends AdminBodyName> = z.infer<(typeof adminBodies)[Name]>;

export type ReadAdminBody<Name extends AdminBodyName> =
  | { readonly outcome: 'valid'; readonly body: AdminBody<Name> }
  | { readonly outcome: 'invalid'; readonly problems: readonly ConfigProblem[] };

const problemsOf = (issue: z.core.$ZodIssue, value: unknown, known: readonly string[]): ConfigProblem[] => {
  if (issue.code !== 'unrecognized_keys') return fromIssue(issue, value);
  const place = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
  const expected = place.length === 0 ? `one of ${known.join(', ')}` : 'a key that is known here';
  return issue.keys.map((key) => {
    const at = [...place, key];
    return { path: toPath(at), at, found: 'an unknown key', expected };
  });
};

/** Reports every problem at once. */
export const readAdminBody = <Name extends AdminBodyName>(
  name: Name,
  value: unknown,
): ReadAdminBody<Name> => {
  const schema = adminBodies[name];
  const parsed = schema.safeParse(value);
  if (parsed.success) return { outcome: 'valid', body: parsed.data as AdminBody<Name> };
  const known = Object.keys(schema.shape);
  return {
    outcome: 'invalid',
    problems: parsed.error.issues.flatMap((issue) => problemsOf(issue, value, known)),
  };
};
