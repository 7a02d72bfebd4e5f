/** A metric's samples that have all of these labels, written as `name="value"`, as a service's `/metrics` tells them. */
export const readSamples = async (
  healthUrl: string | undefined,
  name: string,
  ...labels: readonly string[]
): Promise<readonly number[]> => {
  const answer = await fetch(`${healthUrl}/metrics`, { signal: AbortSignal.timeout(5_000) });
  // Else a page of another kind would have no samples, and pass for 0.
  if (!answer.ok) throw new Error(`${healthUrl}/metrics answered ${answer.status}`);
  const text = await answer.text();
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
    .filter((line) => labels.every((label) => line.includes(label)))
    .map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
};

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

/** Their sum; 0 when there are none. */
export const readMetric = async (...of: Parameters<typeof readSamples>): Promise<number> =>
  sumOf(await readSamples(...of));

/** Their sum over the replicas of a service. */
export const sumMetric = async (
  replicas: readonly { readonly healthUrl: string }[],
  name: string,
  ...labels: readonly string[]
): Promise<number> =>
  sumOf(await Promise.all(replicas.map(({ healthUrl }) => readMetric(healthUrl, name, ...labels))));
