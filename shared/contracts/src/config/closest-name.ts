const normalise = (name: string): string => name.toLowerCase().replaceAll(/[-_]/g, '');

/** Edits (insert, delete, replace) that turn one text into the other. */
const editDistance = (left: string, right: string): number => {
  let previous = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[right.length] ?? 0;
};

const longestName = 64;

/** The known name that was probably meant. Case, `-` and `_` count for nothing. */
export const closestName = (name: string, known: readonly string[]): string | undefined => {
  const wanted = normalise(name.slice(0, longestName));
  let closest: string | undefined;
  let fewestEdits = (wanted.length < 3 ? 0 : Math.ceil(wanted.length / 3)) + 1;
  for (const candidate of known) {
    const edits = editDistance(wanted, normalise(candidate.slice(0, longestName)));
    if (edits < fewestEdits) {
      closest = candidate;
      fewestEdits = edits;
    }
  }
  return closest;
};
