import { StrictMode, Suspense } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.js";
import { ErrorBoundary } from "./error-boundary.js";

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no place for the page");
createRoot(root).render(
  <StrictMode>
    <ErrorBoundary>
      <Suspense>
        <App />
      </Suspense>
    </ErrorBoundary>
  </StrictMode>,
);
