export interface BodyPieces {
  readonly bytes: number;
  add(piece: Buffer): void;
  /** In order, what was small joined. */
  all(): readonly Buffer[];
}

/** A piece costs some hundred bytes however short it is: a client that sends single bytes would take a hundred times its body. */
const smallBytes = 1_024;
const joinedAtOnce = 64;

export const createBodyPieces = (): BodyPieces => {
  const pieces: Buffer[] = [];
  let small: Buffer[] = [];
  let bytes = 0;
  const joinSmall = (): void => {
    const [first] = small;
    if (first) pieces.push(small.length === 1 ? first : Buffer.concat(small));
    small = [];
  };
  return {
    get bytes() {
      return bytes;
    },
    add: (piece) => {
      bytes += piece.byteLength;
      if (piece.byteLength >= smallBytes) {
        joinSmall();
        pieces.push(piece);
        return;
      }
      small.push(piece);
      if (small.length === joinedAtOnce) joinSmall();
    },
    all: () => {
      joinSmall();
      return pieces;
    },
  };
};
