const alphabet = new TextEncoder().encode('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const padding = 0x3d;

const toFloat32Bytes = (numbers: readonly number[]): Uint8Array => {
  const view = new DataView(new ArrayBuffer(numbers.length * 4));
  numbers.forEach((number, index) => {
    view.setFloat32(index * 4, number, true);
  });
  return new Uint8Array(view.buffer);
};

const letterAt = (bits: number, shift: number): number => alphabet[(bits >> shift) & 63] as number;

/** The numbers as float32, little endian, in base64 (ASCII bytes), between quotes. */
export const toQuotedBase64 = (numbers: readonly number[]): Uint8Array => {
  const bytes = toFloat32Bytes(numbers);
  const quoted = new Uint8Array(Math.ceil(bytes.length / 3) * 4 + 2).fill(0x22);
  let position = 1;
  for (let index = 0; index < bytes.length; index += 3) {
    const left = bytes.length - index;
    const bits = ((bytes[index] as number) << 16) | ((bytes[index + 1] ?? 0) << 8) | (bytes[index + 2] ?? 0);
    quoted[position] = letterAt(bits, 18);
    quoted[position + 1] = letterAt(bits, 12);
    quoted[position + 2] = left > 1 ? letterAt(bits, 6) : padding;
    quoted[position + 3] = left > 2 ? letterAt(bits, 0) : padding;
    position += 4;
  }
  return quoted;
};
