// Ratios out of the comparison with peers (bench/peers), which is measured before.
export const title = 'Against peers, through Node, one caller';

export function measure(context, comparisons) {
  for (const { set, results } of comparisons) {
    if (set.kind !== 'text' || set.dimensions !== 384) continue;
    const of = (name) => results.find((result) => result.name === name);
    const qps = (name, recall) => of(name)?.qpsAt?.[recall] ?? null;
    const against = (mine, name, recall, bound) => {
      const what = `${mine} against ${name}, ${set.name}, recall@10 ${recall}`;
      const [a, b] = [qps(mine, recall), qps(name, recall)];
      if (a !== null && b !== null) return context.atLeast(what, a / b, bound);
      const why = of(name) === undefined ? 'it was not asked to take part' : (of(name).error ?? 'one of them does not reach that recall');
      context.note(`${what}: no ratio; ${why}`);
    };
    against('ruvector', 'hnswlib-node', 0.95, 3);
    against('ruvector', 'usearch f32', 0.95, 2);
    against('ruvector', 'usearch i8', 0.92, 1);
    const best = Math.max(...(of('ruvector')?.curve ?? []).map(({ recall10 }) => recall10), 0);
    context.atLeast(`best recall@10 of ruvector, ${set.name}`, best, 0.99, (r) => r.toFixed(4));
    if (set.rows > 10_000) continue;
    against('ruvector wasm', 'hnswlib-wasm', 0.95, 8);
    for (const name of ['vectra', 'client-vector-search']) against('ruvector', name, 0.99, 100);
  }
}
