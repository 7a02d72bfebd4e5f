/**
 * Whether a value fits a glob: `*` stands for any run of characters, everything else for itself.
 * Takes each literal part at its first place, which is enough for this kind of glob, so it never goes back:
 * the time is linear in the value for any given pattern.
 */
export const matchesPattern = (pattern: string, value: string): boolean => {
  const firstStar = pattern.indexOf('*');
  if (firstStar < 0) return pattern === value;
  const lastStar = pattern.lastIndexOf('*');
  const tail = pattern.slice(lastStar + 1);
  const end = value.length - tail.length;
  if (end < firstStar || !value.startsWith(pattern.slice(0, firstStar)) || !value.endsWith(tail))
    return false;
  let position = firstStar;
  for (const part of pattern.slice(firstStar, lastStar).split('*')) {
    const start = value.indexOf(part, position);
    if (start < 0 || start + part.length > end) return false;
    position = start + part.length;
  }
  return true;
};

export const isLiteralPattern = (pattern: string): boolean => !pattern.includes('*');

export const matchesSomePattern = (patterns: readonly string[], value: string): boolean =>
  patterns.some((pattern) => matchesPattern(pattern, value));
