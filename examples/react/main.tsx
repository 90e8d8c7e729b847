import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.js";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no place for the page");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
