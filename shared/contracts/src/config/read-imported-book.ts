import * as z from 'zod';
import { checkPricing } from './check-pricing.ts';
import type { ConfigProblem } from './config-problem.ts';
import { modelField, nameField } from './fields.ts';
import { fromIssue } from './from-issue.ts';
import type { ImportedBook } from './imported-book.ts';
import { laneFields, tierSchema, timeField } from './pricing-schema.ts';

const tiers = z.array(tierSchema);

const importedBookSchema = z.object({
  v: z.literal(1),
  source: z.string().min(1).max(64),
  currency: z.string().regex(/^[A-Z]{3}$/, 'a currency such as USD'),
  models: z.array(
    z.object({
      model: modelField.refine((name) => !name.includes('*'), 'a name: a catalogue has no patterns'),
      priority: z.int(),
      from: timeField.exactOptional(),
      until: timeField.exactOptional(),
      ...laneFields,
      tiers,
      tierMode: z.enum(['whole', 'marginal']),
      serviceTiers: z.record(nameField, z.object({ ...laneFields, tiers })).exactOptional(),
      maxOutputTokens: z.int().min(1).exactOptional(),
    }),
  ),
  skipped: z.array(z.object({ entry: z.string(), field: z.string().exactOptional(), reason: z.string() })),
});

export type ReadImportedBook =
  | { readonly outcome: 'valid'; readonly book: ImportedBook }
  | { readonly outcome: 'invalid'; readonly problems: readonly ConfigProblem[] };

/** Checks a book as it is checked when it is in the configuration. Reports every problem at once. */
export const readImportedBook = (value: unknown): ReadImportedBook => {
  const parsed = importedBookSchema.safeParse(value);
  const ties = checkPricing({ value, at: [] });
  if (parsed.success && ties.length === 0) return { outcome: 'valid', book: parsed.data };
  const issues = parsed.error?.issues ?? [];
  return { outcome: 'invalid', problems: [...issues.flatMap((issue) => fromIssue(issue, value)), ...ties] };
};
