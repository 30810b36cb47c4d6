// Recall against queries a second as an SVG that follows the reader's light or dark scheme. A library has one colour; its ways to be called differ by dashes.
const width = 920;
const height = 540;
const area = { left: 64, right: 700, top: 52, bottom: 478 };
const styles = {
  ruvector: ['ours', ''],
  'ruvector async': ['ours', '7 4'],
  'ruvector wasm': ['ours', '2 4'],
  'hnswlib-node': ['c1', ''],
  'hnswlib-wasm': ['c1', '2 4'],
  'usearch f32': ['c2', ''],
  'usearch i8': ['c2', '7 4'],
  '@lancedb/lancedb': ['c3', ''],
  '@ruvector/core': ['c4', ''],
  'sqlite-vec': ['c5', ''],
  edgevec: ['c6', ''],
  vectra: ['c7', ''],
  'client-vector-search': ['c8', ''],
};
const css = `
  text { font: 13px system-ui, sans-serif; fill: #3b3f46 }
  .title { font-size: 16px; font-weight: 600; fill: #16181d }
  .grid { stroke: #e3e5e9 } .axis { stroke: #8a9099 } .back { fill: #ffffff }
  .line { fill: none; stroke-width: 2; stroke-linejoin: round } .line.ours { stroke-width: 3.5 }
  .label.ours { font-weight: 600 } .leader { stroke-width: 1; opacity: 0.45; fill: none }
  .ours { --c: #c2185b } .c1 { --c: #1f6fb5 } .c2 { --c: #b26a00 } .c3 { --c: #6a4fb3 } .c4 { --c: #2e7d32 }
  .c5 { --c: #00798c } .c6 { --c: #8d5a44 } .c7 { --c: #5f6b76 } .c8 { --c: #a14bb0 }
  .line, .leader { stroke: var(--c) } .dot, .label { fill: var(--c) }
  @media (prefers-color-scheme: dark) {
    text { fill: #c3c8d0 } .title { fill: #f1f3f6 } .grid { stroke: #2b3038 } .axis { stroke: #6d7480 } .back { fill: #14171c }
    .ours { --c: #ff5c97 } .c1 { --c: #5fb0f5 } .c2 { --c: #f0a63c } .c3 { --c: #a993f5 } .c4 { --c: #6cc871 }
    .c5 { --c: #45c4d8 } .c6 { --c: #cf9a82 } .c7 { --c: #a3b0bd } .c8 { --c: #dd8fea }
    .line, .leader { stroke: var(--c) } .dot, .label { fill: var(--c) }
  }`;
const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const short = (n) => (n >= 1e6 ? `${n / 1e6}M` : n >= 1000 ? `${n / 1000}k` : String(n));

// From one miss in three to one in two thousand, on a log scale: the interesting part of recall lies near 1.
const most = Math.log(2000);
const least = Math.log(3);
const x = (recall) => {
  const place = Math.max(least, Math.min(most, -Math.log(Math.max(1e-9, 1 - recall))));
  return area.left + ((place - least) / (most - least)) * (area.right - area.left);
};

/** results: of compare() in bench/peers/compare.mjs. */
export function plot(title, results) {
  const series = results.filter(({ curve }) => curve?.some(({ qps }) => qps > 0));
  const all = series.flatMap(({ curve }) => curve.map(({ qps }) => Math.log10(qps)));
  const low = Math.floor(Math.min(...all, 2));
  const high = Math.ceil(Math.max(...all, 4));
  const y = (qps) => area.bottom - ((Math.log10(qps) - low) / (high - low)) * (area.bottom - area.top);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">`,
    `<style>${css}</style><rect class="back" width="${width}" height="${height}"/>`,
    `<text class="title" x="${area.left}" y="28">${escaped(title)}</text>`,
  ];
  for (let power = low; power <= high; power++) {
    const at = y(10 ** power);
    parts.push(`<line class="grid" x1="${area.left}" x2="${area.right}" y1="${at}" y2="${at}"/>`);
    parts.push(`<text x="${area.left - 8}" y="${at + 4}" text-anchor="end">${short(10 ** power)}</text>`);
  }
  for (const [recall, text] of [0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999].map((r) => [r, String(r)]).concat([[1, '1']])) {
    parts.push(`<line class="grid" y1="${area.top}" y2="${area.bottom}" x1="${x(recall)}" x2="${x(recall)}"/>`);
    parts.push(`<text x="${x(recall)}" y="${area.bottom + 20}" text-anchor="middle">${text}</text>`);
  }
  parts.push(`<path class="axis" fill="none" d="M${area.left} ${area.top}V${area.bottom}H${area.right}"/>`);
  parts.push(`<text x="${(area.left + area.right) / 2}" y="${area.bottom + 46}" text-anchor="middle">recall@10 (right is better)</text>`);
  parts.push(
    `<text transform="translate(16 ${(area.top + area.bottom) / 2}) rotate(-90)" text-anchor="middle">queries a second, one caller (up is better)</text>`,
  );
  const labels = [];
  for (const { name, curve } of series) {
    const [kind, dash] = styles[name] ?? ['c7', ''];
    const points = curve.map(({ recall10, qps }) => [x(recall10), y(qps)]);
    const path = points.map(([px, py]) => `${px.toFixed(1)} ${py.toFixed(1)}`).join('L');
    const dashes = dash ? ` stroke-dasharray="${dash}"` : '';
    if (points.length > 1) parts.push(`<path class="line ${kind}"${dashes} d="M${path}"/>`);
    for (const [px, py] of points)
      parts.push(`<circle class="dot ${kind}" cx="${px.toFixed(1)}" cy="${py.toFixed(1)}" r="${points.length > 1 ? 3 : 5}"/>`);
    const [px, py] = points.at(-1);
    labels.push({ name, kind, px, py, at: py });
  }
  // Labels stand beside the end of their line, pushed apart so that none covers another.
  labels.sort((a, b) => a.py - b.py);
  for (let i = 1; i < labels.length; i++) labels[i].at = Math.max(labels[i].at, labels[i - 1].at + 17);
  for (let i = labels.length - 1, bound = area.bottom + 4; i >= 0; i--, bound = labels[i + 1].at - 17)
    labels[i].at = Math.min(labels[i].at, bound);
  for (const { name, kind, px, py, at } of labels) {
    parts.push(`<path class="leader ${kind}" d="M${px.toFixed(1)} ${py.toFixed(1)}L${area.right + 12} ${at.toFixed(1)}h6"/>`);
    parts.push(`<text class="label ${kind}" x="${area.right + 22}" y="${(at + 4).toFixed(1)}">${escaped(name)}</text>`);
  }
  parts.push('</svg>');
  return `${parts.join('\n')}\n`;
}
