import { defineConfig } from 'vite';

export default defineConfig({
  build: {
    target: 'es2022',
    assetsInlineLimit: 0, // the page's policy takes no data: URLs
    license: { fileName: 'licences.txt' }, // of what is bundled
    modulePreload: { polyfill: false },
  },
  optimizeDeps: { exclude: ['@vouch/client'] }, // or its worker is not found
});
