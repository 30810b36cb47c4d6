// Text-like vectors for the benchmarks: clusters in topics, few strong directions and many weak ones, unit length; the same rows every time.

function randomOf(seed) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return { uniform, normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()) };
}

/** [rows × dimensions]; another `stream` gives other rows of the same clusters. */
export function textLike(rows, dimensions, stream) {
  const shape = randomOf(4242);
  const scale = Float64Array.from({ length: dimensions }, (_, j) => (j + 2) ** -0.75);
  const topics = Array.from({ length: 48 }, () => scale.map((s) => s * shape.normal()));
  const clusters = Array.from({ length: 3000 }, () => {
    const topic = topics[Math.floor(shape.uniform() * topics.length)];
    return topic.map((t, j) => 0.6 * t + 0.7 * scale[j] * shape.normal());
  });
  const random = randomOf(977 + stream);
  const out = new Float32Array(rows * dimensions);
  for (let i = 0; i < rows; i++) {
    const cluster = clusters[Math.floor(random.uniform() * clusters.length)];
    let norm = 0;
    for (let j = 0; j < dimensions; j++) {
      const x = cluster[j] + 0.8 * scale[j] * random.normal();
      out[i * dimensions + j] = x;
      norm += x * x;
    }
    for (let j = 0; j < dimensions; j++) out[i * dimensions + j] /= Math.sqrt(norm);
  }
  return out;
}
