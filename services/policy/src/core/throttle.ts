/** True at most once in `intervalMs`: what goes wrong ten times a second is told once in a while. */
export const createThrottle = (intervalMs: number): ((now: number) => boolean) => {
  let last = Number.NEGATIVE_INFINITY;
  return (now) => {
    if (now - last < intervalMs) return false;
    last = now;
    return true;
  };
};
