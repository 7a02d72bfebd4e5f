/** The sum of a metric's samples, as a service's `/metrics` tells it; 0 when it has none. */
export const readMetric = async (healthUrl: string, name: string): Promise<number> => {
  const answer = await fetch(`${healthUrl}/metrics`, { signal: AbortSignal.timeout(5_000) });
  const text = await answer.text();
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
};
