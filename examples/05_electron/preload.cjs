// All that the page can reach: three calls. In a sandbox a preload script is CommonJS, and has of Electron what is named here.
const { contextBridge, ipcRenderer } = require('electron');

contextBridge.exposeInMainWorld('notes', {
  add: (text) => ipcRenderer.invoke('notes:add', text),
  search: (text) => ipcRenderer.invoke('notes:search', text),
  remove: (id) => ipcRenderer.invoke('notes:remove', id),
});
