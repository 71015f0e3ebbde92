import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";
import { listenToVisibility } from "./hidden";
import { listenToKeyboard } from "./keyboard";
import { keepRuns } from "./runs/runs";
import { startSession } from "./session";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/layout.css";

startSession();
keepRuns();
listenToKeyboard();
listenToVisibility();
createRoot(document.getElementById("root") as HTMLElement).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
