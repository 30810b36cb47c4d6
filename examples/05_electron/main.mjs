// The main process: it owns the database (notes.mjs) and answers the page over IPC. To run it, in a project of yours:
//   npm install electron ruvector, copy this folder into it, npx electron 05_electron/main.mjs
// Not run by this repository's tests, as Electron cannot be had there: they run notes.mjs, the part that owns the database, and the page in
// Chromium with themselves in place of IPC; of this file and preload.cjs they check that both parse, name the same calls and keep the page in.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { app, BrowserWindow, dialog, ipcMain } from 'electron';
import { openNotes } from './notes.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const page = here('renderer.html');

// The lock of the database is one for each user: a second start shows the window of the first.
if (!app.requestSingleInstanceLock()) app.quit();
// Not awaited: Electron is ready only when this module has been evaluated.
else app.whenReady().then(start).catch(fail);

function fail(error) {
  dialog.showErrorBox('Notes', error.message);
  app.quit();
}

/** Whatever else than our own page comes to be shown in a window may ask for nothing. */
function isOurs(frame) {
  return frame?.url.startsWith('file:') && fileURLToPath(frame.url) === page;
}

async function start() {
  const notes = await openNotes(join(app.getPath('userData'), 'notes'));

  for (const call of ['add', 'search', 'remove']) {
    ipcMain.handle(`notes:${call}`, async ({ senderFrame }, argument) => {
      if (!isOurs(senderFrame)) throw new Error('not from here');
      return notes[call](argument);
    });
  }

  const window = new BrowserWindow({
    width: 720,
    height: 640,
    webPreferences: { preload: here('preload.cjs'), contextIsolation: true, sandbox: true, nodeIntegration: false },
  });
  window.webContents.setWindowOpenHandler(() => ({ action: 'deny' }));
  window.webContents.on('will-navigate', (event) => event.preventDefault());
  app.on('second-instance', () => window.focus());
  app.on('window-all-closed', () => app.quit());

  // What was acknowledged is on disk anyway; closing waits for calls under way and lets the lock go.
  let closed = false;
  app.on('will-quit', async (event) => {
    if (closed) return;
    event.preventDefault();
    try {
      await notes.close();
    } finally {
      closed = true;
      app.quit();
    }
  });
  await window.loadFile(page);
}
