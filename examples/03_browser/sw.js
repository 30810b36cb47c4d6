// Keeps what the page and its worker load, for when the server cannot be reached; else what the server has now wins.
const own = /^\/($|(dist|wasm\/dist|examples\/0[34]_\w+)\/)/; // another server may have this port tomorrow

addEventListener('install', (event) => event.waitUntil(skipWaiting()));
addEventListener('activate', (event) => event.waitUntil(clients.claim()));
addEventListener('fetch', (event) => {
  const { pathname } = new URL(event.request.url);
  // The passages are in the database.
  if (event.request.method === 'GET' && own.test(pathname) && !pathname.endsWith('.json')) event.respondWith(answer(event.request));
});

async function answer(request) {
  const kept = await caches.open('ruvector example');
  try {
    const response = await fetch(request);
    if (response.ok) await kept.put(request, response.clone());
    return response;
  } catch (error) {
    const known = await kept.match(request);
    if (known) return known;
    if (new URL(request.url).pathname === '/') return Response.redirect('/examples/03_browser/index.html');
    throw error;
  }
}
