// So that the page opens without its server: sw.js keeps what is loaded, from now on and, once more, what was loaded before it was there.
const { serviceWorker } = navigator;

/** `begun`: what is loaded from now on is kept. `complete`: whether all of it is; false where there are no service workers. */
export function keepForOffline() {
  const begun = begin();
  return {
    begun,
    async complete() {
      if (!(await begun)) return false;
      const loaded = performance.getEntriesByType('resource').map(({ name }) => name);
      const own = [location.href, ...loaded].filter((name) => name.startsWith(location.origin) && !name.endsWith('.json'));
      await Promise.all([...new Set(own)].map((name) => fetch(name)));
      return true;
    },
  };
}

async function begin() {
  if (!serviceWorker) return false;
  try {
    await serviceWorker.register('sw.js', { scope: '/' });
    await serviceWorker.ready;
    if (serviceWorker.controller) return true;
    const taken = new Promise((resolve) => serviceWorker.addEventListener('controllerchange', () => resolve(true), { once: true }));
    // After a reload that goes round service workers none takes over.
    return await Promise.race([taken, new Promise((resolve) => setTimeout(resolve, 2000, false))]);
  } catch {
    return false; // the user's browser may have switched them off: the page works, with its server
  }
}
