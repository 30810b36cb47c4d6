// Seeded data: the same on every target and machine.

export class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  /** In [0, 1). Mulberry32. */
  uniform(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
  below(n: number): number {
    return Math.floor(this.uniform() * n);
  }
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }
  vector(dimensions: number): Float32Array {
    return Float32Array.from({ length: dimensions }, () => this.normal());
  }
  /** n different numbers below `limit`. */
  sample(n: number, limit: number): number[] {
    const picked = new Set<number>();
    while (picked.size < n) picked.add(this.below(limit));
    return [...picked];
  }
}

/** Gaussian rows: hard for a graph, as nothing clusters. */
export function gaussian(seed: number, rows: number, dimensions: number): Float32Array[] {
  const random = new Random(seed);
  return Array.from({ length: rows }, () => random.vector(dimensions));
}

/**
 * Like sentence embeddings: clusters within topics around a common mean, few strong directions and many weak ones, unit length.
 * Queries come from the same clusters with another `stream`.
 */
export function textLike(rows: number, dimensions: number, stream: number): Float32Array[] {
  const shape = new Random(4242);
  const scale = Array.from({ length: dimensions }, (_, j) => (j + 2) ** -0.75);
  const mean = Array.from({ length: dimensions }, () => shape.normal() * 0.02);
  const topics = Array.from({ length: 24 }, () => scale.map((s) => s * shape.normal()));
  const clusters = Array.from({ length: 400 }, () => {
    const topic = topics[shape.below(topics.length)] as number[];
    return topic.map((t, j) => 0.6 * t + 0.7 * (scale[j] as number) * shape.normal());
  });
  const random = new Random(977 + stream);
  return Array.from({ length: rows }, () => {
    const cluster = clusters[random.below(clusters.length)] as number[];
    const v = Float32Array.from(cluster, (c, j) => c + (mean[j] as number) + 0.8 * (scale[j] as number) * random.normal());
    let norm = 0;
    for (const x of v) norm += x * x;
    return v.map((x) => x / Math.sqrt(norm));
  });
}

/** Rows one after another. */
export function pack(rows: readonly Float32Array[]): Float32Array {
  const width = rows[0]?.length ?? 0;
  const out = new Float32Array(rows.length * width);
  rows.forEach((row, i) => {
    out.set(row, i * width);
  });
  return out;
}

export function names(n: number, prefix = 'id'): string[] {
  return Array.from({ length: n }, (_, i) => `${prefix}${i}`);
}

/** All that an iterator gives. */
export async function collect<T>(from: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of from) all.push(item);
  return all;
}
