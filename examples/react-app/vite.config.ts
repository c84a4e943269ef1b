import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

// Your API, which the guard stands before: here the example bank. The page asks its own origin for it, so that it needs no CORS.
const bank = process.env.BANK_URL ?? 'http://127.0.0.1:8090';

export default defineConfig({
  plugins: [react()],
  server: {
    host: 'localhost',
    port: Number(process.env.APP_PORT ?? 5173),
    strictPort: true,
    proxy: { '/bank': { target: bank, rewrite: (path) => path.replace(/^\/bank/, '') } },
  },
});
