// Two sets of counted figures beside each other.
const tolerance = 0.05;

/** → { lines to print, how many figures are worse }. A figure that is missing, or that the baseline lacks, counts as worse: it guards nothing. */
export function compareFigures(baseline, found) {
  const lines = [];
  let worse = 0;
  const compare = (kind) => {
    for (const name of new Set([...Object.keys(baseline[kind]), ...Object.keys(found[kind])])) {
      const [before, now] = [baseline[kind][name], found[kind][name]];
      if (before === undefined || now === undefined) {
        lines.push(`WORSE   ${name}: ${now === undefined ? 'not counted any more' : 'not in the baseline'}`);
        worse++;
        continue;
      }
      // Of a recall more is better, of the others less.
      const change = name.endsWith('/recall') ? before - now : before === 0 ? now : now / before - 1;
      const allowed = name.endsWith('/recall') ? 0.005 : tolerance;
      if (change > allowed) worse++;
      const verdict = change > allowed ? 'WORSE ' : change < -allowed ? 'better' : 'ok    ';
      lines.push(`${verdict}  ${kind === 'instructions' ? 'instructions, ' : ''}${name}: ${now}, baseline ${before}`);
    }
  };
  compare('counts');
  if (found.on === null) lines.push('skipped instructions: valgrind is not here or does not run the program');
  else if (found.on !== baseline.on) lines.push(`skipped instructions: counted with ${found.on}, the baseline with ${baseline.on}`);
  else compare('instructions');
  lines.push(
    worse === 0
      ? 'no figure is worse than the baseline'
      : `${worse} figure(s) worse than the baseline; if that is meant: npm run bench:check -- --update`,
  );
  return { lines, worse };
}
