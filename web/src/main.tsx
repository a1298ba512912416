import { createRoot } from "react-dom/client";
import { loadConfig } from "./config.ts";
import { App } from "./parts/app.tsx";
import "./page.css";

const root = createRoot(document.getElementById("root")!);
try {
  await loadConfig();
  root.render(<App />);
} catch {
  root.render(<p className="fatal">The page's own server does not answer. Reload once it is back.</p>);
}
