// The panels. Where there is room, search stands by itself and the others share a side; on a phone all take turns below the map.
import { find } from './dom.js';

export type Tab = 'search' | 'entry' | 'rows' | 'health';
const tabs: readonly Tab[] = ['search', 'entry', 'rows', 'health'];
let changed: (tab: Tab) => void = () => {};

const wide = matchMedia('(min-width: 900px)');

export function openTab(tab: Tab): void {
  const { dataset } = document.body;
  dataset.tab = tab;
  if (tab !== 'search') dataset.side = tab;
  mark();
  changed(tab);
}

function mark(): void {
  const { tab, side } = document.body.dataset;
  for (const name of tabs) {
    const chosen = name === (wide.matches ? side : tab);
    const element = find(`tab-${name}`);
    element.setAttribute('aria-selected', String(chosen));
    element.tabIndex = chosen ? 0 : -1;
  }
}

export function startTabs(onChange: (tab: Tab) => void): void {
  changed = onChange;
  for (const tab of tabs) {
    const element = find(`tab-${tab}`);
    element.addEventListener('click', () => openTab(tab));
    element.addEventListener('keydown', ({ key }) => {
      const step = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0;
      if (step === 0) return;
      const shown = wide.matches ? tabs.slice(1) : tabs;
      const next = shown[(shown.indexOf(tab) + step + shown.length) % shown.length] as Tab;
      openTab(next);
      find(`tab-${next}`).focus();
    });
  }
  wide.addEventListener('change', mark);
  mark();
}
