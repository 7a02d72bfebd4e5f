/** Rejects when `work` has not settled after `timeoutMs`. The work itself goes on: cancel it where that matters. */
export const withDeadline = async <Value>(
  work: Promise<Value>,
  timeoutMs: number,
  what: string,
): Promise<Value> => {
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([work, expiry]);
  } finally {
    clearTimeout(timer);
  }
};
