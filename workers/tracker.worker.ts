import { TrackerService } from "../sdk/agent/services/tracker-service.js";
import type { TrackerWorkerApi } from "../sdk/protocol/tracker-worker.js";
import { exposeWorker } from "../sdk/runtime/expose-worker.js";

// Built as a classic script (tsup.config.ts): face detectors load themselves with importScripts, which modules lack.
exposeWorker(new TrackerService() satisfies TrackerWorkerApi);
