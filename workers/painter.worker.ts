import { PainterService } from "../sdk/agent/services/painter-service.js";
import { createStageHost } from "../sdk/agent/services/stage-host.js";
import type { PainterWorkerApi } from "../sdk/protocol/painter-worker.js";
import { exposeWorker } from "../sdk/runtime/expose-worker.js";

exposeWorker(new PainterService(createStageHost()) satisfies PainterWorkerApi);
