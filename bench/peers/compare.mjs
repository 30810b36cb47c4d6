// All peers on one set of data: built one after another, then searched in turns, a little each, round after round.
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { peers } from './list.mjs';
import { Remote } from './remote.mjs';

const here = dirname(fileURLToPath(import.meta.url));
export const knobs = [10, 16, 24, 32, 48, 64, 96, 128, 200, 400];
export const recalls = [0.9, 0.92, 0.95, 0.99];
const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
const firstLine = (error) =>
  error.message
    .split('\n')[0]
    .replace(/^Error: /, '')
    .slice(0, 400);

function size(path) {
  if (!lstatSync(path).isDirectory()) return lstatSync(path).size;
  return readdirSync(path).reduce((sum, name) => sum + size(join(path, name)), 0);
}
function versionOf(name) {
  const root = name === 'ruvector' ? join(here, '../..') : join(here, 'node_modules', name);
  const file = join(root, 'package.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).version : null;
}

/** Queries a second at a recall, between the two nearest points of the curve, on a log scale; null: it does not get there. */
export function at(recall, curve) {
  for (let i = 0; i < curve.length; i++) {
    const [a, b] = [curve[i - 1], curve[i]];
    if (b.recall10 < recall) continue;
    if (a === undefined || b.recall10 === a.recall10) return b.qps;
    const share = (recall - a.recall10) / (b.recall10 - a.recall10);
    return Math.exp(Math.log(a.qps) * (1 - share) + Math.log(b.qps) * share);
  }
  return null;
}

/** Why a peer is not worth starting, judged by what it took for the largest set before; null: it is. */
export function tooSlow(name, set, limits, earlier) {
  const size = ({ rows, dimensions }) => rows * dimensions;
  const known = earlier
    .map((comparison) => ({ set: comparison.set, result: comparison.results.find((result) => result.name === name) }))
    .filter(({ set: before, result }) => result?.buildSeconds !== undefined && size(before) < size(set))
    .sort((a, b) => size(b.set) - size(a.set))[0];
  if (known === undefined) return null;
  const growth = size(set) / size(known.set);
  const build = known.result.buildSeconds * growth;
  if (build > limits.buildLimit) {
    const took = `${known.result.buildSeconds.toFixed(0)} s for ${known.set.name}`;
    return `not tried: building took ${took}, so at least ${build.toFixed(0)} s here; the limit is ${limits.buildLimit} s`;
  }
  // What compares every row slows down with their number; a graph hardly does.
  const qps = known.result.knob === null ? (known.result.curve?.[0]?.qps ?? 0) / growth : Number.POSITIVE_INFINITY;
  return qps < 1 ? `not tried: a search would take some ${(1 / qps).toFixed(1)} s` : null;
}

/**
 * Results of every peer, in the order of list.mjs; one that fails has `error`, and what was measured before.
 * limits: { rounds, slice (ms of a measurement), buildLimit (s), knobs }; only: names of peers, or undefined; earlier: comparisons of other sets
 */
export async function compare(set, limits, only, earlier = []) {
  const folder = mkdtempSync(join(tmpdir(), 'ruvector-peers-'));
  const threads = cpus().length;
  const running = [];
  const results = [];
  /** Does f with each peer that still runs; one that fails is out. */
  const each = async (f) => {
    for (const one of running.filter(({ result }) => result.error === undefined)) {
      try {
        await f(one);
      } catch (error) {
        one.result.error = firstLine(error);
        console.error(`  ${one.result.name}: ${one.result.error}`);
        await one.remote.end();
      }
    }
  };
  try {
    for (const peer of peers.filter(({ name }) => only === undefined || only.includes(name))) {
      const result = { name: peer.name };
      results.push(result);
      const reason = tooSlow(peer.name, set, limits, earlier);
      if (reason !== null) {
        result.error = reason;
        console.error(`  ${peer.name}: ${reason}`);
        continue;
      }
      const own = join(folder, peer.name.replaceAll(/\W/g, '_'));
      mkdirSync(own);
      const one = { peer, result, own, remote: new Remote(set, peer, own, threads) };
      running.push(one);
    }
    await each(async ({ result, remote }) => {
      Object.assign(result, await remote.call('open'));
      result.version = versionOf(result.package);
      const { seconds, ownBytes, mappedBytes, about } = await remote.call('build', {}, limits.buildLimit);
      Object.assign(result, { buildSeconds: seconds, ownBytes, mappedBytes, about });
      console.error(`  ${result.name}: built in ${seconds.toFixed(1)} s`);
    });
    await saveAndLoad(set, running, each, threads);
    await measureCurves(each, limits);
    await measureRest(each, limits);
  } finally {
    for (const { remote } of running) await remote.end();
    rmSync(folder, { recursive: true, force: true });
  }
  return results;
}

/** Bytes on disk, and opening in a new process, which takes the place of the one that built. */
async function saveAndLoad(set, running, each, threads) {
  await each(async (one) => {
    if (!(await one.remote.call('save', {}, 600))) return;
    one.result.diskBytes = size(one.own) / set.rows;
    await one.remote.end();
    one.remote = new Remote(set, one.peer, one.own, threads);
    await one.remote.call('open');
    const { seconds, ownBytes, mappedBytes } = await one.remote.call('load', {}, 600);
    Object.assign(one.result, { openSeconds: seconds, ownBytes, mappedBytes });
  });
  if (running.every(({ result }) => result.error !== undefined)) throw new Error('no peer is left');
}

async function measureCurves(each, { rounds, slice, knobs: used }) {
  await each(async ({ result, remote }) => {
    result.curve = [];
    for (const knob of result.knob === null ? [null] : used) {
      const ten = await remote.call('recall', { knob, k: 10, budget: slice * 5 });
      const hundred = await remote.call('recall', { knob, k: 100, budget: slice * 2 });
      result.curve.push({ knob, recall1: ten.first, recall10: ten.mean, low10: ten.low, recall100: hundred.mean, rounds: [] });
    }
  });
  for (let round = 0; round < rounds; round++) {
    for (let step = 0; step < used.length; step++) {
      await each(async ({ result, remote }) => {
        const point = result.curve[step];
        if (point) point.rounds.push(await remote.call('single', { knob: point.knob, k: 10, budget: slice, offset: round * 97 }));
      });
    }
  }
  await each(({ result }) => {
    for (const point of result.curve) {
      for (const what of ['qps', 'p50', 'p99']) point[what] = median(point.rounds.map((r) => r[what]));
      point.qpsRange = [Math.min(...point.rounds.map((r) => r.qps)), Math.max(...point.rounds.map((r) => r.qps))];
      delete point.rounds;
    }
    result.qpsAt = Object.fromEntries(recalls.map((recall) => [recall, at(recall, result.curve)]));
  });
}

/** Callers at once, batches and filters, at the first knob that gives a recall of 0.95, or the last. */
async function measureRest(each, { rounds, slice }) {
  await each(async ({ result, remote }) => {
    const knob = (result.curve.find(({ recall10 }) => recall10 >= 0.95) ?? result.curve.at(-1)).knob;
    result.rest = { knob, can: await remote.call('can'), async: await remote.call('async') };
    for (const percent of result.rest.can.filter ? [10, 1] : []) {
      const { mean, short } = await remote.call('recall', { knob, k: 10, percent, budget: slice * 4 });
      result.rest[`filter${percent}`] = { recall10: mean, tooFew: short, rounds: [] };
    }
    for (const callers of result.rest.async ? [1, 8, 32] : []) result.rest[`callers${callers}`] = { rounds: [] };
    if (result.rest.can.batch) result.rest.batch100 = { rounds: [] };
  });
  for (let round = 0; round < rounds; round++) {
    await each(async ({ result: { rest }, remote }) => {
      const common = { knob: rest.knob, k: 10, budget: slice };
      for (const percent of [10, 1]) await rest[`filter${percent}`]?.rounds.push(await remote.call('single', { ...common, percent }));
      for (const callers of [1, 8, 32])
        await rest[`callers${callers}`]?.rounds.push(await remote.call('concurrent', { ...common, callers }));
      await rest.batch100?.rounds.push(await remote.call('batch', { ...common, size: 100 }));
    });
  }
  await each(({ result: { rest } }) => {
    for (const part of Object.values(rest).filter((value) => value?.rounds !== undefined)) {
      for (const what of ['qps', 'p50', 'p99']) {
        if (part.rounds[0]?.[what] !== undefined) part[what] = median(part.rounds.map((r) => r[what]));
      }
      delete part.rounds;
    }
  });
}
