/** Milliseconds by stage of one call; a stage that runs several times in a block is summed. */
export class StageTimings {
  /** Stage name -> milliseconds. */
  readonly stageMs: Record<string, number> = {};

  /** Runs a job and adds its time. */
  readonly timed = async <T>(stage: string, job: () => Promise<T>): Promise<T> => {
    const startMs = performance.now();
    try {
      return await job();
    } finally {
      this.stageMs[stage] = (this.stageMs[stage] ?? 0) + performance.now() - startMs;
    }
  };
}
