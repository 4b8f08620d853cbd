import { EchoError } from "../base/errors.js";
import { exposeWorker } from "./expose-worker.js";
import { transferArrays } from "./transfer.js";

/** The worker of supervised-worker.test.ts. */
export class FixtureWorker {
  #count = 0;

  async count(by: number): Promise<number> {
    this.#count += by;
    return this.#count;
  }

  async double(message: { samples: Float32Array }): Promise<{ samples: Float32Array }> {
    return transferArrays({ samples: message.samples.map((v) => v * 2) });
  }

  async failKnown(): Promise<void> {
    throw new EchoError("pack-file-missing", {
      file: "a.onnx",
      usedBy: "manifest.json",
      cause: new RangeError("deep"),
    });
  }

  async loseGpu(): Promise<void> {
    throw new EchoError("gpu-device-lost", { reason: "a test" });
  }

  async failCaller(): Promise<void> {
    throw new TypeError("options.seed must be a whole number");
  }

  async failOther(): Promise<void> {
    throw new RangeError("out of range");
  }

  async hang(): Promise<void> {
    await new Promise(() => {});
  }

  async die(): Promise<void> {
    process.exit(3);
  }

  async throwUncaught(): Promise<void> {
    setTimeout(() => {
      throw new Error("loose end");
    });
    await new Promise(() => {});
  }
}

exposeWorker(new FixtureWorker());
