// Elements, with text as text: ids and metadata come from anywhere and are never read as HTML.

type Child = Node | string | number | null;

export function make<K extends keyof HTMLElementTagNameMap>(tag: K, className = '', ...children: Child[]): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (className !== '') made.className = className;
  made.append(...children.filter((child) => child !== null).map((child) => (typeof child === 'number' ? String(child) : child)));
  return made;
}

/** The element of that id, which index.html has. */
export function find<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no #${id}`);
  return found as T;
}

export function button(className: string, label: Child, onClick: () => void): HTMLButtonElement {
  const made = make('button', className, label);
  made.type = 'button';
  made.addEventListener('click', onClick);
  return made;
}

/** Text from the data: by itself in direction and never longer than it is worth. */
export function foreign(className: string, text: string, most = 400): HTMLElement {
  const made = make('bdi', className, text.length > most ? `${text.slice(0, most)}…` : text);
  if (text.length > 40) made.title = text.slice(0, 2000);
  return made;
}
