// A database in the page: the one that the address names, `?database=idb://name`, or a .rvf file of the user's, which goes nowhere.
import type { VectorDB } from '../../../types/api.js';
import { App } from './app.js';
import { button, find, make } from './dom.js';

const listening = new AbortController();

async function start(name: string, open: (VectorDB: typeof import('../../browser.js')['VectorDB']) => Promise<VectorDB>): Promise<void> {
  const message = find('message');
  message.hidden = false;
  message.textContent = `opening ${name} …`;
  try {
    const [{ VectorDB }, { DatabaseSource }] = await Promise.all([import('../../browser.js'), import('../database_source.js')]);
    const source = new DatabaseSource((await open(VectorDB)) as VectorDB, name, '');
    // One database a visit: another file needs the page anew.
    listening.abort();
    await new App(source).start();
  } catch (error) {
    message.replaceChildren(make('p', '', `${name}: ${(error as Error).message}`), chooser());
  }
}

const openFile = (file: File): Promise<void> =>
  start(file.name, async (VectorDB) => (await VectorDB.fromBytes(await file.arrayBuffer())) as unknown as VectorDB);

function chooser(): HTMLElement {
  const input = make('input');
  input.type = 'file';
  input.accept = '.rvf';
  input.hidden = true;
  input.addEventListener('change', () => input.files?.[0] && void openFile(input.files[0]));
  return make(
    'div',
    'chooser',
    button('primary', 'Open a .rvf file', () => input.click()),
    input,
    make('small', '', 'or drop one here; it stays on this machine'),
  );
}

export async function launch(): Promise<void> {
  const wanted = new URLSearchParams(location.search).get('database');
  if (wanted !== null)
    return start(wanted, async (VectorDB) => (await VectorDB.open({ storagePath: wanted, readOnly: true })) as unknown as VectorDB);
  const message = find('message');
  message.hidden = false;
  message.replaceChildren(chooser());
  const { signal } = listening;
  document.addEventListener('dragover', (event) => event.preventDefault(), { signal });
  const drop = (event: DragEvent) => {
    event.preventDefault();
    const file = event.dataTransfer?.files[0];
    if (file) void openFile(file);
  };
  document.addEventListener('drop', drop, { signal });
}
