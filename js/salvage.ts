// Saves what a damaged database still holds. Documented in types/api.d.ts.
import type { SalvageReport } from '../types/api.js';
import type { Platform, WasmSource } from './backend.js';
import { nativeIfWanted } from './backend_choice.js';
import { RuvectorError } from './errors.js';
import { type Bag, requireObject, show } from './options.js';
import { parseReply } from './reply.js';

export async function salvage(platform: Platform, from: unknown, to: unknown, options: unknown = {}): Promise<SalvageReport> {
  for (const [name, path] of Object.entries({ from, to })) {
    if (typeof path === 'string' && path !== '') continue;
    throw new RuvectorError('INVALID_OPTION', `${name} is ${show(path)}, expected the path of a folder`, 'salvage');
  }
  const { backend, wasm, ...unknown }: Bag = requireObject(options, 'options', 'salvage');
  for (const key of Object.keys(unknown)) {
    throw new RuvectorError('INVALID_OPTION', `unknown option "${key}", expected backend, wasm`, 'salvage');
  }
  const core = nativeIfWanted(platform, backend, 'salvage') ?? (await platform.wasm(wasm as WasmSource | undefined));
  const reply = await core.call('db.salvage', JSON.stringify({ from, to }), []);
  return parseReply(reply, 'salvage') as SalvageReport;
}
