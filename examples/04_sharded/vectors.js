// Made up: rows around the centres of a thousand topics, of length 1, the same at every run. Real embeddings crowd in much this way.
export const dimensions = 64;
const topics = 1000;

/** Numbers around 0 with a standard deviation near 1: sums of uniform ones, from a linear congruential generator. */
function generator(seed) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return { uniform, normal: () => (uniform() + uniform() + uniform() + uniform() - 2) * 1.73 };
}

/** [rows × dimensions]; other rows of the same topics for each `stream`. */
export function makeVectors(rows, stream) {
  const shape = generator(1);
  const centres = Float32Array.from({ length: topics * dimensions }, shape.normal);
  const { uniform, normal } = generator(1000 + stream);
  const vectors = new Float32Array(rows * dimensions);
  for (let row = 0; row < rows; row++) {
    const own = vectors.subarray(row * dimensions, (row + 1) * dimensions);
    const centre = Math.floor(uniform() * topics) * dimensions;
    for (let i = 0; i < dimensions; i++) own[i] = centres[centre + i] + 0.7 * normal();
    const length = Math.hypot(...own);
    for (let i = 0; i < dimensions; i++) own[i] /= length;
  }
  return vectors;
}
