// Light, dark, or as the system is. What is chosen is remembered where the browser allows it.
import { type Scheme, schemeOf } from './colours.js';
import { find } from './dom.js';

type Theme = 'system' | 'light' | 'dark';
const next: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' };
const icons: Record<Theme, string> = { system: '◐', light: '☀', dark: '☾' };
const key = 'ruvector-studio-theme';

function remembered(): Theme {
  try {
    const kept = localStorage.getItem(key);
    return kept === 'light' || kept === 'dark' ? kept : 'system';
  } catch {
    return 'system';
  }
}

/** Calls `changed` now and whenever the scheme is another. */
export function startTheme(changed: (scheme: Scheme) => void): void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const toggle = find('theme');
  let theme = remembered();
  const apply = () => {
    document.documentElement.dataset.theme = theme;
    toggle.textContent = icons[theme];
    toggle.title = `Theme: ${theme}`;
    toggle.setAttribute('aria-label', `Theme: ${theme}; switch to ${next[theme]}`);
    changed(schemeOf(theme === 'dark' || (theme === 'system' && system.matches)));
  };
  toggle.addEventListener('click', () => {
    theme = next[theme];
    try {
      localStorage.setItem(key, theme);
    } catch {
      // It holds for this visit.
    }
    apply();
  });
  system.addEventListener('change', apply);
  apply();
}
