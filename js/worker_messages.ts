// What goes between a thread that calls and the one that holds the core, and the latter's side of it.
import type { Backend, Platform, Reply, WasmSource } from './backend.js';
import { nativeIfWanted } from './backend_choice.js';
import { RuvectorError } from './errors.js';

/** The first one says which core, and what a db.open will ask of it; those after it are calls. */
export type Request =
  | { readonly id: number; readonly backend: unknown; readonly wasm: WasmSource | undefined; readonly opening: string }
  | { readonly id: number; readonly method: string; readonly json: string; readonly buffers: readonly Uint8Array[] };

export type Answer = { readonly id: number; readonly name: string } | { readonly id: number; readonly reply: Reply };

/** What a core is chosen with. */
export type CorePlatform = Pick<Platform, 'native' | 'preferred' | 'wasm' | 'warn' | 'begin'>;

type Post = (answer: Answer, transfer: ArrayBuffer[]) => void;

function errorReply(error: unknown): Reply {
  const { code, message } = error instanceof RuvectorError ? error : { code: 'INTERNAL', message: String(error) };
  return [JSON.stringify({ error: { code, message } })];
}

/** Returns what to do with each request. */
export function serve(platform: CorePlatform, post: Post): (request: Request) => Promise<void> {
  let core: Backend | undefined;
  return async (request) => {
    const { id } = request;
    try {
      if ('method' in request) {
        const reply = await (core as Backend).call(request.method, request.json, request.buffers);
        post({ id, reply }, reply.slice(1) as ArrayBuffer[]);
      } else {
        platform.begin?.(request.opening);
        core = nativeIfWanted(platform, request.backend, 'open') ?? (await platform.wasm(request.wasm));
        post({ id, name: core.name }, []);
      }
    } catch (error) {
      post({ id, reply: errorReply(error) }, []);
    }
  };
}
