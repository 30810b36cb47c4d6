// A run as JSON, Markdown with SVG plots, and one HTML page.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { plot } from './plot.mjs';
import { kernelTable, remarksOf, tablesOf } from './tables.mjs';

const html = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const cell = (text) => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');

function markdownTable({ title, text, columns, rows }) {
  const line = (cells) => `| ${cells.map(cell).join(' | ')} |`;
  return [`### ${title}`, '', text, '', line(columns), line(columns.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line), ''].join(
    '\n',
  );
}
function htmlTable({ title, text, columns, rows }) {
  const row = (cells, tag) => `<tr>${cells.map((text) => `<${tag}>${html(text)}</${tag}>`).join('')}</tr>`;
  const body = rows
    .map((cells) => row(cells, 'td').replace('<tr>', cells[0].startsWith('ruvector') ? '<tr class="ours">' : '<tr>'))
    .join('\n');
  return `<h3>${html(title)}</h3><p>${html(text)}</p><div class="wide"><table><thead>${row(columns, 'th')}</thead><tbody>${body}</tbody></table></div>`;
}
const list = (title, items) => ({ title, items });

/** The parts of a report, whatever it is written as. */
function parts(run) {
  const { machine, conditions } = run;
  const out = {
    title: `Benchmarks of ruvector ${machine.version}, ${run.full ? 'full' : 'short'} run`,
    conditions: [
      `${machine.date} UTC, commit ${machine.commit ?? 'unknown'}`,
      `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}, Node ${machine.node}, ${machine.backend}`,
      `load a core before the run: ${conditions.loadBefore}${conditions.loadBefore > 0.3 ? ' – others were using the machine, so read ratios, not absolute figures' : ''}`,
      ...conditions.told,
    ],
    bounds: run.bounds,
    sets: (run.comparisons ?? []).map(({ set, results }) => ({
      name: set.name,
      title: `${set.name}: ${set.rows.toLocaleString('en')} rows × ${set.dimensions}, ${set.kind === 'text' ? 'text-like' : set.kind}`,
      plot: plot(`${set.rows.toLocaleString('en')} × ${set.dimensions}, ${set.kind === 'text' ? 'text-like' : set.kind}`, results),
      tables: tablesOf(results),
      lists: [list('Failed or left out', remarksOf(results).failed), list('Left out of the times', remarksOf(results).notes)].filter(
        ({ items }) => items.length > 0,
      ),
    })),
    kernels: run.kernels?.length ? kernelTable(run.kernels) : null,
  };
  return out;
}

function markdown(report, name) {
  const lines = [`# ${report.title}`, '', ...report.conditions.map((text) => `- ${text}`), ''];
  for (const set of report.sets) {
    lines.push(
      `## ${set.title}`,
      '',
      `![recall@10 against queries a second](${name}-${set.name}.svg)`,
      '',
      ...set.tables.map(markdownTable),
    );
    for (const { title, items } of set.lists) lines.push(`${title}:`, '', ...items.map((text) => `- ${cell(text)}`), '');
  }
  if (report.bounds.length > 0) {
    lines.push('## Figures beside their bounds', '', '| | figure | bound | |', '| --- | ---: | ---: | --- |');
    for (const { title, lines: some } of report.bounds) {
      lines.push(`| **${title}** | | | |`);
      for (const line of some)
        lines.push(
          line.note
            ? `| ${cell(line.note)} | | | |`
            : `| ${cell(line.what)} | ${line.figure} | ${line.bound} | ${line.met ? 'ok' : '**MISS**'} |`,
        );
    }
    lines.push('');
  }
  if (report.kernels) lines.push(markdownTable(report.kernels).replace('### ', '## '));
  return `${lines.join('\n').trimEnd()}\n`;
}

const style = `
  :root { color-scheme: light dark; --ink: #16181d; --soft: #5b626d; --rule: #e3e5e9; --back: #fff; --mine: #fdf0f5; --bad: #b3261e; --good: #1b7f3b }
  @media (prefers-color-scheme: dark) { :root { --ink: #e8eaee; --soft: #9aa2ad; --rule: #2b3038; --back: #14171c; --mine: #2a1a22; --bad: #ff8a80; --good: #6cc871 } }
  body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back); max-width: 1000px; margin: 2rem auto; padding: 0 1rem }
  h1 { font-size: 1.6rem } h2 { margin-top: 3rem; border-top: 1px solid var(--rule); padding-top: 1.5rem } h3 { margin: 2rem 0 0 } p, ul { color: var(--soft); margin-top: 0.3rem }
  svg { width: 100%; height: auto; border: 1px solid var(--rule); border-radius: 8px }
  .wide { overflow-x: auto } table { border-collapse: collapse; font-variant-numeric: tabular-nums; width: 100% }
  th, td { padding: 4px 10px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--rule) } th { color: var(--soft); font-weight: 600 }
  th:first-child, td:first-child { text-align: left } tr.ours { background: var(--mine); font-weight: 600 }
  .bounds td:first-child { white-space: normal } .note td { color: var(--soft); font-size: 13px } .ok { color: var(--good) } .miss { color: var(--bad); font-weight: 700 }`;

function page(report) {
  const out = [
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${html(report.title)}</title><style>${style}</style></head><body>`,
    `<h1>${html(report.title)}</h1><ul>${report.conditions.map((text) => `<li>${html(text)}</li>`).join('')}</ul>`,
  ];
  for (const set of report.sets) {
    out.push(`<h2>${html(set.title)}</h2>`, set.plot, ...set.tables.map(htmlTable));
    for (const { title, items } of set.lists)
      out.push(`<h3>${html(title)}</h3><ul>${items.map((text) => `<li>${html(text)}</li>`).join('')}</ul>`);
  }
  if (report.bounds.length > 0) {
    out.push(
      '<h2>Figures beside their bounds</h2><div class="wide"><table class="bounds"><thead><tr><th></th><th>figure</th><th>bound</th><th></th></tr></thead><tbody>',
    );
    for (const { title, lines } of report.bounds) {
      out.push(`<tr><th colspan="4">${html(title)}</th></tr>`);
      for (const line of lines) {
        if (line.note) out.push(`<tr class="note"><td colspan="4">${html(line.note)}</td></tr>`);
        else
          out.push(
            `<tr><td>${html(line.what)}</td><td>${html(line.figure)}</td><td>${html(line.bound)}</td><td class="${line.met ? 'ok">ok' : 'miss">MISS'}</td></tr>`,
          );
      }
    }
    out.push('</tbody></table></div>');
  }
  if (report.kernels) out.push('<h2>Kernels</h2>', htmlTable(report.kernels));
  out.push('</body></html>');
  return `${out.join('\n')}\n`;
}

/** Writes <name>.json, .md, .html and one .svg for each set; returns the paths. */
export function write(folder, name, run) {
  mkdirSync(folder, { recursive: true });
  const report = parts(run);
  const files = {
    [`${name}.json`]: `${JSON.stringify(run, (_, value) => (typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(5)) : value), 1)}\n`,
    [`${name}.md`]: markdown(report, name),
    [`${name}.html`]: page(report),
  };
  for (const set of report.sets) files[`${name}-${set.name}.svg`] = set.plot;
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
  return Object.keys(files).map((file) => join(folder, file));
}
