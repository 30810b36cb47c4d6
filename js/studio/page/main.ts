// Brought by `ruvector studio`, the page asks that server. Opened as a file of a web server, it works on a database in the page itself.
import { App } from './app.js';
import { httpSource } from './http_source.js';
import { launch } from './launcher.js';

if (location.pathname.endsWith('.html')) await launch();
else await new App(httpSource).start();
