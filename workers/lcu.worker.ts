import { LcuService } from "../sdk/agent/services/lcu-service.js";
import { createStageHost } from "../sdk/agent/services/stage-host.js";
import type { LcuWorkerApi } from "../sdk/protocol/lcu-worker.js";
import { exposeWorker } from "../sdk/runtime/expose-worker.js";

exposeWorker(new LcuService(createStageHost()) satisfies LcuWorkerApi);
