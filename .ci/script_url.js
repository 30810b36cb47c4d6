// In the build for <script>, where import.meta.url would be. The current script is known only while it runs for the first time; a worker
// that imports it knows no more than its own address.
export const scriptUrl = globalThis.document?.currentScript?.src || globalThis.location?.href || 'file:///';
