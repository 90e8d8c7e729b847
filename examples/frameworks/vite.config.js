import { svelte } from "@sveltejs/vite-plugin-svelte";
import vue from "@vitejs/plugin-vue";

const pages = ["svelte", "vue", "tanstack-db"].map((name) => `${name}.html`);

export default {
  plugins: [svelte(), vue()],
  build: { target: "es2022", rollupOptions: { input: pages } },
};
