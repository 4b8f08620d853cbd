import { createStageHost } from "../sdk/agent/services/stage-host.js";
import type { RendererWorkerApi } from "../sdk/protocol/renderer-worker.js";
import { RendererService } from "../sdk/remote/server/renderer-service.js";
import { exposeWorker } from "../sdk/runtime/expose-worker.js";

exposeWorker(new RendererService(createStageHost()) satisfies RendererWorkerApi);
