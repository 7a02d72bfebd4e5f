/**
 * A UUIDv7 (RFC 9562 §5.7) out of the time and a random UUIDv4.
 * `now` is in milliseconds since the epoch.
 */
export const toRequestId = (now: number, randomUuid: string): string => {
  const time = now.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8, 12)}-7${randomUuid.slice(15)}`;
};
