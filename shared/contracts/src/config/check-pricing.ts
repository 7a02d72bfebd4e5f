import { type ConfigProblem, toPath } from './config-problem.ts';
import { patternsMeet, rankPattern } from './price-pattern.ts';
import { fieldOf, fieldsOf, itemsOf, problem, type RawNode, textOf } from './raw-config.ts';

const hasPrice = (node: RawNode): boolean => fieldsOf(node).some(({ name }) => /Per(Million|1k)$/.test(name));

const timeOf = (node: RawNode, otherwise: number): number => {
  const text = textOf(node);
  return text === undefined ? otherwise : Date.parse(text);
};

/** Half-open. What is no time is the schema's to report, and compares as false. */
const timesOf = (model: RawNode): { readonly from: number; readonly until: number } => ({
  from: timeOf(fieldOf(model, 'from'), Number.NEGATIVE_INFINITY),
  until: timeOf(fieldOf(model, 'until'), Number.POSITIVE_INFINITY),
});

const checkTiers = (model: RawNode): ConfigProblem[] => {
  const tiers = itemsOf(fieldOf(model, 'tiers'));
  const thresholds = tiers.map((tier) => fieldOf(tier, 'above'));
  const falling = thresholds.flatMap((above, position) => {
    const before = thresholds[position - 1]?.value;
    if (typeof before !== 'number' || typeof above.value !== 'number' || above.value > before) return [];
    return [problem(above, `more than ${before}, the threshold of the tier before`)];
  });
  const empty = tiers.filter((tier) => !hasPrice(tier));
  const mode = fieldOf(model, 'tierMode');
  return [
    ...falling,
    ...empty.map((tier) => problem(tier, 'at least one price that differs, such as `inputPerMillion`')),
    ...(mode.value === 'marginal' && tiers.length === 0
      ? [problem(mode, 'nothing: there are no `tiers` to be priced so')]
      : []),
  ];
};

const checkModel = (model: RawNode): ConfigProblem[] => {
  const { from, until } = timesOf(model);
  return [
    ...(until <= from
      ? [problem(fieldOf(model, 'until'), `a time after \`from\`, ${String(fieldOf(model, 'from').value)}`)]
      : []),
    ...(hasPrice(model) ? [] : [problem(model, "at least one price; `inputPerMillion: '0'` is free")]),
    ...checkTiers(model),
  ];
};

/** Only patterns with the same text here can be of equal rank and match the same model. */
const rankText = (model: RawNode, pattern: string): string => {
  const { kind, prefix, literals, stars } = rankPattern(pattern);
  const priority = fieldOf(model, 'priority').value ?? 0;
  const place = [fieldOf(model, 'org').value ?? null, priority];
  return JSON.stringify(
    kind === 'glob' ? [...place, pattern.slice(0, prefix), literals, stars] : [...place, pattern],
  );
};

const overlap = (left: RawNode, right: RawNode): boolean => {
  const [one, other] = [timesOf(left), timesOf(right)];
  return one.from < other.until && other.from < one.until;
};

const tie = (pattern: RawNode, earlier: RawNode): ConfigProblem => {
  const where = toPath(earlier.at);
  return problem(
    pattern,
    pattern.value === earlier.value
      ? `one price at a time: ${where} has this model; part them by \`from\` and \`until\`, or give one a \`priority\``
      : `a pattern of another rank than ${where}, ${JSON.stringify(earlier.value)}: both match some model, and neither goes first; give one a \`priority\``,
  );
};

/** Two prices for one model at one time, and nothing to choose by. */
const checkTies = (models: readonly RawNode[]): ConfigProblem[] => {
  const equals = new Map<string, RawNode[]>();
  return models.flatMap((model) => {
    const node = fieldOf(model, 'model');
    const pattern = textOf(node);
    if (pattern === undefined) return [];
    const key = rankText(model, pattern);
    const others = equals.get(key) ?? [];
    equals.set(key, [...others, model]);
    const rival = others.find((other) => {
      const text = textOf(fieldOf(other, 'model')) ?? '';
      return overlap(model, other) && (text === pattern || patternsMeet(text, pattern));
    });
    return rival === undefined ? [] : [tie(node, fieldOf(rival, 'model'))];
  });
};

/** What the prices of a configuration say of each other. Reads any shape, like `checkReferences`. */
export const checkPricing = (pricing: RawNode): ConfigProblem[] => {
  const models = itemsOf(fieldOf(pricing, 'models'));
  return [...models.flatMap(checkModel), ...checkTies(models)];
};
