import { startWorker } from "../worker/start";

// The first step needs the worker's script and the page's: the two load side by side.
startWorker();
void import("./page");
