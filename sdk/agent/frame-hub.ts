import { EchoFrame, type FrameData } from "../frame/echo-frame.js";
import { FrameQueue, type FrameQueueCounters } from "../frame/frame-queue.js";
import type { PlayoutClock } from "../frame/playout-clock.js";
import type { UnclosedFrames } from "../frame/unclosed-frames.js";

/** Hands each frame to every consumer of an agent; each has a queue of its own, which is bounded. */
export class FrameHub {
  readonly #clock: PlayoutClock;
  readonly #watch: UnclosedFrames;
  readonly #queues = new Set<FrameQueue>();
  #ended: { delivered: number; dropped: number } = { delivered: 0, dropped: 0 };
  #closed = false;

  constructor(options: { clock: PlayoutClock; watch: UnclosedFrames }) {
    this.#clock = options.clock;
    this.#watch = options.watch;
  }

  /** A new consumer's queue. */
  open(): FrameQueue {
    const queue = new FrameQueue({
      clock: this.#clock,
      onEnd: () => {
        this.#queues.delete(queue);
        this.#ended = sum(this.#ended, queue.counters());
      },
    });
    if (this.#closed) queue.end();
    else this.#queues.add(queue);
    return queue;
  }

  /** Gives a frame to every consumer. */
  push(data: FrameData): void {
    for (const queue of this.#queues) queue.push(new EchoFrame(data, this.#watch));
  }

  /** Takes back the frames from `timeMs` on that nobody has seen. */
  discardFrom(timeMs: number): void {
    for (const queue of this.#queues) queue.discardFrom(timeMs);
  }

  /** Delivered and dropped frames of all consumers so far. */
  counters(): FrameQueueCounters {
    return [...this.#queues].reduce((total, queue) => sum(total, queue.counters()), this.#ended);
  }

  /** Ends every consumer's loop, with an error if there was one. */
  close(failure?: Error): void {
    this.#closed = true;
    for (const queue of [...this.#queues]) queue.end(failure);
  }
}

function sum(a: FrameQueueCounters, b: FrameQueueCounters): { delivered: number; dropped: number } {
  return { delivered: a.delivered + b.delivered, dropped: a.dropped + b.dropped };
}
