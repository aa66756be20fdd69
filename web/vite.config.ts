import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  // The server writes its own in place of it, and modules find each other.
  base: './',
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    // A data: URL would need a looser policy for what the page may load.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Measured compressed, against a limit of its own.
    chunkSizeWarningLimit: 1000,
  },
})
