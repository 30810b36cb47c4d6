// The packed packages as a registry gives them, for `npm install`: npm chooses the one for the machine by what its package.json says.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

/** Serves the tarballs of a folder; { address, names, close }. */
export async function serveRegistry(folder) {
  const files = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  const manifests = files.map((file) => ({
    file,
    manifest: JSON.parse(execFileSync('tar', ['-xzOf', file, 'package/package.json'], { cwd: folder, encoding: 'utf8' })),
  }));
  const server = createServer(({ url }, response) => {
    const path = decodeURIComponent(url).slice(1);
    if (files.includes(path)) return response.end(readFileSync(join(folder, path)));
    const found = manifests.find(({ manifest }) => manifest.name === path);
    if (!found) return response.writeHead(404).end('{}');
    const { name, version } = found.manifest;
    const dist = { tarball: `${address}${found.file}` };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ name, 'dist-tags': { latest: version }, versions: { [version]: { ...found.manifest, dist } } }));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${server.address().port}/`;
  return { address, names: manifests.map(({ manifest }) => manifest.name), close: () => server.close() };
}
