import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  // The server replaces it by its base path. Modules import each other by relative paths.
  base: './',
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    // A `data:` URL would require a looser content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // A test measures the compressed size against its own limit.
    chunkSizeWarningLimit: 1000,
  },
})
