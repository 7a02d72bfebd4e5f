/** How many answers are read to their end at a time although nobody waits for them. A machine. */
export interface DrainLimit {
  /** False when as many as may be are under way. */
  begin(): boolean;
  end(): void;
  readonly size: number;
}

export const createDrainLimit = (most: number): DrainLimit => {
  let size = 0;
  return {
    get size() {
      return size;
    },
    begin: () => {
      if (size >= most) return false;
      size += 1;
      return true;
    },
    end: () => {
      size -= 1;
    },
  };
};
