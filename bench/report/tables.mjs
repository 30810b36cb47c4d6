// The figures of a run as tables: { title, columns, rows } with cells of plain text, for Markdown and HTML alike.
const number = (value, digits = 0) => (value === null || value === undefined || Number.isNaN(value) ? '–' : value.toFixed(digits));
const rate = (value) =>
  value === null || value === undefined
    ? '–'
    : value >= 9950
      ? `${(value / 1000).toFixed(1)}k`
      : value >= 100
        ? value.toFixed(0)
        : value.toFixed(1);
const seconds = (value) =>
  value === undefined ? '–' : value < 1 ? `${(value * 1000).toFixed(value < 0.01 ? 1 : 0)} ms` : `${value.toFixed(1)} s`;

/** The point of a curve that is told as the one at a recall of 0.95: the first that has it, else the last. */
const near = (curve) => curve.find(({ recall10 }) => recall10 >= 0.95) ?? curve.at(-1);

function searching(results) {
  return {
    title: 'One caller',
    text: 'Queries a second at a recall@10, between measured points; then at the first measured point with 0.95 or more (else the last): recalls, their 5th percentile over queries, times in µs.',
    columns: ['', '0.90', '0.95', '0.99', 'at', 'recall@1', '@10', '@10, 5 %', '@100', 'QPS', 'p50', 'p99'],
    rows: results
      .filter(({ qpsAt }) => qpsAt !== undefined)
      .map(({ name, knob, curve, qpsAt }) => {
        const p = near(curve);
        const recalls = [p.recall1, p.recall10, p.low10, p.recall100].map((r) => number(r, 3));
        return [
          name,
          ...[0.9, 0.95, 0.99].map((r) => rate(qpsAt[r])),
          knob ? `${knob} ${p.knob}` : '',
          ...recalls,
          rate(p.qps),
          number(p.p50),
          number(p.p99),
        ];
      }),
  };
}
function keeping(results) {
  return {
    title: 'Building and keeping',
    text: 'Bytes a row; in memory: of a process that opened what was built and searched it, or, where nothing can be opened, of the one that built it. Opening includes a first search.',
    columns: ['', 'version', 'build', 'own memory', 'mapped', 'on disk', 'open'],
    rows: results
      .filter(({ buildSeconds }) => buildSeconds !== undefined)
      .map((r) => [
        r.name,
        r.version ?? '–',
        seconds(r.buildSeconds),
        number(r.ownBytes),
        number(r.mappedBytes),
        number(r.diskBytes),
        seconds(r.openSeconds),
      ]),
  };
}
function together(results) {
  const part = (r, name) => r.rest?.[name];
  return {
    title: 'Several callers, batches, filters',
    text: 'Queries a second, at the point named above; callers wait for their answer before they ask again (asynchronous interfaces only; p99 in µs). Filters keep 10 % and 1 % of the rows; their recall@10 follows.',
    columns: ['', '1 caller', '8', '32', '32: p99', 'batch of 100', '10 %', 'recall', '1 %', 'recall'],
    rows: results
      .filter(({ rest }) => rest !== undefined && Object.keys(rest).length > 3)
      .map((r) => [
        r.name,
        ...['callers1', 'callers8', 'callers32'].map((name) => rate(part(r, name)?.qps)),
        number(part(r, 'callers32')?.p99),
        rate(part(r, 'batch100')?.qps),
        ...['filter10', 'filter1'].flatMap((name) => [rate(part(r, name)?.qps), number(part(r, name)?.recall10, 3)]),
      ]),
  };
}

export const tablesOf = (results) => [searching(results), together(results), keeping(results)].filter(({ rows }) => rows.length > 0);

/** What did not run, or not to its end, and what is left out of the times. */
export const remarksOf = (results) => ({
  failed: results.filter(({ error }) => error !== undefined).map(({ name, error }) => `${name}: ${error}`),
  notes: results.filter(({ note }) => note !== undefined).map(({ name, note }) => `${name}: ${note}`),
});

/** kernels: of bench/kernels.mjs. */
export function kernelTable(kernels) {
  const dimensions = Object.keys(kernels[0].ratios);
  return {
    title: 'Kernels against scalar code',
    text: 'How many times as fast as plain loops that the compiler was told not to vectorize, in L1 cache, by dimensions.',
    columns: ['target', 'kernel', ...dimensions, 'bound'],
    rows: kernels.map(({ target, kernel, ratios, bound }) => [
      target,
      kernel,
      ...dimensions.map((d) => number(ratios[d], 1)),
      bound ? `≥ ${bound}` : '',
    ]),
  };
}
