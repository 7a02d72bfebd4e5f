const headLine = /^# (?:HELP|TYPE) (\S+) /;

interface Family {
  readonly head: string[];
  readonly samples: string[];
}

/**
 * Several texts in Prometheus' exposition format as one: a metric that is in more than one of them is described once, with
 * the samples of all behind it, as the format wants it. Their labels must tell them apart.
 */
export const mergeExpositions = (texts: readonly string[]): string => {
  const [only] = texts;
  if (only !== undefined && texts.length === 1) return only;
  const families = new Map<string, Family>();
  for (const text of texts) {
    const described = new Set<string>();
    let family: Family = { head: [], samples: [] };
    for (const line of text.split('\n')) {
      if (line === '') continue;
      const name = headLine.exec(line)?.[1];
      if (name === undefined) {
        family.samples.push(line);
        continue;
      }
      if (!families.has(name)) {
        described.add(name);
        families.set(name, { head: [], samples: [] });
      }
      family = families.get(name) ?? family;
      if (described.has(name)) family.head.push(line);
    }
  }
  return [...families.values()]
    .flatMap(({ head, samples }) => [...head, ...samples])
    .map((line) => `${line}\n`)
    .join('');
};
