/** Bounds the memory that request bodies take together. */
export const createHeldBytes = (maxBytes: number) => {
  let bytes = 0;
  return {
    get bytes() {
      return bytes;
    },
    /** False when there is no room; nothing is held then. */
    hold: (size: number): boolean => {
      if (bytes + size > maxBytes) return false;
      bytes += size;
      return true;
    },
    release: (size: number): void => {
      bytes -= size;
    },
  };
};
