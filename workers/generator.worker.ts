import { GeneratorService } from "../sdk/agent/services/generator-service.js";
import { createStageHost } from "../sdk/agent/services/stage-host.js";
import type { GeneratorWorkerApi } from "../sdk/protocol/generator-worker.js";
import { exposeWorker } from "../sdk/runtime/expose-worker.js";

exposeWorker(new GeneratorService(createStageHost()) satisfies GeneratorWorkerApi);
