/** Cuts bytes at arbitrary places, for tests that any split gives the same result. */
export const splitBytes = (bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] => {
  const places = cuts.map((cut) => cut % (bytes.byteLength + 1)).sort((left, right) => left - right);
  return [...places, bytes.byteLength].map((end, index) => bytes.slice(places[index - 1] ?? 0, end));
};
