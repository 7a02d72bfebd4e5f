import { createRandom, drawNormal } from './seeded-random.ts';

/** A unit vector in float32 that depends on the seed only. */
export const drawEmbedding = (seed: number, dimensions: number): Float32Array => {
  const random = createRandom(seed);
  const values = Float64Array.from({ length: dimensions }, () => drawNormal(random));
  const norm = Math.hypot(...values) || 1;
  return Float32Array.from(values, (value) => value / norm);
};

/** Base64 of the values as little-endian float32, the only order that clients decode. */
export const encodeBase64 = (vector: Float32Array): string => {
  const view = new DataView(new ArrayBuffer(vector.length * 4));
  vector.forEach((value, index) => {
    view.setFloat32(index * 4, value, true);
  });
  return btoa(Array.from(new Uint8Array(view.buffer), (byte) => String.fromCharCode(byte)).join(''));
};
